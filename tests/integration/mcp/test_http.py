"""`/mcp` as HTTP: who is let in, from where, and what becomes of a call whose client goes away."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from burnish.mcp_stdio import OverHttp
from burnish_gateway.mcp import routes
from burnish_gateway.mcp.calls import Call
from burnish_gateway.mcp.in_process import in_process
from burnish_gateway.mcp.tools import TOOLS
from tests.embedded.stack import Answer, Caller
from tests.embedded.workspaces import Workspace

pytestmark = pytest.mark.capability("K3")

ROOT = Path(__file__).parents[3]

NO_MATTER = Workspace(UUID(int=0), UUID(int=0), 0)
"""Its numbers are asked for over HTTP here."""

BOTH = {"accept": "application/json, text/event-stream"}


@pytest_asyncio.fixture(loop_scope="session")
async def caller(made: dict[str, Any]) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(session, made["url"], made["keys"]["admin"], NO_MATTER)


def message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def lists(caller: Caller, **headers: str) -> Answer:
    return await caller("POST", "/mcp", message("tools/list"), headers=BOTH | headers)


async def test_only_who_brings_a_key_is_let_in(caller: Caller) -> None:
    assert (await lists(caller)).status == 200
    for wrong in ({"authorization": ""}, {"authorization": "Bearer bk_live_nobody"}, {"authorization": "", "cookie": "burnish_session=x"}):
        refused = await lists(caller, **wrong)
        assert (refused.status, refused.body["error"]["code"]) == (401, "unauthenticated")
        assert refused.headers["www-authenticate"] == "Bearer"


async def test_a_page_of_somebody_else_is_refused_also_under_a_name_that_points_here(caller: Caller) -> None:
    for elsewhere in (
        {"origin": "https://evil.example"},
        {"origin": "http://evil.example", "host": "evil.example"},
        {"host": "evil.example"},
    ):
        refused = await lists(caller, **elsewhere)
        assert (refused.status, refused.body["error"]["code"]) == (403, "forbidden"), elsewhere
    assert (await lists(caller, origin="http://localhost:3000")).status == 200


async def test_no_session_is_kept_so_that_any_gateway_answers(caller: Caller) -> None:
    for method in ("GET", "DELETE"):
        assert (await caller(method, "/mcp", headers=BOTH)).status == 405
    hello = message("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "x", "version": "1"})
    begun = await caller("POST", "/mcp", hello, headers=BOTH)
    assert begun.status == 200 and "mcp-session-id" not in begun.headers


async def test_what_is_no_message_is_refused_and_nothing_falls_over(caller: Caller) -> None:
    for raw in (b"", b"[]", b"{}", b'{"jsonrpc": "2.0"', b"\xff\xfe", json.dumps(message("tools/call")).encode()):
        answer = await caller("POST", "/mcp", raw=raw, headers=BOTH)
        assert answer.status in (200, 400) and b"Traceback" not in answer.raw, (raw, answer.status)
    big = await caller("POST", "/mcp", raw=b" " * (8 * 1024 * 1024 + 1), headers=BOTH)
    assert big.status == 413
    assert (await lists(caller)).status == 200


async def test_a_call_whose_client_goes_away_is_cancelled_and_only_what_came_is_paid(caller: Caller) -> None:
    slow = {
        "model": "own/slow", "provider": "simulated", "upstream_model": "fault/slow_chunks,rate=2", "context_tokens": 100_000,
        "output_tokens": 4_000, "input_price_nusd_per_million": 1_000_000_000, "output_price_nusd_per_million": 1_000_000_000,
    }  # fmt: skip
    assert (await caller("POST", "/v1/models", slow)).status == 201
    prompt = {"slug": "long", "messages": [{"role": "user", "content": "Write 300 words."}], "model": "own/slow"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    wanted = message("tools/call", name="execute_prompt", arguments={"prompt": "long", "user_id": str(uuid4())})
    asking = asyncio.create_task(caller("POST", "/mcp", wanted, headers=BOTH))
    async with asyncio.timeout(90):
        while not (await caller("GET", "/v1/credits")).body["held_nusd"]:
            await asyncio.sleep(0.02)
        asking.cancel()
        while not (records := (await caller("GET", "/v1/executions?prompt=long")).body["data"]):
            await asyncio.sleep(0.05)
    assert records[0]["status"] == "cancelled"
    assert (await caller("GET", "/v1/credits")).body["held_nusd"] == 0


async def test_who_leaves_before_the_body_came_whole_is_left_to_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the protocol logs a fault with its trace for each of them."""

    async def let_in(request: Request) -> None:
        """Anybody."""

    monkeypatch.setattr(routes, "check_origin", lambda request: None)
    monkeypatch.setattr(routes, "_check_caller", let_in)
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(parts)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream")]
    scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": headers, "app": FastAPI(), "state": {"request_id": "req_1"}}
    with pytest.raises(ClientDisconnect):
        await routes._Mcp()(scope, receive, send)
    assert sent == []


async def test_what_fails_within_is_told_as_the_api_tells_it() -> None:
    """The server of the protocol gives the words of an exception to its client; ours may hold what the database said."""

    def fails(request: Request) -> Response:
        raise RuntimeError("password of the database")

    def logged(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": {"code": "internal", "message": "It has been logged."}}, 500)

    app = Starlette(routes=[Route("/v1/prompts", fails)], exception_handlers={Exception: logged})
    scope = {"type": "http", "asgi": {}, "scheme": "http", "headers": [], "app": app, "state": {"request_id": "req_1"}}
    answer = await in_process(Call("GET", "/v1/prompts"), caller=Request(scope))
    assert (answer.status, answer.error["message"]) == (500, "It has been logged.")


async def test_arguments_nested_without_end_are_refused_as_the_api_refuses() -> None:
    """An argument `a.a.a…` stands for objects in objects, and a prompt's argument may be as long as a request."""
    values: dict[str, Any] = {}
    at = values
    for _ in range(5_000):
        at["a"] = at = {}
    scope = {"type": "http", "asgi": {}, "scheme": "http", "headers": [], "app": Starlette(), "state": {"request_id": "req_1"}}
    answer = await in_process(Call("POST", "/v1/prompts/x/render", body={"variables": values}), caller=Request(scope))
    assert (answer.status, answer.error["code"], answer.error["request_id"]) == (400, "invalid_body", "req_1")


@pytest.mark.parametrize("said", [b"Hello, Ada!", b'"Hello, Ada!"', b"\xff", b"[1]"])
async def test_what_is_no_json_object_is_an_error_over_both_transports(said: bytes) -> None:
    """An exception would be told to the client in its own words, and an empty answer taken for a good one."""
    app = Starlette(routes=[Route("/v1/prompts", lambda request: Response(said))])
    scope = {"type": "http", "asgi": {}, "scheme": "http", "headers": [], "app": app, "state": {"request_id": "req_1"}}
    within = await in_process(Call("GET", "/v1/prompts"), caller=Request(scope))

    async def say(request: web.Request) -> web.Response:
        return web.Response(body=said)

    elsewhere = web.Application()
    elsewhere.router.add_get("/v1/prompts", say)
    async with TestServer(elsewhere) as server, aiohttp.ClientSession() as session:
        without = await OverHttp(session, url=str(server.make_url("")), key="k")(Call("GET", "/v1/prompts"))
    for answer in (within, without):
        assert answer.refused and "no JSON" in answer.error["message"]


def test_tools_take_what_their_routes_take() -> None:
    """Each argument is one of the route's in the OpenAPI document, so that no tool is left behind when a route moves."""
    document = json.loads((ROOT / "docs/reference/openapi.json").read_text())
    shapes = {shape(path): methods for path, methods in document["paths"].items()}
    for tool in TOOLS:
        operation = shapes[shape(tool.path)][tool.method.lower()]
        known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            known |= set(schema["properties"])
        own = (
            (set(tool.takes) | set(tool.fixed))
            - {"idempotency_key"}
            - {part.strip("{}") for part in tool.path.split("/") if part.startswith("{")}
        )
        assert own <= known, (tool.name, own - known)
        assert ("idempotency_key" in tool.takes) <= (tool.method == "POST")


def shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
