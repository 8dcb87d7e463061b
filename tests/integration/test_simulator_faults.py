"""Each scripted fault as the unmodified `openai` package and a raw connection see it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import openai
import pytest
import pytest_asyncio
from openai.types.chat import ChatCompletionMessageParam

from burnish_simulator.app import Simulator, serve

pytestmark = pytest.mark.capability("E4")

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]
TIMEOUT_S = 2.0
SILENT = ("slow", "hang", "stall")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    async with serve() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(simulator: Simulator) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{simulator.url}/v1", api_key="any", max_retries=0, timeout=60) as ready:
        yield ready


async def buffered(client: openai.AsyncOpenAI, fault: str) -> Any:
    return await client.chat.completions.create(model=f"fault/{fault}", messages=HELLO)


async def streamed(client: openai.AsyncOpenAI, fault: str) -> list[Any]:
    stream = await client.chat.completions.create(
        model=f"fault/{fault}", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    return [chunk async for chunk in stream]


@pytest.mark.parametrize(
    ("fault", "when_buffered", "when_streamed"),
    [
        ("slow,s=5", openai.APITimeoutError, openai.APITimeoutError),
        ("hang", openai.APITimeoutError, openai.APITimeoutError),
        ("stall", openai.APITimeoutError, httpx.ReadTimeout),
        ("cut", openai.APIConnectionError, httpx.ReadError),
        ("cut,after=0", openai.APIConnectionError, openai.APIConnectionError),
        ("rate_limited", openai.RateLimitError, openai.RateLimitError),
        ("error", openai.InternalServerError, openai.InternalServerError),
        ("error,status=503", openai.InternalServerError, openai.InternalServerError),
        ("error,status=401", openai.AuthenticationError, openai.AuthenticationError),
        ("error,status=403", openai.PermissionDeniedError, openai.PermissionDeniedError),
        ("malformed", json.JSONDecodeError, json.JSONDecodeError),
        ("bad_utf8", UnicodeDecodeError, UnicodeDecodeError),
        ("error_in_200", None, openai.APIError),
    ],
)
async def test_a_fault_becomes_its_exception_class(
    client: openai.AsyncOpenAI, fault: str, when_buffered: type[Exception] | None, when_streamed: type[Exception]
) -> None:
    impatient = client.with_options(timeout=TIMEOUT_S) if fault.startswith(SILENT) else client
    with pytest.raises(when_streamed) as raised:
        await streamed(impatient, fault)
    assert type(raised.value) is when_streamed
    if when_buffered is None:
        assert (await buffered(impatient, fault)).choices is None, "the package does not look for errors inside 200"
        return
    with pytest.raises(when_buffered) as raised:
        await buffered(impatient, fault)
    assert type(raised.value) is when_buffered


async def test_a_rate_limit_says_when_to_come_back(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as raised:
        await buffered(client, "rate_limited,retry_after=7")
    assert raised.value.response.headers["retry-after"] == "7"


async def test_the_package_gets_over_a_limited_fault_by_its_own_retries(client: openai.AsyncOpenAI) -> None:
    answer = await buffered(client.with_options(max_retries=2), "rate_limited,retry_after=0.01,first=2,key=retries")
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("fault", "prompt_tokens"),
    [("no_usage", None), ("usage_negative", -5), ("usage_small", 1), ("usage_huge", 1e30), ("usage_nan", "nan")],
)
async def test_usage_is_spoiled_in_both_forms(client: openai.AsyncOpenAI, fault: str, prompt_tokens: object) -> None:
    answer, chunks = await buffered(client, fault), await streamed(client, fault)
    for usage in (answer.usage, chunks[-1].usage):
        found = None if usage is None else usage.prompt_tokens
        assert str(found) == str(prompt_tokens)


async def test_content_types_lie(client: openai.AsyncOpenAI) -> None:
    raw = client.chat.completions.with_raw_response
    page = await raw.create(model="fault/html_in_200", messages=HELLO)
    assert page.headers["content-type"].startswith("text/html") and page.http_response.text.startswith("<!doctype html>")
    plain = await raw.create(model="fault/wrong_content_type", messages=HELLO)
    assert plain.headers["content-type"].startswith("text/plain") and json.loads(plain.http_response.text)["object"] == "chat.completion"
    events = await raw.create(model="fault/wrong_content_type", messages=HELLO, stream=True)
    assert events.headers["content-type"] == "application/json"


async def test_a_big_chunk_is_one_event(client: openai.AsyncOpenAI) -> None:
    chunks = await streamed(client, "big_chunk,bytes=2000000")
    assert max(len(chunk.choices[0].delta.content or "") for chunk in chunks if chunk.choices) > 2_000_000
    assert len((await buffered(client, "big_chunk")).choices[0].message.content) > 10 * 2**20


async def test_slow_chunks_come_at_their_rate(client: openai.AsyncOpenAI) -> None:
    started = time.perf_counter()
    chunks = await streamed(client, "slow_chunks,rate=200")
    assert time.perf_counter() - started >= (len(chunks) - 1) / 200


async def test_a_cut_stream_delivers_what_came_before_and_ends_with_a_reset(simulator: Simulator) -> None:
    body = json.dumps({"model": "fault/cut,after=4", "stream": True, "messages": HELLO}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection(*simulator.url.removeprefix("http://").split(":"))
    writer.write(head + body)
    got = b""
    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(60):
            while piece := await reader.read(65_536):
                got += piece
    writer.close()
    assert got.count(b"data: {") == 4 and b"[DONE]" not in got


@pytest.mark.parametrize(("stream", "gap_s"), [(False, 0.001), (True, 0.001), (True, 0)])
async def test_an_endless_answer_ends_when_the_client_leaves(
    simulator: Simulator, stream: bool, gap_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    abandoned = simulator.counters.abandoned
    async with aiohttp.ClientSession(simulator.url, timeout=aiohttp.ClientTimeout(total=60)) as http:
        async with http.post(
            "/v1/chat/completions", json={"model": f"fault/endless,gap={gap_s}", "stream": stream, "messages": HELLO}
        ) as answer:
            got = b""
            while len(got) < 5_000:
                got += await answer.content.readany()
    async with asyncio.timeout(60):
        while simulator.counters.open:
            await asyncio.sleep(0.005)
    assert simulator.counters.abandoned == abandoned + 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == [], "a client that leaves is no failure"


async def test_faults_can_be_armed_for_a_model_over_http(simulator: Simulator, client: openai.AsyncOpenAI) -> None:
    async with aiohttp.ClientSession(simulator.url, timeout=aiohttp.ClientTimeout(total=60)) as http:
        async with http.put("/faults", json={"model": "simulated/chat", "fault": "error,first=1"}) as answer:
            assert (await answer.json())["armed"] == {"chat": "error,first=1"}
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(model="chat", messages=HELLO)
        await client.chat.completions.create(model="chat", messages=HELLO)
        async with http.delete("/faults") as answer:
            assert (await answer.json())["armed"] == {}
        for body in ({"model": "chat", "fault": "slwo"}, {"model": "gpt-9", "fault": "slow"}, {"fault": "slow"}):
            async with http.put("/faults", json=body) as answer:
                assert answer.status in (400, 404)


async def test_stopping_does_not_wait_for_answers_that_never_end() -> None:
    async with openai.AsyncOpenAI(base_url="http://unset", api_key="any", max_retries=0) as client:
        async with serve() as simulator:
            reachable = client.with_options(base_url=f"{simulator.url}/v1")
            calls = [asyncio.create_task(buffered(reachable, fault)) for fault in ("hang", "stall", "endless")]
            async with asyncio.timeout(60):
                while simulator.counters.open < len(calls):
                    await asyncio.sleep(0.005)
            stopping = time.perf_counter()
        assert time.perf_counter() - stopping < 60
        ends = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), timeout=60)
    assert all(isinstance(end, openai.APIConnectionError) for end in ends)
