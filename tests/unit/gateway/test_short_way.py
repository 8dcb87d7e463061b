"""The short way to a hot route: found once by the framework, then walked without it, with the same answers."""

from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from httpx import ASGITransport, AsyncClient

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
