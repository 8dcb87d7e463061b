"""Tools of the Responses API that are no plain functions, as Codex sends them."""

import json
from typing import Any
from uuid import UUID

import pytest
from openai import AsyncOpenAI
from openai.types.responses import ResponseStreamEvent

from burnish_gateway.compat.responses.conversation import ANSWERED, CALLED
from tests.embedded.stack import Caller, Stack
from tests.fakes.tool_caller import ToolCaller
from tests.integration.billing.money import books

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

FREE: dict[str, Any] = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch"'},
}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
CLOSE = {"type": "function", "name": "close", "description": "Closes one.", "strict": False, "parameters": CITY}
SPACE: dict[str, Any] = {"type": "namespace", "name": "agents", "description": "", "tools": [CLOSE, FREE | {"name": "run"}]}
SEARCH: dict[str, Any] = {
    "type": "tool_search",
    "execution": "client",
    "description": "Finds tools.",
    "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
}


async def called(client: AsyncOpenAI, *, streamed: bool, **asked: Any) -> tuple[dict[str, Any], list[ResponseStreamEvent]]:
    """The only item of the answer, and the events that told it."""
    if not streamed:
        answer = await client.responses.create(model="own/tools", **asked)
        [item] = answer.model_dump(mode="json", exclude_unset=True)["output"]
        return item, []
    events = [one async for one in await client.responses.create(model="own/tools", stream=True, **asked)]
    last = events[-1]
    assert last.type == "response.completed"
    [item] = last.response.model_dump(mode="json", exclude_unset=True)["output"]
    [done] = [one for one in events if one.type == "response.output_item.done"]
    assert done.item.model_dump(mode="json", exclude_unset=True) == item
    return item, events


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_free_text_goes_to_the_model_as_a_function_and_comes_back_as_a_text(
    client: AsyncOpenAI, tool_caller: ToolCaller, streamed: bool
) -> None:
    asked = [{"role": "user", "content": "Patch it."}]
    item, events = await called(client, streamed=streamed, input=asked, tools=[FREE], tool_choice={"type": "custom", "name": "apply_patch"})
    assert (item["type"], item["name"], item["input"], item["call_id"]) == ("custom_tool_call", "apply_patch", "Zürich", "call_1")
    function = tool_caller.bodies[-1]["tools"][0]["function"]
    assert function["name"] == "apply_patch" and function["parameters"]["required"] == ["input"] and "*** Begin" in function["description"]
    if streamed:
        given = [one for one in events if one.type.startswith("response.custom_tool_call_input")]
        assert [one.type.rpartition(".")[2] for one in given] == ["delta", "done"]
        assert {one.item_id for one in given} == {item["id"]}  # type: ignore[union-attr]
    output = {"type": "custom_tool_call_output", "call_id": "call_1", "output": "Done!"}
    after = await client.responses.create(model="own/tools", input=[*asked, item, output], tools=[FREE])  # type: ignore[list-item]
    assert after.output_text.strip() == "It says: Done!"
    call = tool_caller.bodies[-1]["messages"][1]["tool_calls"][0]
    assert call["function"] == {"name": "apply_patch", "arguments": '{"input": "Zürich"}'}
    referred = await client.responses.create(
        model="own/tools", input=[*asked, {"type": "item_reference", "id": item["id"]}, output], tools=[FREE]  # type: ignore[list-item]
    )  # fmt: skip
    assert referred.output_text.strip() == "It says: Done!"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("name", "given"), [("close", {"arguments": '{"city": "Zürich"}'}), ("run", {"input": "Zürich"})])
async def test_tools_of_a_namespace_are_told_apart_from_others_of_the_name(
    client: AsyncOpenAI, tool_caller: ToolCaller, name: str, given: dict[str, str], streamed: bool
) -> None:
    asked = {"input": "Go.", "tools": [CLOSE, SPACE], "tool_choice": {"type": "function", "name": name, "namespace": "agents"}}
    item, _ = await called(client, streamed=streamed, **asked)
    assert (item["name"], item["namespace"]) == (name, "agents") and item.items() >= given.items()
    assert [one["function"]["name"] for one in tool_caller.bodies[-1]["tools"]] == ["close", "agents__close", "agents__run"]
    kind = item["type"].removesuffix("_call")
    output = {"type": f"{kind}_call_output", "call_id": "call_1", "output": "It is closed."}
    await client.responses.create(model="own/tools", input=[item, output], tools=[SPACE])  # type: ignore[list-item]
    assert tool_caller.bodies[-1]["messages"][0]["tool_calls"][0]["function"]["name"] == f"agents__{name}"
    plain, _ = await called(client, streamed=streamed, **asked | {"tool_choice": {"type": "function", "name": "close"}})
    assert (plain["type"], plain["name"]) == ("function_call", "close") and plain.get("namespace") is None


@pytest.mark.parametrize("streamed", [False, True])
async def test_tools_that_the_conversation_brings_are_offered(client: AsyncOpenAI, tool_caller: ToolCaller, streamed: bool) -> None:
    asked: list[dict[str, Any]] = [
        {"type": "additional_tools", "role": "developer", "tools": [SEARCH]}, {"role": "user", "content": "Close it."},
    ]  # fmt: skip
    item, _ = await called(client, streamed=streamed, input=asked)
    assert (item["type"], item["execution"], item["arguments"]) == ("tool_search_call", "client", {"query": "Zürich"})
    found = {"type": "tool_search_output", "call_id": item["call_id"], "execution": "client", "tools": [SPACE, SPACE]}
    turn = [*asked, item, found, {"role": "user", "content": "Now."}]
    next_item, _ = await called(client, streamed=streamed, input=turn, tool_choice={"type": "custom", "name": "run", "namespace": "agents"})
    assert (next_item["type"], next_item["name"]) == ("custom_tool_call", "run")
    sent = tool_caller.bodies[-1]
    assert [one["function"]["name"] for one in sent["tools"]] == ["tool_search", "agents__close", "agents__run"]
    assert json.loads(sent["messages"][-2]["content"]) == {"tools": ["agents__close", "agents__run"]}


@pytest.mark.parametrize(
    ("tool", "choice"),
    [
        (FREE, {"type": "custom", "name": "apply_patch"}),
        (SPACE, {"type": "function", "name": "close", "namespace": "agents"}),
        (SPACE, {"type": "custom", "name": "run", "namespace": "agents"}),
        (SEARCH, {"type": "tool_search"}),
        (CLOSE, {"type": "function", "name": "close"}),
    ],
)
async def test_what_was_called_in_the_background_is_read_as_it_would_have_been_told(
    client: AsyncOpenAI, caller: Caller, tool_caller: ToolCaller, tool: dict[str, Any], choice: dict[str, Any]
) -> None:
    """Read by its id, whole and as events; and so is one that somebody waited for."""
    asked: dict[str, Any] = {"model": "own/tools", "input": "Go.", "tools": [tool], "tool_choice": choice}
    waited = (await client.responses.create(**asked)).model_dump(mode="json", exclude_unset=True)
    later = await client.responses.create(**asked, background=True, stream=True)
    events = [one async for one in later]
    last = events[-1]
    assert last.type == "response.completed"
    streamed = last.response.model_dump(mode="json", exclude_unset=True)
    ids = [waited["id"], streamed["id"]]
    read = [(await caller("GET", f"/v1/responses/{one}")).body for one in ids]
    told = [one["output"] for one in (waited, streamed, *read)]
    for output, execution_id in zip(told, [*ids, *ids], strict=True):
        for item in output:
            assert execution_id in item["id"]
            item["id"] = item["id"].replace(execution_id, "")
    assert told[0] == told[1] == told[2] == told[3]
    (kind,) = {one["type"] for one in told[0]}
    assert kind == {"custom": "custom_tool_call", "function": "function_call", "tool_search": "tool_search_call"}[choice["type"]]
    [done] = [one for one in events if one.type == "response.output_item.done"]
    assert done.item.type == kind


async def test_the_record_says_of_tools_that_were_called_alone_what_they_were(
    client: AsyncOpenAI, caller: Caller, tool_caller: ToolCaller, stack: Stack
) -> None:
    tools = [CLOSE, FREE, SPACE]
    made = [
        await client.responses.create(model="own/tools", input="Go.", tools=tools, tool_choice=choice)  # type: ignore[call-overload]
        for choice in ({"type": "custom", "name": "apply_patch"}, {"type": "function", "name": "close"})
    ]
    rows = [await books(stack, "SELECT details FROM executions WHERE execution_id = $1", UUID(one.id)) for one in made]
    kept = [json.loads(one["details"] or "{}").get("called_as") for (one,) in rows]
    assert kept == [{"apply_patch": {"kind": "custom", "name": "apply_patch"}}, None]


async def test_an_item_of_an_unknown_kind_is_refused_with_those_that_are_taken(caller: Caller) -> None:
    answer = await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": [{"type": "computer_call"}]})
    message = answer.body["error"]["message"]
    assert (answer.status, answer.body["error"]["param"]) == (400, "input[0].type")
    for kind in (*CALLED, *ANSWERED, "message", "reasoning", "additional_tools", "item_reference"):
        assert kind in message


async def test_what_is_of_the_client_alone_does_not_reach_the_provider(
    client: AsyncOpenAI, caller: Caller, tool_caller: ToolCaller
) -> None:
    extra = {"client_metadata": {"turn_id": "1", "session_id": "s-1"}, "context_management": [{"type": "compaction"}]}
    told = await client.responses.create(model="own/tools", input="Hi.", extra_body=extra)
    assert not tool_caller.bodies[-1].keys() & extra.keys()
    assert (await caller("GET", f"/v1/executions/{told.id}")).body["session_id"] == "s-1"


LONG = {"type": "namespace", "name": "n" * 60, "tools": [CLOSE]}


async def test_a_name_that_is_too_long_as_a_function_is_shortened_and_told_whole(client: AsyncOpenAI, tool_caller: ToolCaller) -> None:
    item, _ = await called(client, streamed=False, input="Go.", tools=[LONG])
    assert (item["name"], item["namespace"]) == ("close", "n" * 60)
    assert len(tool_caller.bodies[-1]["tools"][0]["function"]["name"]) == 64


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "namespace", "name": "a", "tools": [{"type": "mcp"}]}]}, "tools[0].tools[0].type"),
        ({"tools": [{"type": "namespace", "name": "a", "tools": [SPACE]}]}, "tools[0].tools[0].type"),
        ({"tools": [SEARCH | {"execution": "server"}]}, "tools[0].type"),
        ({"tools": [FREE | {"format": {"type": "grammar", "syntax": "lark"}}]}, "tools[0].format.definition"),
        ({"tools": [{"type": "custom"}]}, "tools[0].name"),
        ({"tools": [CLOSE | {"name": "agents__close"}, SPACE]}, "tools[1].tools[0].name"),
        ({"tools": [SPACE, CLOSE | {"name": "agents__close"}]}, "tools[1].name"),
        (
            {"input": [{"type": "additional_tools", "tools": [{"type": "shell"}]}, {"role": "user", "content": "x"}]},
            "input[0].tools[0].type",
        ),
        ({"input": [{"type": "custom_tool_call", "call_id": "a", "name": "f"}]}, "input[0]"),
        ({"input": [{"type": "tool_search_call", "call_id": "a", "arguments": "x"}]}, "input[0].arguments"),
    ],
)
async def test_what_cannot_be_told_to_a_model_is_refused_by_name(caller: Caller, body: dict[str, Any], named: str) -> None:
    answer = await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": "x", **body})
    assert (answer.status, answer.body["error"]["param"]) == (400, named), answer.body
