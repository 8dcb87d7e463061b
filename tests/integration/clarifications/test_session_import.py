"""Sessions of the source system come in as the importer's own, once (PRODUCT P10, S1)."""

import json
from typing import Any

import pytest

from tests.embedded.stack import Caller

pytestmark = pytest.mark.capability("P10")

DUMP: dict[str, Any] = {
    "opt_sessions": [
        {
            "id": "s-1", "user_id": "u-9", "initial_prompt": "Answer customers.", "status": "finalized", "final_prompt": "Answer kindly.",
            "working_memory": {"facts": ["kind"], "constraints": [], "gaps": [], "rationale": "because"},
            "created_at": "2026-01-02T03:04:05Z",
            "model_name": "gpt-5", "theirs": 1,
        },
        {"id": "s-2", "initial_prompt": "Half way.", "status": "clarifying"},
        {"id": "s-3"},
    ],
    "opt_messages": [
        {"id": "m-1", "session_id": "s-1", "role": "assistant", "kind": "question", "content": "Who reads it?", "tokens": 12},
        {"id": "m-2", "session_id": "s-1", "role": "user", "kind": "answer", "content": "Customers", "created_at": "2026-01-02T03:05:05Z"},
        {"id": "m-3", "session_id": "elsewhere", "role": "user", "content": "lost"},
    ],
    "opt_feedback": [{"id": "f-1", "session_id": "s-1", "rating": 4, "comments": "good"}, {"session_id": "s-1", "rating": 9}],
}  # fmt: skip


async def test_rows_of_the_source_system_become_sessions_of_ones_own(caller: Caller) -> None:
    path = "/v1/clarifications/import"
    tried = (await caller("POST", f"{path}?dry_run=true", DUMP)).body
    assert (tried["dry_run"], tried["sessions"], tried["messages"], tried["feedback"], len(tried["notes"])) == (True, 2, 2, 1, 3)
    assert (await caller("GET", "/v1/clarifications")).body["data"] == []
    done = (await caller("POST", path, DUMP)).body
    assert (done["dry_run"], done["sessions"], done["messages"], done["feedback"]) == (False, 2, 2, 1)
    again = (await caller("POST", path, DUMP)).body
    assert (again["sessions"], again["messages"], again["feedback"]) == (0, 0, 0)
    listed = {one["initial_prompt"]: one for one in (await caller("GET", "/v1/clarifications")).body["data"]}
    whole = (await caller("GET", f"/v1/clarifications/{listed['Answer customers.']['id']}")).body
    assert (whole["status"], whole["final_prompt"], whole["model_name"]) == ("finalized", "Answer kindly.", "gpt-5")
    assert whole["working_memory"]["rationale"] == "because" and whole["metadata"] == {"source_id": "s-1", "source_user_id": "u-9"}
    assert [(one["role"], one["kind"]) for one in whole["messages"]] == [("agent", "question"), ("user", "answer")]
    assert whole["created_at"].startswith("2026-01-02T03:04:05") and whole["feedback"][0]["rating"] == 4
    half = listed["Half way."]
    assert half["status"] == "ready", "it can be written here"
    written = await caller("POST", f"/v1/clarifications/{half['id']}/final-prompt")
    assert written.body["status"] == "finalized"


async def test_a_time_that_no_column_holds_is_as_one_that_was_not_given(caller: Caller) -> None:
    times = ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999Z", "yesterday"]
    rows = [{"id": f"s-{n}", "initial_prompt": "Answer.", "final_prompt": "Yes.", "created_at": at} for n, at in enumerate(times)]
    for path in ("/v1/clarifications/import?dry_run=true", "/v1/clarifications/import"):
        done = await caller("POST", path, {"opt_sessions": rows})
        assert (done.status, done.body.get("sessions")) == (200, len(times)), done.body
    listed = (await caller("GET", "/v1/clarifications")).body["data"]
    assert {one["created_at"][:2] for one in listed} == {"20"} and all(one["created_at"].endswith("Z") for one in listed)


async def test_what_comes_in_is_masked_as_what_is_said_here(caller: Caller) -> None:
    assert (await caller("PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})).status == 200
    mail = "ada@example.com"
    dump = {
        "opt_sessions": [
            {"id": "s", "initial_prompt": mail, "selections": {"to": mail}, "working_memory": {"facts": [mail]}, "final_prompt": mail}
        ],
        "opt_messages": [{"id": "m", "session_id": "s", "role": "user", "content": mail}],
        "opt_feedback": [{"id": "f", "session_id": "s", "rating": 3, "comments": mail}],
    }  # fmt: skip
    assert (await caller("POST", "/v1/clarifications/import", dump)).status == 200
    (session,) = (await caller("GET", "/v1/clarifications")).body["data"]
    told = (await caller("GET", f"/v1/clarifications/{session['id']}")).body
    assert mail not in json.dumps(told)
    assert (told["initial_prompt"], told["messages"][0]["content"], told["feedback"][0]["comments"]) == ("[EMAIL]",) * 3


async def test_masks_that_are_longer_than_what_they_stand_for_break_nothing(caller: Caller) -> None:
    assert (await caller("PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})).status == 200
    session = (await caller("POST", "/v1/clarifications", {"initial_prompt": "Answer."})).body
    rated = await caller("POST", f"/v1/clarifications/{session['id']}/feedback", {"rating": 3, "comments": "a@b.co " * 571})
    assert rated.status == 201, rated.body


async def test_a_workspace_that_keeps_no_text_takes_none_in(caller: Caller) -> None:
    workspace_id = caller.workspace.workspace_id
    assert (await caller("PATCH", f"/v1/workspaces/{workspace_id}", {"store_content": False})).status == 200
    assert (await caller("POST", "/v1/clarifications/import", DUMP)).status == 409


async def test_sessions_and_what_was_said_in_them_stand_in_their_order(caller: Caller) -> None:
    """Ids of what comes from elsewhere say nothing of when it was."""
    mine = (await caller("POST", "/v1/clarifications?wait_s=0", {"initial_prompt": "Mine, today."})).body
    said = [f"line {n}" for n in range(12)]
    times: list[Any] = [None, None, "2025-03-01T09:00:00", "2025-03-01T09:00:00", "2025-03-01 09:00:00+00", None] + ["2025-03-02 08:00"] * 6
    dump = {
        "opt_sessions": [
            {"id": f"s{n}", "initial_prompt": f"old {n}", "final_prompt": "Yes.", "created_at": f"2025-02-0{n + 1} 08:00:00.25"}
            for n in range(8)
        ],
        "opt_messages": [
            {"id": f"m{n}", "session_id": "s0", "role": "user", "content": text, "created_at": at}
            for n, (text, at) in enumerate(zip(said, times, strict=True))
        ],
    }  # fmt: skip
    assert (await caller("POST", "/v1/clarifications/import", dump)).body["messages"] == len(said)
    listed: list[Any] = []
    query = ""
    while True:
        page = (await caller("GET", f"/v1/clarifications?limit=2{query}")).body
        listed += page["data"]
        if page["next_cursor"] is None:
            break
        query = f"&cursor={page['next_cursor']}"
    assert [one["initial_prompt"] for one in listed] == ["Mine, today.", *(f"old {n}" for n in reversed(range(8)))]
    assert (listed[0]["id"], listed[-1]["created_at"]) == (mine["id"], "2025-02-01T08:00:00.250000Z"), "no zone: UTC"
    whole = (await caller("GET", f"/v1/clarifications/{listed[-1]['id']}")).body
    assert [one["content"] for one in whole["messages"]] == said
    assert (await caller("POST", "/v1/clarifications/import", dump)).body["messages"] == 0
