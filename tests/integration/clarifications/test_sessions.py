"""A clarifying session over HTTP, against the simulated models (PRODUCT S1)."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import pytest

from burnish_gateway.clarifications import start as begin
from burnish_gateway.clarifications.ask_model import SessionWork
from tests.embedded.stack import Caller, Stack
from tests.fakes.scripted_provider import scripted_provider
from tests.integration.clarifications.sessions import ROUGH, fault, read, replies, reply, start, until, write
from tests.integration.execution.test_executions import books
from tests.integration.execution.test_stopped_gateway import told_by_stopped

pytestmark = pytest.mark.capability("S1")

PRICED = {
    "context_tokens": 100_000, "output_tokens": 4_000,
    "input_price_nusd_per_million": 1_000_000, "output_price_nusd_per_million": 2_000_000,
}  # fmt: skip


async def test_three_rounds_and_no_fourth_although_the_model_wants_more(caller: Caller) -> None:
    session = await start(caller)
    assert (session["status"], session["round"], session["simulated"]) == ("clarifying", 1, True)
    assert "tone: kind" in session["working_memory"]["facts"]
    kinds = {one["type"] for one in session["questions"]}
    assert kinds == {"text", "choice", "multiple_choice"}
    seen: list[str] = []
    for number in (1, 2, 3):
        assert (session["status"], session["round"]) == ("clarifying", number)
        seen += [f"{one['question_id']}" for one in replies(session)]
        session = await reply(caller, session)
    assert (session["status"], session["round"], session["questions"], session["task"]) == ("ready", 3, [], None)
    assert len(session["answered"]) == len(seen) and all(one["status"] == "answered" for one in session["answered"])
    assert all(any(f"said to {one}" in fact for fact in session["working_memory"]["facts"]) for one in ("q1_1", "q2_2", "q3_1"))
    done = await write(caller, session)
    assert (done["status"], done["model_name"]) == ("finalized", "simulated/interviewer")
    assert "late parcels" in done["final_prompt"] and "said to q1_1" in done["final_prompt"]
    assert len(done["test_cases"]) == 3 and done["usage"]["cost_nusd"] > 0
    told = await read(caller, session)
    assert [one["kind"] for one in told["messages"]].count("answer") == len(seen)
    assert {one["role"] for one in told["messages"]} == {"user", "agent"}
    assert (await write(caller, session))["final_prompt"] == done["final_prompt"], "asking again writes nothing anew"


async def test_answers_come_one_by_one_in_any_order_and_the_memory_grows_with_each(caller: Caller) -> None:
    session = await start(caller)
    last, middle, first = reversed(replies(session))
    for given, left in ((last, 2), (first, 1)):
        session = await reply(caller, session, [given])
        assert (session["status"], len(session["questions"])) == ("clarifying", left)
        assert any(str(given["answer"][0] if isinstance(given["answer"], list) else given["answer"]) in fact
                   for fact in session["working_memory"]["facts"])  # fmt: skip
    session = await reply(caller, session, [{"question_id": middle["question_id"]}])
    assert session["round"] == 2, "a question that is skipped is closed too"
    assert {one["status"] for one in session["answered"]} == {"answered", "skipped"}


async def test_an_answer_twice_changes_nothing_and_another_one_takes_its_place_until_the_round_is_closed(caller: Caller) -> None:
    session = await start(caller)
    given = replies(session)
    for _ in range(2):
        again = await reply(caller, session, given[:1])
        assert len(again["questions"]) == 2
    changed = await reply(caller, session, [{"question_id": "q1_1", "answer": "somebody else"}])
    facts = changed["working_memory"]["facts"]
    assert any("somebody else" in one for one in facts) and not any("said to q1_1" in one for one in facts)
    session = await reply(caller, session, given[1:])
    assert session["round"] == 2
    late = await reply(caller, session, [{"question_id": "q1_1", "answer": "too late"}], status=409)
    assert late["error"]["code"] == "wrong_state" and "q1_1" in late["error"]["message"]
    await reply(caller, session, [{"question_id": "q1_1", "answer": "somebody else"}])
    texts = [one["content"] for one in (await read(caller, session))["messages"] if one["question_id"] == "q1_1" and one["role"] == "user"]
    assert texts == ["said to q1_1", "somebody else"], "what was said first is still in the conversation"


async def test_an_answer_that_is_changed_for_ever_leaves_room_for_what_comes_after_it(caller: Caller) -> None:
    session = await start(caller)
    for number in range(14):
        await reply(caller, session, [{"question_id": "q1_1", "answer": f"answer {number}"}])
    texts = [one["content"] for one in (await read(caller, session))["messages"] if one["question_id"] == "q1_1" and one["role"] == "user"]
    assert texts == [f"answer {number}" for number in range(4, 14)]


async def test_two_windows_at_once_lose_no_answer_and_ask_one_round(caller: Caller, stack: Stack) -> None:
    session = await start(caller)
    other = caller.at(stack.gateways[1])
    first, second, third = replies(session)
    both = await asyncio.gather(
        caller("POST", f"/v1/clarifications/{session['id']}/answers", {"answers": [first, third]}),
        other("POST", f"/v1/clarifications/{session['id']}/answers", {"answers": [second, third]}),
    )
    assert [one.status for one in both] == [200, 200]
    after = await until(caller, session["id"], "clarifying")
    assert after["round"] == 2 and {one["id"] for one in after["answered"]} == {"q1_1", "q1_2", "q1_3"}
    assert len([one for one in after["messages"] if one["kind"] == "question" and one["question_id"].startswith("q2")]) == 2


async def test_whoever_answers_before_after_or_beside_hears_what_would_be_right(caller: Caller) -> None:
    session = await start(caller)
    path = f"/v1/clarifications/{session['id']}"
    unknown = await caller("POST", f"{path}/answers", {"answers": [{"question_id": "q9_9", "answer": "x"}]})
    assert (unknown.status, unknown.body["error"]["param"]) == (422, "answers[0].question_id")
    two = await caller("POST", f"{path}/answers", {"answers": [{"question_id": "q1_2", "answer": ["A list", "JSON"]}]})
    assert (two.status, two.body["error"]["param"]) == (422, "answers[0].answer")
    long = await caller("POST", f"{path}/answers", {"answers": [{"question_id": "q1_1", "answer": "x" * 4001}]})
    assert long.status == 422
    twice = await caller("POST", f"{path}/answers", {"answers": [{"question_id": "q1_1", "answer": "x"}] * 2})
    assert twice.status == 422
    early = await caller("POST", f"{path}/save", {"slug": "early"})
    assert (early.status, early.body["error"]["code"]) == (409, "wrong_state")
    done = await write(caller, session)
    assert done["status"] == "finalized" and {one["status"] for one in done["answered"]} == {"skipped"}
    over = await reply(caller, session, [{"question_id": "q1_1", "answer": "x"}], status=409)
    assert "finalized" in over["error"]["message"]
    assert (await caller("POST", "/v1/clarifications", {"initial_prompt": "   "})).status == 422
    assert (await caller("POST", "/v1/clarifications", {"initial_prompt": "x" * 20_001})).status == 422
    absent = await caller("POST", "/v1/clarifications", ROUGH | {"ask_model": "nobody/knows"})
    assert (absent.status, absent.body["error"]["param"]) == (422, "ask_model")


@pytest.mark.promise("G-18")
async def test_its_stream_says_that_its_gateway_is_stopped(caller: Caller, stack: Stack) -> None:
    session = await start(caller)
    assert await told_by_stopped(stack, caller, f"/v1/clarifications/{session['id']}/events", first=b"event: session")


async def test_it_is_followed_live_from_any_gateway(caller: Caller, stack: Stack) -> None:
    session = await start(caller)
    headers = {"authorization": f"Bearer {caller.key}", "accept": "text/event-stream"}
    statuses: list[Any] = []

    async def follow() -> None:
        url = f"{stack.gateways[1]}/v1/clarifications/{session['id']}/events"
        async with caller.session.get(url, headers=headers) as response:
            assert response.status == 200
            async for line in response.content:
                if line.startswith(b"data: "):
                    statuses.append(json.loads(line[6:]).get("status"))
                if line == b"event: gone\n":
                    return

    following = asyncio.create_task(follow())
    async with asyncio.timeout(60):
        while not statuses:
            await asyncio.sleep(0.02)
        await write(caller, session)
        while "finalized" not in statuses:
            await asyncio.sleep(0.02)
        await caller("DELETE", f"/v1/clarifications/{session['id']}")
        await following
    assert statuses[0] == "clarifying" and "finalized" in statuses


async def test_it_is_rated_listed_and_deleted(caller: Caller) -> None:
    first, second = await start(caller), await start(caller)
    path = f"/v1/clarifications/{first['id']}"
    assert (await caller("POST", f"{path}/feedback", {"rating": 6})).status == 422
    rated = await caller("POST", f"{path}/feedback", {"rating": 5, "comments": "good questions"})
    assert rated.status == 201 and (await read(caller, first))["feedback"][0]["id"] == rated.body["id"]
    page = (await caller("GET", "/v1/clarifications?limit=1")).body
    assert [one["id"] for one in page["data"]] == [second["id"]] and page["next_cursor"]
    rest = (await caller("GET", f"/v1/clarifications?limit=1&cursor={page['next_cursor']}")).body
    assert [one["id"] for one in rest["data"]] == [first["id"]]
    assert (await caller("GET", "/v1/clarifications?status=finalized")).body["data"] == []
    assert (await caller("DELETE", path)).status == 200
    assert (await caller("GET", path)).status == (await caller("DELETE", path)).status == 404


async def test_the_result_becomes_a_version_with_made_up_cases_that_say_so(caller: Caller) -> None:
    session = await write(caller, await start(caller))
    path = f"/v1/clarifications/{session['id']}/save"
    saved = (await caller("POST", path, {"slug": "parcels", "label": "production", "model": "simulated/chat"})).body
    assert saved == {"prompt": "parcels", "version": 1, "label": "production", "is_new": True, "test_cases": 3}
    version = (await caller("GET", "/v1/prompts/parcels/versions/1")).body
    assert all(one["metadata"]["synthetic"] is True and one["variables"]["input"] for one in version["test_cases"])
    assert version["messages"][0]["content"].endswith("Input: {{input}}")
    again = (await caller("POST", path, {"slug": "parcels", "model": "simulated/chat"})).body
    assert (again["version"], again["is_new"]) == (1, False)
    ran = await caller("POST", "/v1/executions", {"prompt": "parcels", "variables": {"input": "Where is it?"}})
    assert ran.status == 200 and ran.body["version"] == 1
    another = await write(caller, await start(caller, initial_prompt="Say {{no}} more."))
    moved = (await caller("POST", f"/v1/clarifications/{another['id']}/save", {"slug": "parcels", "label": "production"})).body
    assert (moved["version"], moved["is_new"]) == (2, True)
    assert (await caller("GET", "/v1/prompts/parcels/labels/production")).body["version"] == 2
    assert (await read(caller, another))["saved"] == {"prompt": "parcels", "version": 2}


async def test_cases_of_a_prompt_that_reads_below_a_name_can_be_run(caller: Caller, stack: Stack) -> None:
    written = {
        "prompt": "Say where {{order.id}} is.", "name": "Where", "description": "",
        "test_cases": [{"name": "usual", "variables": {"order": {"id": 7}}, "criteria": "kind"}],
    }  # fmt: skip
    async with scripted_provider() as provider:
        provider.says = [json.dumps(written)]
        facts = {"model": "own/writer", "provider": "lab", "upstream_model": "m", "base_url": provider.base_url} | PRICED
        assert (await caller("POST", "/v1/models", facts)).status == 201
        assert (await caller("PUT", "/v1/clarifications/models", {"write_model": "own/writer"})).status == 200
        session = await write(caller, await start(caller))
    saved = await caller("POST", f"/v1/clarifications/{session['id']}/save", {"slug": "where", "model": "simulated/chat"})
    assert saved.status == 200, saved.body
    [case] = (await caller("GET", "/v1/prompts/where/versions/1")).body["test_cases"]
    assert case["variables"] == {"order": {"id": "7"}}
    ran = await caller("POST", "/v1/executions", {"prompt": "where", "version": 1, "variables": case["variables"]})
    assert ran.status == 200, ran.body


async def test_models_are_the_workspaces_choice_else_the_registrys(caller: Caller) -> None:
    assert (await caller("GET", "/v1/clarifications/models")).body["in_use"] == dict.fromkeys(("ask", "write"), "simulated/interviewer")
    refused = await caller("PUT", "/v1/clarifications/models", {"ask_model": "nobody/knows"})
    assert (refused.status, refused.body["error"]["param"]) == (422, "ask_model")
    chosen = await caller("PUT", "/v1/clarifications/models", {"write_model": "simulated/chat"})
    assert chosen.body["in_use"] == {"ask": "simulated/interviewer", "write": "simulated/chat"}
    assert (await start(caller))["models"] == chosen.body["in_use"]


async def test_each_call_is_an_execution_that_is_paid_and_keeps_no_text(caller: Caller, stack: Stack) -> None:
    session = await write(caller, await start(caller))
    workspace_id = caller.workspace.workspace_id
    rows = await books(stack, "SELECT status, cost_nusd FROM executions WHERE workspace_id = $1", workspace_id)
    assert [row["status"] for row in rows] == ["success"] * 2
    assert sum(row["cost_nusd"] for row in rows) == session["usage"]["cost_nusd"] > 0
    assert await books(stack, "SELECT 1 FROM execution_contents WHERE workspace_id = $1", workspace_id) == []


async def test_a_workspace_that_keeps_no_text_is_told_why_not(caller: Caller) -> None:
    workspace_id = caller.workspace.workspace_id
    assert (await caller("PATCH", f"/v1/workspaces/{workspace_id}", {"store_content": False})).status == 200
    refused = await caller("POST", "/v1/clarifications", ROUGH)
    assert refused.status == 409 and "keeps no text" in refused.body["error"]["message"]


async def test_what_the_workspace_masks_is_masked_before_a_model_reads_it(caller: Caller) -> None:
    assert (await caller("PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})).status == 200
    session = await start(caller, initial_prompt="Write to ada@example.com.")
    session = await reply(caller, session, [{"question_id": "q1_1", "answer": "grace@example.com"}])
    told = json.dumps(await read(caller, session))
    assert "ada@example.com" not in told and "grace@example.com" not in told
    beside = {"initial_prompt": "Answer.", "metadata": {"for": ["ada@example.com"]}}
    assert (await caller("POST", "/v1/clarifications?wait_s=0", beside)).body["metadata"] == {"for": ["[EMAIL]"]}, "as of executions"


async def test_one_that_nobody_came_back_to_expires(caller: Caller, stack: Stack) -> None:
    session = await start(caller)
    past = "UPDATE clarifications SET expires_at = clock_timestamp() - interval '1 second' WHERE session_id = $1::text::uuid"
    await books(stack, past, session["id"])
    late = await reply(caller, session, status=409)
    assert "expired" in late["error"]["message"]
    assert (await write(caller, session, status=409))["error"]["code"] == "wrong_state"
    assert (await until(caller, session["id"], "expired"))["questions"] == []


class Turn:
    """Lets the call of this number fail for good, and the others succeed."""

    def __init__(self, stack: Stack, fails_at: int) -> None:
        self.stack, self.fails_at, self.calls = stack, fails_at, 0

    async def __call__(self, work: Awaitable[Any]) -> Any:
        self.calls += 1
        if self.calls != self.fails_at:
            return await work
        async with fault(self.stack, "html_in_200"):
            return await work


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
async def test_every_call_may_fail_in_turn_and_no_answer_is_lost(caller: Caller, stack: Stack, fails_at: int) -> None:
    turn = Turn(stack, fails_at)
    session = await turn(start(caller))
    while session["status"] == "clarifying":
        here, given = session, replies(session)
        assert here["round"] <= 3
        if len(given) > 1:
            assert (await reply(caller, here, given[:-1]))["round"] == here["round"]
        last = reply(caller, here, given[-1:])
        session = await (turn(last) if here["round"] < 3 else last)  # after the last round nothing is asked
    assert (session["status"], session["task"]) == ("ready", None)
    assert (session["error"] is not None) == (fails_at <= 3)
    answered = {one["id"] for one in session["answered"]}
    written = await turn(write(caller, session))
    if fails_at == turn.calls:
        assert (written["status"], written["error"]["task"]) == ("failed", "write")
        written = await write(caller, session)
    assert (written["status"], written["error"]) == ("finalized", None)
    assert {one["id"] for one in written["answered"]} == answered
    for one in written["answered"]:
        said = one["answer"][0] if isinstance(one["answer"], list) else one["answer"]
        assert said in written["final_prompt"], one


async def test_a_session_without_credit_says_so_and_goes_on_when_there_is_some(stack: Stack) -> None:
    caller = await stack.caller(credit_nusd=1)
    session = await start(caller)
    assert (session["status"], session["error"]["code"]) == ("ready", "out_of_credit")
    assert (await write(caller, session))["status"] == "failed"


async def test_sessions_that_begin_at_once_keep_to_the_most(caller: Caller, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    all_are_answered, ask = asyncio.Event(), SessionWork.carry_out

    async def ask_later(work: SessionWork) -> None:
        await all_are_answered.wait()
        await ask(work)

    monkeypatch.setattr(begin, "ASKED_AT_ONCE_MOST", 3)
    monkeypatch.setattr(SessionWork, "carry_out", ask_later)
    try:
        answers = await asyncio.gather(*(caller.at(stack.gateways[n % 2])("POST", "/v1/clarifications?wait_s=0", ROUGH) for n in range(8)))
    finally:
        all_are_answered.set()
    assert sorted(one.status for one in answers) == 3 * [201] + 5 * [429], [one.body for one in answers]
    assert {one.body["error"]["code"] for one in answers if one.status == 429} == {"concurrency_limited"}
    assert len((await caller("GET", "/v1/clarifications")).body["data"]) == 3
