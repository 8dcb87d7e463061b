"""Clarifying sessions, and who may call, at the source system's own paths (PRODUCT K2)."""

from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack

pytestmark = pytest.mark.capability("K2")

KEYS = {"session_id", "status", "questions", "working_memory"}


def answers(step: Any) -> list[dict[str, Any]]:
    return [{"question_id": one["id"], "answer": one["options"][:1] if one["type"] == "multiple_choice" else one["options"][0]}
            if one["options"] else {"question_id": one["id"], "answer": "a parcel"} for one in step["questions"]]  # fmt: skip


async def test_a_client_goes_the_whole_way(caller: Caller) -> None:
    step = (await caller("POST", "/start_optimization", {"initial_prompt": "Answer customers.", "selections": {"tone": "kind"}})).body
    rounds = 0
    while step["status"] == "clarifying":
        rounds += 1
        assert set(step) >= KEYS and all(set(one) == {"id", "text", "type", "options"} for one in step["questions"])
        step = (await caller("POST", "/submit_answer", {"session_id": step["session_id"], "answers": answers(step)})).body
    assert (rounds, step["status"], step["questions"]) == (3, "ready", [])
    final = (await caller("POST", "/generate_final_prompt", {"session_id": step["session_id"]})).body
    assert (final["status"], final["model_name"]) == ("finalized", "simulated/interviewer")
    assert "Answer customers." in final["final_prompt"] and final["usage"]["total_tokens"] > 0
    rated = await caller("POST", "/submit_feedback", {"session_id": step["session_id"], "rating": 5, "comments": "good"})
    assert rated.status == 200 and set(rated.body) == {"id"}
    native = (await caller("GET", f"/v1/clarifications/{step['session_id']}")).body
    assert native["status"] == "finalized" and native["feedback"][0]["id"] == rated.body["id"]


async def test_what_is_wrong_is_said_as_everywhere(caller: Caller) -> None:
    unknown = await caller(
        "POST", "/submit_answer", {"session_id": "00000000-0000-0000-0000-000000000000", "answers": [{"question_id": "q", "theirs": 1}]}
    )
    assert (unknown.status, unknown.body["error"]["code"]) == (404, "not_found")
    assert (await caller("POST", "/start_optimization", {"selections": {}})).body["error"]["param"] == "initial_prompt"
    assert (await caller("POST", "/start_optimization", {"initial_prompt": "x", "theirs": 1})).status == 200, (
        "fields of theirs are passed over"
    )
    blank = await caller("POST", "/start_optimization", {"initial_prompt": "  "})
    assert (blank.status, blank.body["error"]["param"]) == (422, "initial_prompt")
    step = (await caller("POST", "/start_optimization", {"initial_prompt": "Answer."})).body
    twice = [{"question_id": "q1_1", "answer": "one"}, {"question_id": "q1_1", "answer": "two"}]
    told = await caller("POST", "/submit_answer", {"session_id": step["session_id"], "answers": twice})
    assert told.status == 422 and "twice" in told.body["error"]["message"]


async def test_who_cannot_pay_is_told_so_and_that_the_same_again_is_in_vain(stack: Stack) -> None:
    caller = await stack.caller(credit_nusd=1)
    step = (await caller("POST", "/start_optimization", {"initial_prompt": "Answer customers."})).body
    told = await caller("POST", "/generate_final_prompt", {"session_id": step["session_id"]})
    error = told.body["error"]
    assert (told.status, error["code"], error["retryable"], error["details"]) == (402, "out_of_credit", False, {"cause": "out_of_credit"})


async def test_without_a_key_only_this_machine_may_and_only_where_the_operator_says_so(caller: Caller, stack: Stack) -> None:
    body = {"initial_prompt": "Answer customers."}

    async def ask(url: str, **headers: str) -> int:
        async with caller.session.post(f"{url}/start_optimization", json=body, headers=headers) as answer:
            return answer.status

    assert await ask(caller.url) == 401
    opened = await stack.start_gateway(
        compat_workspace=str(caller.workspace.workspace_id), compat_cors_origins="https://app.example", assistant_look_interval_s=0.1
    )
    assert await ask(opened) == 200
    for forged in (
        {"x-forwarded-for": "10.0.0.1"}, {"forwarded": "for=10.0.0.1"}, {"origin": "https://evil.example"}, {"host": "evil.example"},
        {"authorization": "Bearer bk_live_wrong"},
    ):  # fmt: skip
        assert await ask(opened, **forged) == 401, forged
    assert await ask(opened, origin="https://app.example") == 200
    async with caller.session.get(f"{opened}/v1/prompts") as answer:
        assert answer.status == 401, "nowhere else"


async def test_pages_of_named_origins_may_call_and_no_others(caller: Caller, stack: Stack) -> None:
    url = await stack.start_gateway(compat_cors_origins="https://app.example")
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    async with caller.session.options(f"{url}/prompt-executor", headers={"origin": "https://app.example", **wanted}) as answer:
        assert answer.status == 204 and answer.headers["access-control-allow-origin"] == "https://app.example"
    async with caller.session.options(f"{url}/prompt-executor", headers={"origin": "https://evil.example", **wanted}) as answer:
        assert "access-control-allow-origin" not in answer.headers and answer.headers["vary"] == "origin"
    headers = {"origin": "https://app.example", "authorization": f"Bearer {caller.key}"}
    async with caller.session.get(f"{url}/prompts", headers=headers) as answer:
        assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "https://app.example"
        shown = {one.strip() for one in answer.headers["access-control-expose-headers"].split(",")}
        assert shown >= {"x-request-id", "x-execution-id", "retry-after", "ratelimit-remaining", "ratelimit-reset"}
    async with caller.session.get(f"{url}/v1/prompts", headers=headers) as answer:
        assert "access-control-allow-origin" not in answer.headers
