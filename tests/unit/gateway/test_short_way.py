"""The short way to a hot route: found once by the framework, then walked without it, with the same answers."""

import asyncio
import re
import socket
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from httpx import ASGITransport, AsyncClient
from structlog.testing import capture_logs

from burnish_gateway.app import handle_errors
from burnish_gateway.http_protocol import HttpProtocol
from burnish_gateway.middleware import RequestContext
from burnish_gateway.short_way import ShortWay
from burnish_shared.errors import NotFound


def app_of(seen: list[Any]) -> FastAPI:
    app = FastAPI()

    @app.post("/hot", tags=["hot"])
    async def hot(request: Request) -> Response:
        seen.append((request.scope["route"].path, request.scope["path_params"], "fastapi_inner_astack" in request.scope))
        body = await request.body()
        if body == b"absent":
            request.state.request_id = "req_1"
            raise NotFound("There is no such thing.")
        return Response(body)

    app.add_middleware(ShortWay, paths=frozenset({"/hot"}))
    return app


@pytest.mark.asyncio
async def test_the_second_call_and_later_ones_take_the_short_way_and_answer_alike() -> None:
    seen: list[Any] = []
    async with AsyncClient(transport=ASGITransport(app_of(seen)), base_url="http://test") as client:
        answers = [(await client.post("/hot", content=b"x")).content for _ in range(3)]
        assert answers == [b"x"] * 3
        assert [frameworks for *_, frameworks in seen] == [True, False, False]
        assert {(path, tuple(parameters)) for path, parameters, _ in seen} == {("/hot", ())}


@pytest.mark.asyncio
async def test_errors_of_ours_are_answered_and_other_methods_go_the_long_way() -> None:
    async with AsyncClient(transport=ASGITransport(app_of([])), base_url="http://test") as client:
        await client.post("/hot", content=b"x")
        missing = await client.post("/hot", content=b"absent")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
        assert (await client.get("/hot")).status_code == 405
        assert (await client.post("/hot/", content=b"x")).status_code in {307, 404}


@pytest.mark.asyncio
@pytest.mark.parametrize("calls_before", [0, 1], ids=["long_way", "short_way"])
async def test_a_client_that_leaves_before_its_request_is_read_is_no_failure_of_ours(calls_before: int) -> None:
    app = app_of([])
    handle_errors(app)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        for _ in range(calls_before):
            await client.post("/hot", content=b"x")
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/hot", "raw_path": b"/hot", "query_string": b"", "headers": [], "state": {}}
    with capture_logs() as lines:
        await app(scope, receive, send)
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [499]
    assert lines == []


def breaking_app() -> FastAPI:
    """Its one route fails as nobody thought of."""
    app = FastAPI()

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("nobody thought of it")

    handle_errors(app)
    app.add_middleware(RequestContext)
    return app


@pytest.mark.asyncio
async def test_the_log_of_a_failure_names_the_request_that_its_caller_was_told() -> None:
    app = breaking_app()
    with capture_logs() as lines:
        async with AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://test") as client:
            answer = await client.get("/broken")
    assert answer.status_code == 500 and "thought of" not in answer.text
    assert [line["request_id"] for line in lines if line["event"] == "gateway.failed"] == [answer.json()["error"]["request_id"]]


@pytest.mark.asyncio
async def test_after_a_failure_the_connection_serves_on_and_the_server_logs_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    """Raised on, it would be logged by uvicorn again, and the connection closed under the client's next request."""
    app = breaking_app()
    server = uvicorn.Server(uvicorn.Config(app, http=HttpProtocol, log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening, capture_logs() as lines:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        for _ in range(2):
            writer.write(b"GET /broken HTTP/1.1\r\nHost: test\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 500") and b"connection: close" not in head
            length = int(re.findall(rb"content-length: (\d+)", head)[0])
            assert b"thought of" not in await reader.readexactly(length)
        writer.close()
        server.should_exit = True
        await serving
    assert [line["event"] for line in lines] == ["gateway.failed"] * 2 and not caplog.records
