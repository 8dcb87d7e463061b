"""Images that are too big for a message of the bus travel by claim-check."""

import asyncio
import base64
import random
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from burnish_shared.streams import PAYLOADS
from tests.embedded.stack import Caller, Stack
from tests.fakes.tool_caller import ToolCaller

pytestmark = pytest.mark.capability("E2")


def image(size_bytes: int) -> str:
    return "data:image/png;base64," + base64.b64encode(random.Random(7).randbytes(size_bytes)).decode()


def asking(url: str) -> Any:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url, "detail": "low"}}]
    return [{"role": "user", "content": parts}]


@pytest.mark.promise("G-15", "M-13")
async def test_an_image_of_megabytes_reaches_the_model_whole_and_the_record_as_its_fingerprint(
    client: AsyncOpenAI, caller: Caller, tool_caller: ToolCaller
) -> None:
    url = image(3 * 2**20)
    answer = await client.chat.completions.create(model="own/tools", messages=asking(url))
    assert tool_caller.bodies[-1]["messages"] == asking(url)
    kept = (await caller("GET", f"/v1/executions/{answer.id}")).body["messages"][0]["content"]
    assert kept[0] == {"type": "text", "text": "What is this?"}
    assert kept[1]["image_url"]["url"].startswith(f"omitted:image/png;bytes={len(url)};sha256=") and kept[1]["image_url"]["detail"] == "low"
    calls = len(tool_caller.bodies)
    again = await caller("POST", "/v1/executions", {"model": "own/tools", "messages": [{"role": "user", "content": kept}]})
    assert again.status == 422 and "the picture (image/png," in again.body["error"]["message"], again.body
    assert len(tool_caller.bodies) == calls, "no model is asked with a name in the place of a picture"


async def test_a_big_image_streams_and_waits_in_the_background_too(caller: Caller, tool_caller: ToolCaller) -> None:
    url = image(2**20)
    body = {"messages": asking(url), "model": "own/tools"}
    events = await caller.events("/v1/executions", body | {"stream": True})
    assert events[-1][0] == "done" and tool_caller.bodies[-1]["messages"] == asking(url)
    queued = await caller("POST", "/v1/executions", body | {"mode": "background"})
    assert queued.status == 202, queued.body
    async with asyncio.timeout(60):
        while (read := (await caller("GET", f"/v1/executions/{queued.body['id']}")).body)["status"] in ("queued", "running"):
            await asyncio.sleep(0.02)
    assert read["status"] == "success" and len(tool_caller.bodies) == 2 and tool_caller.bodies[-1]["messages"] == asking(url)


@pytest.mark.promise("G-15", "M-13")
@pytest.mark.capability("P2", "E2")
@pytest.mark.parametrize("way", ["buffered", "streamed", "background"])
async def test_a_big_image_in_a_variable_reaches_the_model_and_is_named_in_the_record(
    caller: Caller, tool_caller: ToolCaller, way: str
) -> None:
    """It travels twice, in the message and as the variable, of which each alone is more than the bus takes."""
    said, url = asking(image(2 * 2**20)), image(2 * 2**20)
    prompt = {"slug": f"looks-{way}", "name": "Looks", "model": "own/tools", "messages": [{"role": "placeholder", "name": "told"}]}
    made = await caller("POST", "/v1/prompts", prompt)
    assert made.status == 201, made.body
    body = {"prompt": prompt["slug"], "variables": {"told": said, "note": "data: of a person", "n": 3}}
    if way == "streamed":
        events = await caller.events("/v1/executions", body | {"stream": True})
        assert events[-1][0] == "done"
        read_id = events[-1][1]["id"]
    else:
        answer = await caller("POST", "/v1/executions", body | ({"mode": "background"} if way == "background" else {}))
        assert answer.status == (202 if way == "background" else 200), answer.body
        read_id = answer.body["id"]
    async with asyncio.timeout(60):
        while (read := (await caller("GET", f"/v1/executions/{read_id}")).body)["status"] in ("queued", "running"):
            await asyncio.sleep(0.02)
    assert read["status"] == "success" and tool_caller.bodies[-1]["messages"] == said
    named = read["messages"][0]["content"][1]["image_url"]["url"]
    assert named.startswith(f"omitted:image/png;bytes={len(url)};sha256=")
    assert read["variables"]["told"] == read["messages"], "nor does the variable keep what the message leaves out"
    assert (read["variables"]["note"], read["variables"]["n"]) == ("data: of a person", 3)


@pytest.mark.promise("G-15")
async def test_more_than_eight_megabytes_are_refused(client: AsyncOpenAI, tool_caller: ToolCaller) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        await client.chat.completions.create(model="own/tools", messages=asking(image(7 * 2**20)))
    assert refused.value.status_code == 413 and not tool_caller.bodies


async def test_what_was_parked_expires_by_itself(stack: Stack) -> None:
    """Each part says for how long: until the deadline of its execution, and an hour."""
    import nats

    connection = await nats.connect(stack.nats.url("provisioner"), inbox_prefix=b"_INBOX_provisioner")
    try:
        found = await connection.jetstream().get_last_msg(PAYLOADS.name, "burnish.v1.payloads.*")
        assert found.headers is not None and 3600 < int(found.headers["Nats-TTL"]) <= 3600 + 86_400
    finally:
        await connection.close()
