"""LiteLLM in a process of its own: a small OpenAI-compatible server on a unix socket (DESIGN 4.8). Nothing else imports LiteLLM.

`python -m burnish_executor.io.llm SOCKET` says "ready" on standard output once it listens, and ends when its standard input does: whoever
started it holds the other end. Each call brings its key; the process finds none in its environment, and reaches only addresses that the
egress guard allows, whatever a library of LiteLLM's tries.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any, Final

import litellm
from aiohttp import web

from burnish_executor.core.litellm_call import BASE_URL_HEADER, TIMEOUT_HEADER, BadCall, arguments_of, secrets_in
from burnish_executor.core.litellm_words import providers_words, without_secrets
from burnish_executor.io.no_redirects import follow_no_redirects
from burnish_executor.io.socket_guard import guard_sockets
from burnish_shared.logging import REDACTED

BODY_MOST_BYTES: Final = 16 * 1024 * 1024

MESSAGE_MOST: Final = 300
"""Characters of a provider's own words that are passed on, as for the providers that are called directly."""

FALLBACK_STATUS: Final = 502

NAMES_ADDRESS: Final = "Cannot connect to host"
"""How messages of aiohttp begin that name the address that was dialled."""


class _CutOff(Exception):
    """The provider's stream ended before its answer did."""


BROKE_OFF: Final = (litellm.APIConnectionError, litellm.Timeout, _CutOff, OSError)
"""Errors in the middle of a stream that are the connection's, not the provider's."""


async def complete(request: web.Request) -> web.StreamResponse:
    """`POST /v1/chat/completions`."""
    body = await _body_of(request)
    arguments = _arguments(request, body)
    if not body.get("stream"):
        answer = await litellm.acompletion(**arguments)
        return _json(_with_honest_usage(answer.model_dump(exclude_none=True, mode="json")))
    stream = await litellm.acompletion(**arguments)
    chunks = _chunks(stream)
    first = await anext(chunks, None)  # errors of the first moment are told by their status, as providers do
    response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"})
    await response.prepare(request)
    try:
        if first is not None:
            await response.write(first)
            async for chunk in chunks:
                await response.write(chunk)
        await response.write(b"data: [DONE]\n\n")
    except Exception as error:
        if isinstance(_origin(error), BROKE_OFF):
            _break_off(request)  # as the provider's own connection did
            return response
        status, message, _ = _told(error, secrets_in(arguments))
        await response.write(b"data: " + json.dumps({"error": {"message": message, "code": str(status)}}).encode() + b"\n\n")
    finally:
        await stream.aclose()
    return response


async def embed(request: web.Request) -> web.Response:
    """`POST /v1/embeddings`."""
    answer = await litellm.aembedding(**_arguments(request, await _body_of(request)))
    return _json(_with_honest_usage(answer.model_dump(exclude_none=True, mode="json")))


async def show_health(_: web.Request) -> web.Response:
    return _json({"status": "ok"})


async def _chunks(stream: Any) -> AsyncIterator[bytes]:
    """The events of a stream. Raises _CutOff where the provider gave no reason for the end, and LiteLLM would make one up."""
    async for chunk in stream:
        shown = chunk.model_dump(exclude_none=True, mode="json")
        ends = any(choice.get("finish_reason") for choice in shown.get("choices") or [])
        if ends and not _was_finished(stream):
            raise _CutOff
        if "usage" in shown and not _was_reported(stream):
            continue  # LiteLLM's own count; the executor estimates by its own rule, and says so
        yield b"data: " + json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"


def _was_finished(stream: Any) -> bool:
    """Where LiteLLM notes the provider's reason depends on the provider."""
    return bool(stream.received_finish_reason or stream.intermittent_finish_reason or stream.received_any_finish_reason)


def _was_reported(stream: Any) -> bool:
    return any(getattr(chunk, "usage", None) is not None for chunk in stream.chunks)


def _with_honest_usage(answer: dict[str, Any]) -> dict[str, Any]:
    """Where a provider reports nothing, LiteLLM says 0; no call has an input of 0 tokens."""
    usage = answer.get("usage")
    if not isinstance(usage, dict) or not usage.get("prompt_tokens"):
        answer.pop("usage", None)
    return answer


def _arguments(request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """Raises BadCall."""
    key = request.headers.get("authorization", "").removeprefix("Bearer ") or None
    timeout = request.headers.get(TIMEOUT_HEADER)
    return arguments_of(body, key=key, base_url=request.headers.get(BASE_URL_HEADER) or None, timeout_s=float(timeout) if timeout else None)


async def _body_of(request: web.Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise BadCall("The body is no JSON object.")
    return body


def _break_off(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _origin(error: Exception) -> Exception:
    """What LiteLLM wraps when a stream fails in the middle."""
    origin = getattr(error, "original_exception", None)
    return _origin(origin) if isinstance(origin, Exception) else error


def _told(error: Exception, secrets: list[str]) -> tuple[int, str, str | None]:
    """Status, message without any secret, and how long to wait, of an error of LiteLLM's."""
    status = getattr(error, "status_code", None)
    message = str(getattr(error, "message", "") or error)
    if isinstance(error, litellm.APIConnectionError) or NAMES_ADDRESS in message:
        message = "LiteLLM could not call it."  # its own words name sockets and addresses
    message = providers_words(without_secrets(message, secrets, mark=REDACTED))
    response = getattr(error, "response", None)
    headers = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    known = isinstance(status, int) and 400 <= status <= 599
    return status if known and status else FALLBACK_STATUS, message[:MESSAGE_MOST], headers.get("retry-after")


def _json(body: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return web.Response(body=data, status=status, headers=headers, content_type="application/json")


@web.middleware
async def _errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    """Every failure in OpenAI's shape, by its status. A provider that cannot be reached: the connection breaks, as it would without us."""
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except web.HTTPException:
        raise
    except BadCall as error:
        return _json({"error": {"message": str(error), "code": "bad_call"}}, status=400)
    except Exception as error:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        status, message, retry_after = _told(error, secrets_in({"api_key": key}))
        headers = {"retry-after": retry_after} if retry_after else None
        return _json({"error": {"message": message, "code": str(status)}}, status=status, headers=headers)


async def serve(path: str) -> None:
    """Listens until standard input ends."""
    app = web.Application(client_max_size=BODY_MOST_BYTES, middlewares=[_errors_as_json])
    app.add_routes([web.post("/v1/chat/completions", complete), web.post("/v1/embeddings", embed), web.get("/healthz", show_health)])
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0, max_field_size=65_536)
    await runner.setup()
    await web.UnixSite(runner, path).start()
    os.chmod(path, 0o600)
    _say_ready()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    await runner.cleanup()


def _say_ready() -> None:
    """Once; what LiteLLM prints afterwards goes where errors go, because nobody reads standard output any more."""
    os.write(1, b"ready\n")
    os.dup2(2, 1)


def main() -> None:
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = True
    follow_no_redirects()
    guard_sockets(os.environ.get("BURNISH_EGRESS_ALLOW", ""))
    asyncio.run(serve(sys.argv[1]))


if __name__ == "__main__":
    main()
