"""A receiver for trying things out: verifies what comes in, prints it, and sends it on where it is told to."""

import asyncio
import base64
import binascii
import contextlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from burnish_shared.auth.signing_keys import verifier

BODY_MOST_BYTES: Final = 1024 * 1024
FORWARD_WITHIN_S: Final = 15.0

TOLERANCE_S: Final = 300
"""How far `webhook-timestamp` may be off, as the standard's own packages have it."""

NOT_SENT_ON: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""Headers of one hop; the rest goes on as it came, so that the application behind can verify it too."""


class Listener:
    """Verifies by the secret (`v1`), by the public key (`v1a`), by both or, where both are '', not at all; `forward` '' sends nothing on.

    Raises ValueError for what is no secret, no public key, or no URL.
    """

    def __init__(
        self,
        *,
        secret: str,
        forward: str,
        as_json: bool,
        public_key: str = "",
        show: Callable[[str], None] = lambda line: print(line, flush=True),
    ) -> None:
        self._webhook = _webhook(secret) if secret else None
        self._fits = verifier(public_key) if public_key else None
        self._forward = _absolute(forward) if forward else ""
        self._as_json = as_json
        self._show = show
        self._seen: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        """400 for what does not verify; else 204, or what the application behind answered."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        fault = self._fault(body, headers)
        answered = web.Response(status=400, text=fault) if fault else await self._sent_on(body, headers)
        self._print(body, headers, fault=fault, status=answered.status)
        return answered

    @property
    def _is_credulous(self) -> bool:
        return self._webhook is None and self._fits is None

    def _fault(self, body: bytes, headers: dict[str, str]) -> str | None:
        if self._webhook is not None:
            try:
                self._webhook.verify(body, headers)
            except (WebhookVerificationError, ValueError) as error:
                return str(error) or type(error).__name__
        return None if self._fits is None else _fault_of_v1a(self._fits, body, headers, now_s=time.time())

    async def _sent_on(self, body: bytes, headers: dict[str, str]) -> web.Response:
        if not self._forward:
            return web.Response(status=204)
        kept = {name: value for name, value in headers.items() if name not in NOT_SENT_ON}
        timeout = aiohttp.ClientTimeout(total=FORWARD_WITHIN_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
                session.post(self._forward, data=body, headers=kept, allow_redirects=False) as answered,
            ):
                return web.Response(status=answered.status, body=await answered.content.read(BODY_MOST_BYTES))
        except (aiohttp.ClientError, TimeoutError) as error:
            return web.Response(status=502, text=f"{self._forward} did not answer: {type(error).__name__}")

    def _print(self, body: bytes, headers: dict[str, str], *, fault: str | None, status: int) -> None:
        message_id = headers.get("webhook-id", "")
        repeated = message_id in self._seen
        self._seen.add(message_id)
        content = _content(body)
        facts = {
            "webhook_id": message_id, "attempt": headers.get("webhook-attempt"),
            "verified": None if self._is_credulous else fault is None, "fault": fault, "repeated": repeated, "answered": status,
            "body": content,
        }  # fmt: skip
        if self._as_json:
            self._show(json.dumps(facts, ensure_ascii=False))
            return
        said = f"NOT VERIFIED ({fault})" if fault else "not verified, no secret given" if self._is_credulous else "verified"
        kind = content.get("type", "?") if isinstance(content, dict) else "?"
        again = ", seen before" if repeated else ""
        self._show(f"{kind}  {message_id}  attempt {facts['attempt']}{again}  {said}  -> {status}")
        self._show(json.dumps(content, indent=2, ensure_ascii=False))


async def serve(listener: Listener, *, port: int, ready: Callable[[int], None] | None = None) -> None:
    """Listens on 127.0.0.1 until it is cancelled. `ready` gets the port; without it the URL is printed on standard error."""
    app = web.Application(client_max_size=BODY_MOST_BYTES)
    app.router.add_post("/{rest:.*}", listener.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        listening = runner.addresses[0][1]
        if ready is not None:
            ready(listening)
        else:
            print(f"Listening on http://127.0.0.1:{listening}/ (Ctrl-C ends it).", file=sys.stderr, flush=True)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _fault_of_v1a(fits: Callable[[bytes, bytes], bool], body: bytes, headers: dict[str, str], *, now_s: float) -> str | None:
    """What is wrong with the ed25519 signature. None: nothing."""
    identifier, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(now_s - int(timestamp)) > TOLERANCE_S:
        return "the time is missing, or more than five minutes off"
    signed = f"{identifier}.{timestamp}.".encode() + body
    for entry in headers.get("webhook-signature", "").split(" "):
        version, _, text = entry.partition(",")
        with contextlib.suppress(binascii.Error):
            if version == "v1a" and fits(base64.b64decode(text, validate=True), signed):
                return None
    return "no signature v1a fits the public key; has the endpoint ed25519?"


def _absolute(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url[:200]!r} is no absolute URL, like http://127.0.0.1:3000/hooks")
    return url


def _webhook(secret: str) -> Webhook:
    if not secret.startswith("whsec_"):
        raise ValueError("a webhook secret begins with whsec_")
    try:
        base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is base64 after whsec_") from error
    return Webhook(secret)


def _content(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
