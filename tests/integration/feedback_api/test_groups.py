"""Calls without a prompt belong together by their instructions or a key, and a group becomes a prompt with its history."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from burnish_analytics.recount import recount
from burnish_gateway.groups import store
from burnish_shared.db.session import Database
from tests.embedded.stack import Answer, Caller, Stack
from tests.integration.feedback_api.test_feedback_api import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E1")]

BRIEF = "You are a helpful desk. Answer in one {{word}}."


async def _call(caller: Caller, system: str | None = BRIEF, **more: Any) -> Answer:
    said = [{"role": "user", "content": "Hello."}]
    messages = said if system is None else [{"role": "system", "content": system}, *said]
    answer = await caller("POST", "/v1/executions", {"messages": messages, "model": "simulated/chat", **more})
    assert answer.status == 200, answer.body
    return answer


async def _groups(caller: Caller) -> dict[str, dict[str, Any]]:
    listed = (await caller("GET", "/v1/execution-groups")).body
    return {one["group_key"]: one for one in listed["data"]}


async def _counted(caller: Caller, group: str, **wanted: Any) -> dict[str, Any]:
    """The group, once it looks like that."""

    async def look() -> Any:
        one = (await _groups(caller)).get(group)
        return one if one is not None and {name: one[name] for name in wanted} == wanted else None

    found: dict[str, Any] = await until(look)
    return found


async def test_calls_are_grouped_by_their_instructions_or_the_key_they_carry(caller: Caller) -> None:
    first = (await _call(caller)).headers["x-burnish-group"]
    assert (await _call(caller, f"  {BRIEF}\n")).headers["x-burnish-group"] == first and first.startswith("~")
    other = (await _call(caller, "You are a poet.")).headers["x-burnish-group"]
    for system in ("You are brief.", "You are long-winded.", None):
        assert (await _call(caller, system, prompt_key="desk")).headers["x-burnish-group"] == "desk"
    assert "x-burnish-group" not in (await _call(caller, None)).headers
    by_prompt = {"prompt": "route", "variables": {"text": "a"}}
    assert "x-burnish-group" not in (await caller("POST", "/v1/executions", by_prompt)).headers
    through_openai = {
        "model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}], "metadata": {"prompt_key": "desk"},
    }  # fmt: skip
    assert (await caller("POST", "/v1/chat/completions", through_openai)).headers["x-burnish-group"] == "desk"
    for key, times in ((first, 2), (other, 1), ("desk", 4)):
        await _counted(caller, key, executions=times)
    groups = await _groups(caller)
    assert {key: one["executions"] for key, one in groups.items()} == {first: 2, other: 1, "desk": 4}
    assert groups["desk"]["model"] == "simulated/chat" and groups["desk"]["simulated"] and len(groups["desk"]["newest"]) == 4


async def test_a_group_shows_what_it_costs_how_it_is_liked_and_a_sample(stack: Stack, caller: Caller) -> None:
    calls = [await _call(caller, overrides={"temperature": 0.5}) for _ in range(3)]
    group = calls[0].headers["x-burnish-group"]
    for call, thumb in zip(calls, ("up", "up", "down"), strict=True):
        assert (await caller("POST", "/v1/feedback", {"execution_id": call.body["id"], "thumb": thumb})).status == 202
    assert (await caller("POST", "/v1/feedback", {"execution_id": calls[0].body["id"], "score": 0.5})).status == 202
    feedback = {"thumbs_up": 2, "thumbs_down": 1, "scores": 1, "mean_score": 0.5}
    shown = await _counted(caller, group, executions=3, feedback=feedback)
    assert shown["cost_nusd"] == sum(one.body["cost_nusd"] for one in calls) and shown["prompt"] is None
    whole = (await caller("GET", f"/v1/execution-groups/{group}")).body
    assert (whole["instructions"], whole["settings"]["temperature"]) == (BRIEF, 0.5)
    neighbour = await stack.caller()
    assert (await neighbour("GET", "/v1/execution-groups")).body["data"] == []
    assert (await neighbour("GET", f"/v1/execution-groups/{group}")).status == 404


async def test_groups_come_in_pages_that_with_the_newest_call_first(caller: Caller) -> None:
    for number in range(3):
        await _call(caller, prompt_key=f"desk-{number}")
    for number in range(3):
        await _counted(caller, f"desk-{number}", executions=1)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await caller("GET", f"/v1/execution-groups?limit=1{cursor}")).body
        seen += [one["group_key"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["desk-2", "desk-1", "desk-0"]


async def test_every_page_says_since_when_all_that_was_looked_at_is_counted(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more calls than are looked at, the oldest that is: not the oldest of the groups that the page shows."""
    monkeypatch.setattr(store, "GROUPS", store.GROUPS.replace(f"LIMIT {store.LOOKED_AT_MOST}", "LIMIT 3"))
    monkeypatch.setattr(store, "LOOKED_AT_MOST", 3)
    for number in range(3):
        await _call(caller, prompt_key=f"desk-{number}")
    for number in range(3):
        await _counted(caller, f"desk-{number}", executions=1)
    whole = (await caller("GET", "/v1/execution-groups")).body
    first = (await caller("GET", "/v1/execution-groups?limit=1")).body
    assert [one["group_key"] for one in first["data"]] == ["desk-2"]
    assert first["counted_since"] == whole["counted_since"] == whole["data"][-1]["first_at"]


async def test_a_group_becomes_a_prompt_and_its_history_counts_for_it(stack: Stack, caller: Caller) -> None:
    before = [await _call(caller, user_id=f"user-{number}", app="shop") for number in range(4)]
    other = await _call(caller, "You are a poet.")
    group = before[0].headers["x-burnish-group"]
    for call, thumb in zip(before, ("up", "up", "down"), strict=False):
        assert (await caller("POST", "/v1/feedback", {"execution_id": call.body["id"], "thumb": thumb})).status == 202
    named = {"execution_id": before[0].body["id"], "metric": {"name": "solved", "value": 1}}
    assert (await caller("POST", "/v1/feedback", named)).status == 202
    await _counted(caller, group, executions=4, feedback={"thumbs_up": 2, "thumbs_down": 1, "scores": 0, "mean_score": None})

    made = await caller("POST", f"/v1/execution-groups/{group}/prompt", {"slug": "desk", "name": "The desk"})
    assert (made.status, made.body) == (201, {"group_key": group, "prompt": "desk", "version": 1, "label": "production"})
    after = await _call(caller)  # the application goes on as it is
    assert (after.body["prompt"], after.body["version"], after.headers["x-burnish-prompt"]) == ("desk", 1, "desk")
    late = {"execution_id": before[3].body["id"], "thumb": "up"}
    assert (await caller("POST", "/v1/feedback", late)).status == 202

    await _counted(caller, group, prompt="desk", version=1, moved=4)
    listed = (await caller("GET", "/v1/executions?prompt=desk")).body["data"]
    assert {one["id"] for one in listed} == {one.body["id"] for one in (*before, after)}

    async def summed() -> Any:
        figures = (await caller("GET", "/v1/analytics/summary?prompt=desk")).body
        return figures if (figures["executions"], figures["thumbs_up"], figures["thumbs_down"]) == (5, 3, 1) else None

    figures = await until(summed)
    assert figures["cost_nusd"] == sum(one.body["cost_nusd"] for one in (*before, after))
    assert (await caller("GET", f"/v1/executions/{other.body['id']}")).body["prompt"] is None
    assert await _differences(stack, caller) == []


async def test_a_group_says_no_label_that_its_prompt_did_not_get(caller: Caller) -> None:
    group = (await _call(caller)).headers["x-burnish-group"]
    await _counted(caller, group, executions=1)
    assert (await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"protected_labels": ["production"]})).status == 200
    path = f"/v1/execution-groups/{group}/prompt"
    asked = await caller("POST", path, {"slug": "brief", "label": "production"})
    assert (asked.status, asked.body["error"]["code"]) == (409, "label_protected")
    made = await caller("POST", path, {"slug": "brief"})
    assert (made.status, made.body["label"]) == (201, None), made.body
    entry = (await caller("GET", "/v1/audit?action=execution_group.adopted")).body["data"][0]
    assert entry["after"]["label"] is None


async def test_what_is_joined_while_history_moves_is_counted_once(stack: Stack, caller: Caller) -> None:
    """Reactions come in while their executions change sides."""
    calls = [await _call(caller, prompt_key="busy") for _ in range(30)]
    await _counted(caller, "busy", executions=30)
    assert (await caller("POST", "/v1/execution-groups/busy/prompt", {})).status == 201
    for number, call in enumerate(calls):
        said = {"execution_id": call.body["id"], "thumb": "up" if number % 2 else "down"}
        assert (await caller("POST", "/v1/feedback", said)).status == 202
    await _counted(caller, "busy", moved=30, feedback={"thumbs_up": 15, "thumbs_down": 15, "scores": 0, "mean_score": None})

    async def summed() -> Any:
        figures = (await caller("GET", "/v1/analytics/summary?prompt=busy")).body
        return (figures["executions"], figures["thumbs_up"], figures["thumbs_down"]) == (30, 15, 15)

    await until(summed)
    assert await _differences(stack, caller) == []


async def test_the_prompt_says_what_the_calls_said(caller: Caller) -> None:
    group = (await _call(caller, overrides={"temperature": 0.25, "max_tokens": 77})).headers["x-burnish-group"]
    await _counted(caller, group, executions=1)
    assert (await caller("POST", f"/v1/execution-groups/{group}/prompt", {"slug": "desk"})).status == 201
    version = (await caller("GET", "/v1/prompts/desk")).body
    assert (version["model"], version["temperature"], version["max_tokens"]) == ("simulated/chat", 0.25, 77)
    asked = {"prompt": "desk", "variables": {"messages": [{"role": "user", "content": "Hello."}]}}
    by_prompt = await caller("POST", "/v1/executions", asked)
    assert by_prompt.status == 200, by_prompt.body
    sent = (await caller("GET", f"/v1/executions/{by_prompt.body['id']}")).body["messages"]
    assert sent == [{"role": "system", "content": BRIEF}, {"role": "user", "content": "Hello."}]
    entry = (await caller("GET", "/v1/audit?action=execution_group.adopted")).body["data"]
    assert [(one["object_id"], one["after"]["group"]) for one in entry] == [("desk", group)]


async def test_what_cannot_become_a_prompt_is_refused_and_leaves_nothing(stack: Stack, caller: Caller) -> None:
    assert (await caller("POST", "/v1/execution-groups/nobodys/prompt", {})).status == 404
    await _call(caller, prompt_key="desk")
    await _counted(caller, "desk", executions=1)
    assert (await caller("POST", "/v1/execution-groups/desk/prompt", {"slug": "route"})).status == 409
    assert (await _groups(caller))["desk"]["prompt"] is None
    assert (await caller("POST", "/v1/execution-groups/desk/prompt", {})).status == 201
    again = await caller("POST", "/v1/execution-groups/desk/prompt", {"slug": "another"})
    assert again.status == 409 and "'desk'" in again.body["error"]["message"]
    assert (await caller("GET", "/v1/prompts/another")).status == 404
    viewer = await stack.caller(role="viewer", workspace=caller.workspace)
    assert (await viewer("POST", "/v1/execution-groups/desk/prompt", {})).status == 403


async def test_a_group_whose_text_is_not_kept_becomes_a_prompt_with_the_text_that_is_given(caller: Caller) -> None:
    changed = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"store_content": False})
    assert changed.status == 200

    async def keeps_no_text() -> bool:
        probe = await _call(caller, prompt_key="probe")
        return not (await caller("GET", f"/v1/executions/{probe.body['id']}")).body["messages"]

    await until(keeps_no_text)
    await _call(caller, prompt_key="desk")
    await _counted(caller, "desk", executions=1)
    assert (await caller("GET", "/v1/execution-groups/desk")).body["instructions"] is None
    refused = await caller("POST", "/v1/execution-groups/desk/prompt", {})
    assert refused.status == 409 and "not kept" in refused.body["error"]["message"]
    given = {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "placeholder", "name": "messages"}],
        "model": "simulated/chat",
    }
    assert (await caller("POST", "/v1/execution-groups/desk/prompt", given)).status == 201


async def _differences(stack: Stack, caller: Caller) -> list[Any]:
    """What a recount from raw rows says that rollups say otherwise."""
    db = await Database.open(stack.urls["analytics"], application_name="test-recount")
    now = datetime.now(UTC)
    result = await recount(db, caller.workspace.workspace_id, start=now - timedelta(hours=1), end=now + timedelta(minutes=1))
    await db.close()
    return result.differences


async def test_an_execution_that_ends_after_its_group_was_adopted_is_moved_too(stack: Stack, caller: Caller) -> None:
    """It was admitted before, so its row names no prompt."""
    await _call(caller, prompt_key="desk")
    await _counted(caller, "desk", executions=1)
    assert (await caller("POST", "/v1/execution-groups/desk/prompt", {})).status == 201
    await _counted(caller, "desk", moved=1)
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    workspace_id = caller.workspace.workspace_id
    # As it is while analytics has not heard of the adoption: the same fact, under another id.
    await connection.execute(
        "CREATE TEMPORARY TABLE late AS SELECT * FROM execution_facts WHERE workspace_id = $1 AND group_key = 'desk' LIMIT 1", workspace_id
    )
    await connection.execute("UPDATE late SET execution_id = gen_random_uuid(), slug = '', version = 0, prompt_id = NULL")
    await connection.execute("INSERT INTO execution_facts SELECT * FROM late")
    await connection.close()
    shown = await _counted(caller, "desk", moved=2)
    assert shown["history_complete"] is False  # calls that began before may still be under way


@pytest.mark.capability("E13")
async def test_imported_calls_without_a_prompt_join_the_group_of_our_own_and_become_its_prompt(caller: Caller) -> None:
    brief = "You answer imported questions."
    group = (await _call(caller, brief)).headers["x-burnish-group"]

    async def bring(number: int, **more: Any) -> None:
        line = {
            "id": f"g-{number}", "model": "gpt-of-theirs", "finished_at": datetime.now(UTC).isoformat(), "output": "There.",
            "messages": [{"role": "system", "content": f" {brief}\n"}, {"role": "user", "content": "Where?"}], **more,
        }  # fmt: skip
        answer = await caller("POST", "/v1/executions/import", raw=json.dumps(line).encode())
        assert answer.status == 200, answer.body

    await bring(1)
    await bring(2, prompt="elsewhere")
    await bring(3, messages=[{"role": "user", "content": "Where?"}])
    await bring(5, metadata={"prompt_key": "by-key"})
    await bring(6, metadata={"prompt_key": "No Key"})
    assert (await _counted(caller, group, executions=3))["first_at"]
    assert (await _counted(caller, "by-key", executions=1))["model"] == "gpt-of-theirs"
    adopted = await caller("POST", f"/v1/execution-groups/{group}/prompt", {"slug": "imported-desk"})
    assert adopted.status == 201, adopted.body
    await _counted(caller, group, moved=3)

    async def counts() -> bool:
        await bring(4)  # the same again, until the gateway knows of the prompt
        summary = (await caller("GET", "/v1/analytics/summary?prompt=imported-desk&version=1")).body
        return bool(summary["executions"] == 4)

    await until(counts)
