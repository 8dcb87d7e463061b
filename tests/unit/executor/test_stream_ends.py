"""The end of a stream, over real HTTP: a whole answer stays whole whatever follows, and its connection serves the next call."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from burnish_executor.core.answer import Answer
from burnish_executor.io import model_client
from burnish_executor.io.model_client import Call, call_model

TEXT = json.dumps({"choices": [{"delta": {"content": "whole"}, "finish_reason": "stop"}]})
USAGE = json.dumps({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})


async def answers_of(events: list[str], *, calls: int, stays_open: bool = False) -> tuple[list[Any], int]:
    """The last event of each call of a provider that sends these one by one, and how many connections the calls took."""
    connections = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        connections.add(request.transport)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for one in events:
            await response.write(f"data: {one}\n\n".encode())
            await asyncio.sleep(0.005)  # so that each event is a part of its own
        if stays_open:
            await asyncio.Event().wait()
        return response

    app = web.Application()
    app.router.add_post("/v1", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    call = Call(url=url, key=None, body={"stream": True}, timeout_s=5, first_token_s=5, chunk_idle_s=5, connect_s=5)
    try:
        async with aiohttp.ClientSession() as http:
            return [[event async for event in call_model(http, call)][-1] for _ in range(calls)], len(connections)
    finally:
        await runner.cleanup()


async def test_a_stream_that_is_read_to_its_end_gives_its_connection_to_the_next_call() -> None:
    results, connections = await answers_of([TEXT, USAGE, "[DONE]"], calls=3)
    assert [one.output for one in results] == ["whole"] * 3
    assert connections == 1


@pytest.mark.promise("E-07")
@pytest.mark.parametrize("junk", ["no json", TEXT, json.dumps({"error": {"message": "late"}})])
async def test_what_follows_a_whole_answer_neither_spoils_nor_lengthens_it(junk: str) -> None:
    (result,), _ = await answers_of([TEXT, USAGE, junk, "[DONE]"], calls=1)
    assert isinstance(result, Answer) and result.output == "whole"


@pytest.mark.promise("E-07")
async def test_a_provider_that_never_closes_a_whole_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_client, "REST_S", 0.02)
    (result,), _ = await answers_of([TEXT, USAGE], calls=1, stays_open=True)
    assert isinstance(result, Answer) and result.output == "whole"
