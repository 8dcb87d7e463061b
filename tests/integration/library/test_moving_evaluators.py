"""Evaluators move in the bundle with their versions, by name; the same file twice changes nothing (PRODUCT P10, F4)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_gateway.bundle.store import insert_rows
from burnish_gateway.evaluators import room
from burnish_shared.db.session import Database
from burnish_shared.errors import Conflict
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.library.test_moving import bring, export

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P10", "F4")]

JUDGE = {"kind": "llm_judge", "model": "simulated/judge", "rubric": "is kind"}


async def say(call: Caller, method: str, path: str, body: Any = None) -> Any:
    answer = await call(method, path, body)
    assert answer.status < 300, answer.body
    return answer.body


async def furnished(call: Caller) -> str:
    made = await say(call, "POST", "/v1/evaluators", {"name": "Kind", "settings": JUDGE})
    await say(call, "POST", f"/v1/evaluators/{made['id']}/versions", {"settings": JUDGE | {"rubric": "is very kind"}, "message": "more"})
    await say(call, "POST", "/v1/evaluators", {"name": "about parcels", "settings": {"kind": "contains", "phrases": ["parcel"]}})
    gone = await say(call, "POST", "/v1/evaluators", {"name": "gone", "settings": {"kind": "exact"}})
    await say(call, "DELETE", f"/v1/evaluators/{gone['id']}")
    return str(made["id"])


async def test_evaluators_arrive_whole_and_once(stack: Stack) -> None:
    here, there = await stack.caller(role="admin"), await stack.caller(role="admin")
    await furnished(here)
    raw = await export(here)
    told = json.loads(raw)["evaluators"]
    assert [(one["name"], [version["version"] for version in one["versions"]]) for one in told] == [
        ("Kind", [1, 2]),
        ("about parcels", [1]),
    ]
    tried = await bring(there, raw, "dry_run=true")
    assert [(one["name"], one["outcome"], one["versions_added"]) for one in tried["evaluators"]] == [
        ("Kind", "created", 2), ("about parcels", "created", 1),
    ]  # fmt: skip
    assert (await say(there, "GET", "/v1/evaluators"))["data"] == []
    assert (await bring(there, raw))["left_out"] == 0
    assert await export(there) == raw, "the same bytes, wherever it is"
    again = await bring(there, raw)
    assert [one["outcome"] for one in again["evaluators"]] == ["unchanged", "unchanged"]
    (kind,) = [one for one in (await say(there, "GET", "/v1/evaluators"))["data"] if one["name"] == "Kind"]
    assert (kind["version"], kind["settings"]["rubric"]) == (2, "is very kind")
    verdict = await say(there, "POST", f"/v1/evaluators/{kind['id']}/try", {"output": "Thank you."})
    assert verdict["votes"][0]["model"] == "simulated/judge"


async def test_one_goes_on_where_the_file_does_and_another_history_is_left_alone(stack: Stack) -> None:
    here, there = await stack.caller(role="admin"), await stack.caller(role="admin")
    evaluator = await furnished(here)
    await bring(there, await export(here))
    await say(here, "POST", f"/v1/evaluators/{evaluator}/versions", {"settings": JUDGE | {"rubric": "is kindest"}})
    longer = await bring(there, await export(here))
    assert [(one["outcome"], one["versions_added"]) for one in longer["evaluators"]] == [("extended", 1), ("unchanged", 0)]
    (kind,) = [one for one in (await say(there, "GET", "/v1/evaluators"))["data"] if one["name"] == "Kind"]
    assert (kind["version"], kind["settings"]["rubric"]) == (3, "is kindest")
    other = {"name": "kind", "versions": [{"version": 1, "settings": JUDGE | {"rubric": "is short"}}]}
    left = await bring(there, {"evaluators": [other]})
    assert (left["evaluators"][0]["outcome"], left["left_out"]) == ("conflict", 1) and "something else here" in left["evaluators"][0][
        "reason"
    ]


async def test_a_model_that_is_not_here_is_told_and_a_wrong_one_refused(stack: Stack) -> None:
    call = await stack.caller(role="admin")
    asks = {"name": "far", "versions": [{"version": 1, "settings": JUDGE | {"model": "nobodys/judge"}}]}
    told = await bring(call, {"evaluators": [asks]})
    assert told["evaluators"][0]["outcome"] == "created" and any("nobodys/judge" in one for one in told["notes"])
    twice = await bring(call, {"evaluators": [asks, asks]}, status=422)
    assert twice["error"]["param"] == "evaluators[1].name"
    mixed = [{"version": 1, "settings": JUDGE}, {"version": 2, "settings": {"kind": "exact"}}]
    wrong = await bring(call, {"evaluators": [{"name": "mixed", "versions": mixed}]}, status=422)
    assert wrong["error"]["param"] == "evaluators[0].versions"
    none = await bring(call, {"evaluators": [{"name": "none", "versions": [{"version": 1, "settings": {"kind": "psychic"}}]}]}, status=422)
    assert none["error"]["param"].startswith("evaluators[0].versions[0].settings")


async def test_what_could_never_score_is_refused_with_its_place_as_where_it_is_written(stack: Stack) -> None:
    call = await stack.caller(role="admin")
    whole = {"name": "whole", "versions": [{"version": 1, "settings": {"kind": "exact"}}]}
    bad = {"kind": "code", "code": "output ==="}
    by_hand = await call("POST", "/v1/evaluators", {"name": "bad", "settings": bad})
    for settings in (bad, {"kind": "regex", "pattern": "("}):
        versions = [{"version": 1, "settings": settings}]
        for query in ("dry_run=true", ""):
            refused = await bring(call, {"evaluators": [whole, {"name": "bad", "versions": versions}]}, query, status=422)
            assert refused["error"]["param"].startswith("evaluators[1].versions[0].settings."), refused
    assert by_hand.status == 422 and (await say(call, "GET", "/v1/evaluators"))["data"] == []


async def test_one_that_somebody_made_meanwhile_costs_a_conflict_and_no_more(stack: Stack) -> None:
    call = await stack.caller(role="admin")
    row = {"workspace_id": call.workspace.workspace_id, "name": "Kind", "kind": "exact", "settings": {"kind": "exact"}, "version": 1,
           "created_by": "somebody", "created_at": datetime.now(UTC)}  # fmt: skip
    db = await Database.open(stack.urls["gateway"], application_name="test-evaluators", max_size=1)
    try:
        with pytest.raises(Conflict, match="Bring the file in again"):
            async with db.unit_of_work(workspace=call.workspace.workspace_id) as tx:
                for _ in range(2):
                    await insert_rows(tx, "evaluators", [row | {"evaluator_id": new_uuid()}])
    finally:
        await db.close()


async def test_a_workspace_has_room_for_a_thousand(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here for two. What goes on with one that is there takes no room, nor does one that is archived."""
    here, there = await stack.caller(role="admin"), await stack.caller(role="admin")
    await furnished(here)
    monkeypatch.setattr(room, "EVALUATORS_MOST", 2)
    raw = await export(here)
    full = await here("POST", "/v1/evaluators", {"name": "third", "settings": {"kind": "exact"}})
    assert full.status == 409 and "1,000" in full.body["error"]["message"], full.body
    await say(there, "POST", "/v1/evaluators", {"name": "first", "settings": {"kind": "exact"}})
    for mode in ("dry_run=true", ""):
        brought = await bring(there, raw, mode)
        assert [(one["name"], one["outcome"]) for one in brought["evaluators"]] == [("Kind", "created"), ("about parcels", "conflict")]
        assert "archive" in brought["evaluators"][1]["reason"]
    again = await bring(here, raw)
    assert [one["outcome"] for one in again["evaluators"]] == ["unchanged", "unchanged"]
