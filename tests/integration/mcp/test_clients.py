"""What an agent sees: every tool and prompt is listed, called, and refused where the key may not."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from burnish_client import Burnish
from tests.integration.mcp.conftest import Connect

pytestmark = pytest.mark.capability("K3")

CANNOT_BE_GIVEN: list[tuple[str, dict[str, str], str]] = [
    ("mcp-greeting", {}, "name"),
    ("mcp-greeting", {"name": "Ada", "age": "old"}, "JSON"),
    ("mcp-greeting@9", {"name": "Ada"}, "9"),
    ("../v1/members", {}, "slug@label"),
    ("mcp-nothing", {}, "mcp-nothing"),
]
"""Name, arguments, and what the refusal names."""

CALLED = {
    "search_prompts", "get_prompt", "execute_prompt", "get_execution", "give_feedback", "list_datasets", "forecast_optimization",
    "start_optimization", "follow_optimization", "cancel_optimization", "list_suggestions", "get_suggestion", "analytics_summary",
    "analytics_timeseries", "analytics_costs", "list_alerts", "list_executions",
}  # fmt: skip
"""Every tool, each of which a test here calls."""

ONE_TRANSPORT = pytest.mark.parametrize("connect", ["http"], indirect=True)
"""For what is decided behind all of them: each start of the other one takes more than a second of a processor."""


def tells(result: Any) -> Any:
    """The answer of a tool, which its text and its structure tell alike."""
    assert not result.is_error, result.content[0].text
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    return str(result.content[0].text)


async def test_a_prompt_is_listed_with_its_variables_and_given_with_them_put_in(connect: Connect, made: dict[str, Any]) -> None:
    async with connect() as client:
        listed = {one.name: one for one in (await client.list_prompts()).prompts}
        greeting = listed[made["prompt"]]
        assert (greeting.title, greeting.description) == ("Greeting", "Greets somebody.")
        arguments = {one.name: one for one in greeting.arguments or []}
        assert arguments["name"].required and arguments["name"].description == "Who is greeted."
        assert not arguments["age"].required and arguments["age"].description == "JSON: number. Otherwise: 30."

        got = await client.get_prompt(made["prompt"], {"name": "Ada", "age": "36", "formal": "true"})
        assert [one.role for one in got.messages] == ["user", "user"]
        assert [one.content.text for one in got.messages] == ["You greet people.\nUse the last name.", "I am Ada, 36 years old."]
        assert (got.meta or {})["burnish/version"] == 1 and (got.meta or {})["burnish/roles"] == ["system", "user"]
        assert (await client.get_prompt(f"{made['prompt']}@1", {"name": "Ada"})).messages[1].content.text == "I am Ada, 30 years old."
        for name, given, says in CANNOT_BE_GIVEN:
            with pytest.raises(MCPError) as refused:
                await client.get_prompt(name, given)
            assert refused.value.code == -32602 and says in refused.value.message, refused.value.message


async def test_a_prompt_is_found_run_and_judged(connect: Connect, made: dict[str, Any]) -> None:
    async with connect() as client:
        assert "execute_prompt" in (client.instructions or "")
        found = tells(await client.call_tool("search_prompts", {"q": "greets", "limit": 5}))
        assert made["prompt"] in [one["slug"] for one in found["data"]]
        read = tells(await client.call_tool("get_prompt", {"prompt": made["prompt"], "version": 1}))
        assert {one["name"] for one in read["variables"]} == {"formal", "name", "age"}

        call = {"prompt": made["prompt"], "variables": {"name": "Ada"}, "idempotency_key": f"mcp-{id(client)}"}
        answer = tells(await client.call_tool("execute_prompt", call))
        assert answer["output"] and answer["version"] == 1 and answer["simulated"]
        assert tells(await client.call_tool("execute_prompt", call))["id"] == answer["id"]

        tells(await client.call_tool("give_feedback", {"execution_id": answer["id"], "thumb": "up", "comment": "kind"}))
        async with asyncio.timeout(60):
            while not (record := tells(await client.call_tool("get_execution", {"execution_id": answer["id"]})))["feedback"]:
                await asyncio.sleep(0.05)
        assert "kind" in json.dumps(record["feedback"])
        heard = {"prompt": made["prompt"], "source": "feedback"}
        async with asyncio.timeout(60):
            while (plan := await client.call_tool("forecast_optimization", heard)).is_error:
                await asyncio.sleep(0.05)
        assert sum(tells(plan)["counts"].values()) >= 1


async def test_an_answer_comes_whole_whatever_shape_the_workspace_gives_its_callers(connect: Connect, made: dict[str, Any]) -> None:
    """It is paid for, and without its id nobody could judge it."""
    with Burnish(base_url=made["url"], api_key=made["keys"]["admin"], cache_folder=False) as burnish:
        try:
            async with connect() as client:
                for shape in ("raw", "headers"):
                    burnish.request("PATCH", f"/v1/workspaces/{made['workspace_id']}", {"response_shape": shape})
                    call = {"prompt": made["prompt"], "variables": {"name": shape}}
                    answer = tells(await client.call_tool("execute_prompt", call))
                    assert answer["output"] and answer["id"] and answer["cost_nusd"] is not None
        finally:
            burnish.request("PATCH", f"/v1/workspaces/{made['workspace_id']}", {"response_shape": "with_metadata"})


async def test_an_optimization_is_started_followed_and_cancelled(connect: Connect, made: dict[str, Any]) -> None:
    async with connect() as client:
        sets = tells(await client.call_tool("list_datasets", {}))
        assert made["dataset"] in [one["id"] for one in sets["data"]]
        job = {"prompt": made["prompt"], "dataset_id": made["dataset"]}
        assert tells(await client.call_tool("forecast_optimization", job))
        assert 'source: "feedback"' in await refusal(client, "forecast_optimization", prompt=made["prompt"])
        started = tells(await client.call_tool("start_optimization", job | {"budget": {"evaluations": 200}}))
        followed = {"status": "pending"}
        while followed["status"] in ("pending", "running"):
            followed = tells(await client.call_tool("follow_optimization", {"optimization_id": started["id"], "wait_s": 30}))
        assert followed["status"] == "completed" and followed["outcome"] == "not_enough_data"

        second = tells(await client.call_tool("start_optimization", job))
        ended = tells(await client.call_tool("cancel_optimization", {"optimization_id": second["id"]}))
        assert ended["id"] == second["id"]
        tells(await client.call_tool("list_suggestions", {"prompt": made["prompt"]}))
        assert "not_found" in await refusal(client, "get_suggestion", suggestion_id=second["id"])


async def test_every_tool_is_listed_and_reading_needs_a_viewer_alone(connect: Connect, made: dict[str, Any]) -> None:
    of_one = {"prompt": made["prompt"], "traffic": "live"}
    async with connect(key="viewer") as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}
        assert "success_rate" in tells(await client.call_tool("analytics_summary", of_one))
        over_time = tells(await client.call_tool("analytics_timeseries", of_one | {"grain": "hour", "group_by": "version"}))
        assert over_time["grain"] == "hour"
        assert tells(await client.call_tool("analytics_costs", {"group_by": "day", "projection": True}))["group_by"] == "day"
        assert tells(await client.call_tool("list_alerts", {"status": "open"}))["data"] == []
        assert "min_score: must be at most 1" in await refusal(client, "list_executions", min_score=2)
    assert set(tools) == CALLED
    assert not tools["execute_prompt"].annotations.read_only_hint and tools["get_prompt"].annotations.read_only_hint
    assert all(one.description and one.input_schema["additionalProperties"] is False for one in tools.values())


async def test_executions_that_people_disliked_are_found(connect: Connect, made: dict[str, Any]) -> None:
    async with connect() as client:
        of_one = {"prompt": made["prompt"], "user_id": f"u-{uuid4()}"}
        ran = [tells(await client.call_tool("execute_prompt", {**of_one, "variables": {"name": name}}))["id"] for name in ("Ada", "Eve")]
        tells(await client.call_tool("give_feedback", {"execution_id": ran[0], "thumb": "down", "score": 0.2}))
        async with asyncio.timeout(20):
            while not tells(await client.call_tool("get_execution", {"execution_id": ran[0]}))["feedback"]:
                await asyncio.sleep(0.1)
        for asked in ({"reaction": "down"}, {"max_score": 0.5, "min_score": 0.1, "status": "success"}):
            found = tells(await client.call_tool("list_executions", {**of_one, **asked, "limit": 10}))["data"]
            assert [one["id"] for one in found] == ran[:1]
        assert len(tells(await client.call_tool("list_executions", of_one))["data"]) == 2


@ONE_TRANSPORT
async def test_a_key_may_here_what_it_may_everywhere(connect: Connect, made: dict[str, Any]) -> None:
    job = {"prompt": made["prompt"], "dataset_id": made["dataset"]}
    async with connect(key="viewer") as client:
        assert "editor" in await refusal(client, "start_optimization", **job)
        assert "editor" in await refusal(client, "give_feedback", execution_id=made["dataset"], thumb="up")
    async with connect(key="narrow") as client:
        assert (await client.list_prompts()).prompts
        assert "executions:write" in await refusal(client, "execute_prompt", prompt=made["prompt"], variables={"name": "Ada"})
        assert "analytics:read" in await refusal(client, "analytics_summary")


@ONE_TRANSPORT
async def test_wrong_arguments_are_refused_in_words(connect: Connect, made: dict[str, Any]) -> None:
    async with connect() as client:
        said = (await refusal(client, "list_alerts", nonsense=1, status="shut", limit=0)).splitlines()
        assert "nonsense: is no argument of list_alerts, which takes status, prompt, limit, cursor" in said
        assert said[0].startswith("status: must be open, acknowledged or resolved") and said[1].startswith("limit: must be at least 1")
        assert (await refusal(client, "execute_prompt")).startswith("prompt: is needed (Slug of the prompt")
        assert "execution_id: must be a UUID, such as " in await refusal(client, "get_execution", execution_id="../members")
        times = (await refusal(client, "analytics_summary", **{"from": "yesterday", "to": "tomorrow"})).splitlines()
        assert [one.partition(":")[0] for one in times] == ["from", "to"], "what only the route knows is told alike"
        assert tells(await client.call_tool("list_alerts", {"limit": 5.0}))["data"] == [], "5.0 is a whole number in JSON Schema"
        assert "missing_variables" in await refusal(client, "execute_prompt", prompt=made["prompt"])
        with pytest.raises(MCPError, match="no tool"):
            await client.call_tool("drop_everything", {})
