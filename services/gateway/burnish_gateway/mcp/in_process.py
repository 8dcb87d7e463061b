"""Calls of routes in the same process, through the whole application: everything that stands before a route stands before it here too."""

import asyncio
import contextlib
import json
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import unquote, urlencode

from starlette.requests import Request

from burnish_gateway.mcp.calls import PASSED_ON, Answer, Call, answer_of
from burnish_gateway.strict_json import NESTING_MOST
from burnish_gateway.wire import error_response
from burnish_shared.errors import InvalidBody

_open: Final[set["asyncio.Task[None]"]] = set()
"""Calls that end after whoever asked went away; asyncio itself holds tasks weakly."""


async def in_process(call: Call, *, caller: Request) -> Answer:
    """An `Api` over the application that the caller's request came to. Whoever goes away ends the call as a closed connection does.

    What fails within is answered and logged by the application, which then raises it for the server's sake. It ends here: the protocol
    would tell its words to the caller. So does a body that is nested beyond what Python writes.
    """
    try:
        exchange = _Exchange(call)
    except RecursionError:
        refusal = InvalidBody(f"The arguments are nested more than {NESTING_MOST} levels deep.")
        return answer_of(refusal.status, bytes(error_response(refusal, request_id=caller.state.request_id).body))
    task = asyncio.create_task(caller.app(_scope(call, caller), exchange.receive, exchange.send))
    _open.add(task)
    task.add_done_callback(_open.discard)
    try:
        with contextlib.suppress(Exception):
            await asyncio.shield(task)
    except asyncio.CancelledError:
        exchange.gone.set()
        raise
    return exchange.answer()


class _Exchange:
    """The two ends of one call, as a server would hold them."""

    def __init__(self, call: Call) -> None:
        self.gone = asyncio.Event()
        self._asked = b"" if call.body is None else json.dumps(call.body, ensure_ascii=True).encode()
        self._was_asked = False
        self._status = 500
        self._parts: list[bytes] = []

    async def receive(self) -> dict[str, Any]:
        if not self._was_asked:
            self._was_asked = True
            return {"type": "http.request", "body": self._asked, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))

    def answer(self) -> Answer:
        return answer_of(self._status, b"".join(self._parts))


def _scope(call: Call, caller: Request) -> dict[str, Any]:
    headers = {name: caller.headers[name] for name in PASSED_ON if name in caller.headers} | call.headers()
    headers["x-request-id"] = caller.state.request_id
    outer = caller.scope
    return {
        "type": "http", "asgi": outer["asgi"], "http_version": "1.1", "scheme": outer["scheme"], "method": call.method, "root_path": "",
        "path": unquote(call.path), "raw_path": call.path.encode(), "query_string": urlencode(call.parameters()).encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": outer.get("client"), "server": outer.get("server"),
    }  # fmt: skip
