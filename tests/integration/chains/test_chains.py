"""Chains over the API, on real parts (PRODUCT P8)."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.chains import runs_store
from burnish_gateway.chains.runs_store import Claim, StepEnd
from burnish_gateway.registry import chain_uses_store
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.chains.chains import assert_paid_once, begun, call, fault, follow, make_chain, make_prompt, run, start, until
from tests.integration.execution.test_executions import books

pytestmark = pytest.mark.capability("P8")


async def test_outputs_become_variables_and_every_step_is_an_execution_under_one_trace(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(
        caller, "two", call("first"), call("second", topic="steps.first.output"),
        output={"first": "steps.first.output", "second": "steps.second.output"},
    )  # fmt: skip
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = {"variables": {"topic": "tea"}, "user_id": "ada", "session_id": "s1", "metadata": {"order": 7}}
    answer = await caller("POST", "/v1/chains/two/runs", body, headers={"traceparent": traceparent})
    made = answer.body
    assert (answer.status, made["status"], made["version"], made["label"]) == (200, "success", 1, "production")
    assert made["trace_id"] == traceparent[3:35] and made["simulated"] is True
    executions = [(await caller("GET", f"/v1/executions/{one['execution_id']}")).body for one in made["steps"]]
    assert [one["output"] for one in executions] == [made["output"]["first"], made["output"]["second"]]
    assert executions[1]["messages"] == [{"role": "user", "content": f"Answer {made['output']['first']}."}]
    assert executions[1]["metadata"] == {"order": 7, "chain": "two", "chain_run_id": made["id"], "chain_step": "second"}
    assert {one["user_id"] for one in executions} == {"ada"} and {one["label"] for one in executions} == {"production"}
    assert sum(one["cost_nusd"] for one in executions) == made["cost_nusd"] > 0
    assert (await caller("GET", f"/v1/chain-runs/{made['id']}")).body == made
    await call_alone(caller)
    listed = (await caller("GET", f"/v1/executions?trace_id={made['trace_id']}")).body["data"]
    assert [one["id"] for one in listed] == [one["id"] for one in executions[::-1]]
    assert {one["trace_id"] for one in [*listed, *executions]} == {made["trace_id"]}
    assert [one["id"] for one in (await caller("GET", "/v1/chain-runs?chain=two&status=success")).body["data"]] == [made["id"]]
    assert await books(stack, "SELECT * FROM drift()") == []


@pytest.mark.capability("E2")
async def test_a_chain_with_a_step_that_is_not_to_be_stored_keeps_no_text(stack: Stack, caller: Caller) -> None:
    """What it answered would also stand in what the next step is asked, and in the output."""
    await make_prompt(caller, "reply")
    await make_chain(
        caller, "silent", call("first", overrides={"extra": {"store": False}}), call("second", topic="steps.first.output"),
        output="steps.second.output",
    )  # fmt: skip
    ran = await caller("POST", "/v1/chains/silent/runs", {"variables": {"topic": "code wolpertinger"}})
    assert (ran.status, ran.body["status"]) == (200, "success") and ran.body["output"], ran.body
    kept = (await caller("GET", f"/v1/chain-runs/{ran.body['id']}")).body
    assert (kept["status"], kept["output"]) == ("success", None) and "wolpertinger" not in json.dumps(kept), kept
    run_rows = await books(stack, "SELECT keeps_text, variables, output FROM chain_runs WHERE run_id = $1::text::uuid", ran.body["id"])
    assert [tuple(one.values()) for one in run_rows] == [(False, None, None)]
    steps = [one["execution_id"] for one in kept["steps"]]
    kept_texts = "SELECT count(*) FROM execution_contents WHERE execution_id = ANY ($1::text[]::uuid[])"
    assert len(steps) == 2 and (await books(stack, kept_texts, steps))[0]["count"] == 0, "the second is asked what the first answered"
    later = await caller("POST", "/v1/chains/silent/runs", {"variables": {"topic": "code wolpertinger"}, "mode": "background"})
    assert (later.status, later.body["error"]["param"]) == (422, "mode")


async def call_alone(caller: Caller) -> None:
    """A call that no trace led to is a trace of its own, which is called by its id."""
    alone = (await caller("POST", "/v1/executions", {"prompt": "reply", "variables": {"topic": "milk"}})).body["id"]
    trace_id = alone.replace("-", "")
    assert (await caller("GET", f"/v1/executions/{alone}")).body["trace_id"] == trace_id
    assert [one["id"] for one in (await caller("GET", f"/v1/executions?trace_id={trace_id}")).body["data"]] == [alone]
    assert (await caller("GET", f"/v1/executions?trace_id={trace_id[:31]}g")).status == 422


async def test_conditions_branches_fallbacks_and_stops_do_what_the_chain_says(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_prompt(caller, "broken", model="simulated/reader", retry_policy={"retries": 0})
    await make_chain(
        caller, "all",
        {"id": "both", "parallel": [[call("a")], [call("b", "broken", retries=0, fallback=[call("c")])]]},
        {"id": "way", "choose": [{"if": "steps.b.fell_back", "steps": [call("d")]}, {"steps": [call("e")]}]},
        call("f", **{"if": "steps.way.status == 'error'"}),
        {"id": "end", "if": "variables.topic == 'tea'", "stop": {"output": {"d": "steps.way.output", "b": "steps.b.error.code"}}},
        call("g", "broken", retries=0),
    )  # fmt: skip
    async with fault(stack, "error,status=500"):
        ended = await run(caller, "all")
        failed = await caller("POST", "/v1/chains/all/runs", {"variables": {"topic": "milk"}})
    assert {one["id"]: one["status"] for one in ended["steps"]} == {
        "both": "success", "a": "success", "b": "error", "c": "success", "way": "success", "d": "success", "e": "skipped", "f": "skipped",
        "end": "success", "g": "skipped",
    }  # fmt: skip
    assert {one["id"]: one["kind"] for one in ended["steps"] if one["prompt"] is None} == {
        "both": "parallel",
        "way": "choose",
        "end": "stop",
    }
    assert ended["output"] == {"d": ended["output"]["d"], "b": "provider_failed"} and ended["failed_step"] is None, "it succeeded"
    assert (failed.status, failed.body["error"]["code"], failed.body["error"]["details"]["step"]) == (502, "provider_failed", "g")
    run_id = failed.body["error"]["details"]["chain_run_id"]
    kept = (await caller("GET", f"/v1/chain-runs/{run_id}")).body
    assert kept["failed_step"] == "g" and {one["id"]: one["status"] for one in kept["steps"]}["end"] == "skipped"


async def test_a_stream_tells_steps_and_text_and_ends_once(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "streamed", call("a"), call("b", topic="steps.a.output", stream=True))
    told = await caller.events("/v1/chains/streamed/runs", {"variables": {"topic": "tea"}, "stream": True})
    assert [name for name, _ in told if name != "delta"] == ["run", "step", "step", "step", "step", "done"]
    done = told[-1][1]
    assert "".join(one["text"] for name, one in told if name == "delta" and one["step"] == "b") == done["output"]
    assert {one["step"] for name, one in told if name == "delta"} == {"b"}
    again = [one async for one in follow(caller, done["id"])]
    assert [name for name, _ in again] == ["run", "step", "step", "done"] and again[-1][1] == done


async def test_whoever_follows_a_run_hears_what_has_happened_and_what_does(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(caller, "followed", call("a"), call("b", "slow"))
    async with fault(stack, "slow,s=4"):  # The second step is still under way when it is followed, also where the machine stood still.
        run_id = await start(caller, "followed")
        await begun(caller, run_id, "b")
        told = [(name, data.get("id"), data.get("status")) async for name, data in follow(caller, run_id)]
    assert told[1:-1] == [("step", "a", "success"), ("step", "b", "running"), ("step", "b", "success")]
    assert (told[0][0], told[-1][0]) == ("run", "done")


async def test_a_repeat_with_the_same_key_gets_the_same_run(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "once", call("a"))
    body, headers = {"variables": {"topic": "tea"}}, {"idempotency-key": "k1"}
    answers = await asyncio.gather(*[caller("POST", "/v1/chains/once/runs", body, headers=headers) for _ in range(2)])
    first, second = sorted(answers, key=lambda one: one.status)  # Whichever came first.
    assert (await caller("PATCH", "/v1/chains/once", {"archived": True})).status == 200
    third = await caller("POST", "/v1/chains/once/runs", body, headers=headers)
    assert {200} == {one.status for one in (first, third)} and second.status in (200, 409)
    assert first.body["id"] == third.body["id"] and third.headers["idempotent-replayed"] == "true"
    assert len((await caller("GET", "/v1/chain-runs")).body["data"]) == 1
    await assert_paid_once(stack, caller, third.body["id"])


async def test_a_run_in_the_background_ends_with_an_event(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "later", call("a"))
    run_id = await start(caller, "later")
    ended = await until(caller, run_id)
    assert (ended["status"], ended["mode"]) == ("success", "background")
    sql = "SELECT body FROM outbox WHERE subject LIKE $1 AND convert_from(body, 'UTF8') LIKE '%' || $2 || '%'"
    told = await books(stack, sql, "%chain_run.completed%", run_id)
    assert len(told) == 1


async def test_cancelling_stops_what_is_under_way_and_pays_for_what_came(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(caller, "long", call("a"), call("b", "slow"), call("c"))
    async with fault(stack, "slow,s=30"):
        run_id = await start(caller, "long")
        await begun(caller, run_id, "b")
        cancelled = await caller("POST", f"/v1/chain-runs/{run_id}/cancel")
    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    ended = await until(caller, run_id)
    assert [one["status"] for one in ended["steps"]] == ["success", "cancelled", "skipped"]
    assert (await caller("POST", f"/v1/chain-runs/{run_id}/cancel")).body["status"] == "cancelled"
    await assert_paid_once(stack, caller, run_id)


async def test_the_deadline_holds_for_the_whole_run(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(caller, "late", call("a", "slow"), deadline_s=0.5)
    async with fault(stack, "slow,s=30"):
        answer = await caller("POST", "/v1/chains/late/runs", {"variables": {"topic": "tea"}})
    assert (answer.status, answer.body["error"]["details"]["status"]) == (504, "timeout")


@pytest.mark.promise("C-13")
async def test_a_step_is_asked_again_as_often_as_it_says_and_each_try_is_paid(stack: Stack, caller: Caller) -> None:
    """The first answer cannot be read and is paid for all the same: it counts in the cost of its step and of its run."""
    await make_prompt(caller, "breaks", model="simulated/reader", retry_policy={"retries": 0})
    for retries, status, attempts in ((1, "success", 2), (0, "error", 1)):
        await make_chain(caller, f"again-{retries}", call("a", "breaks", retries=retries), output="steps.a.status")
        async with fault(stack, f"malformed,first=1,key=again-{retries}"):
            run_id = await start(caller, f"again-{retries}")
            ended = await until(caller, run_id)
        (step,) = ended["steps"]
        assert (ended["status"], step["attempts"]) == (status, attempts), ended
        costs = await books(
            stack, """SELECT e.cost_nusd FROM executions e JOIN execution_contents c USING (workspace_id, execution_id)
                   WHERE e.workspace_id = $1 AND c.metadata->>'chain_run_id' = $2""",
            caller.workspace.workspace_id, run_id,
        )  # fmt: skip
        assert len(costs) == attempts and all(one["cost_nusd"] > 0 for one in costs), [*costs]
        assert sum(one["cost_nusd"] for one in costs) == step["cost_nusd"] == ended["cost_nusd"]


async def test_what_would_fail_again_is_not_asked_again(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "wrong", model="simulated/reader", retry_policy={"retries": 0})
    await make_chain(caller, "once", call("a", "wrong", retries=3))
    async with fault(stack, "error,status=400"):
        ended = await until(caller, await start(caller, "once"))
    assert (ended["status"], [one["attempts"] for one in ended["steps"]]) == ("error", [1])


async def test_a_step_does_not_wait_for_its_next_try_beyond_what_is_left_of_the_run(stack: Stack, caller: Caller) -> None:
    """Its provider wants to be left alone for ten minutes: what the chain does in its place can be done now."""
    await make_prompt(caller, "reply")
    await make_prompt(caller, "busy", model="simulated/reader", retry_policy={"retries": 0})
    await make_chain(
        caller, "full", call("a", "busy", retries=2, fallback=[call("b")]), output="steps.a.error.code", deadline_s=30
    )  # fmt: skip
    async with fault(stack, "rate_limited,retry_after=600"):
        ended = await run(caller, "full")
    assert {one["id"]: (one["status"], one["attempts"]) for one in ended["steps"]} == {"a": ("rate_limited", 1), "b": ("success", 1)}
    assert ended["output"] == "provider_rate_limited"


async def test_a_step_may_take_less_time_than_its_run_which_goes_on(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(
        caller, "hurried", call("a", "slow", deadline_s=1, retries=0, fallback=[call("b")]), output="steps.a.error.code", deadline_s=60
    )  # fmt: skip
    async with fault(stack, "slow,s=30"):
        ended = await run(caller, "hurried")
    assert {one["id"]: one["status"] for one in ended["steps"]} == {"a": "timeout", "b": "success"}
    await assert_paid_once(stack, caller, ended["id"])


async def test_a_run_that_nobody_works_on_is_taken_up_although_its_gateway_lives(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(caller, "quick", call("a"))
    await make_chain(caller, "busy", call("a", "slow"))
    lost = await start(caller, "quick")
    await until(caller, lost)
    async with fault(stack, "slow,s=30"):
        busy = await start(caller, "busy")
        await begun(caller, busy, "a")
        await books(
            stack,
            """UPDATE chain_runs r SET status = 'running', finished_at = NULL, deadline_at = clock_timestamp(), leased_by = b.leased_by,
                      leased_until = clock_timestamp() + interval '2 seconds'
                 FROM chain_runs b WHERE r.run_id = $1::text::uuid AND b.run_id = $2::text::uuid""",
            lost, busy,
        )  # fmt: skip
        assert (await until(caller, lost))["status"] in ("success", "timeout"), "its lease was nobody's to renew"
        assert (await caller("POST", f"/v1/chain-runs/{busy}/cancel")).body["status"] == "cancelled"


async def test_a_run_that_was_to_be_cancelled_while_nobody_held_it_asks_nothing_more(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "quick", call("a"))
    run_id = await start(caller, "quick")
    await until(caller, run_id)
    await books(stack, "DELETE FROM chain_run_steps WHERE run_id = $1::text::uuid", run_id)
    await books(
        stack,
        """UPDATE chain_runs SET status = 'running', finished_at = NULL, cancel_requested = true, leased_by = 'gone',
                  leased_until = clock_timestamp() - interval '1 second' WHERE run_id = $1::text::uuid""",
        run_id,
    )
    assert (await until(caller, run_id))["status"] == "cancelled"
    assert len(await books(stack, "SELECT FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)) == 1, "of before"


@pytest.mark.promise("E-03")
async def test_who_works_on_a_run_that_is_anothers_by_now_writes_nothing(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "quick", call("a"))
    run_id = await start(caller, "quick")
    await until(caller, run_id)
    taken = """UPDATE chain_runs SET status = 'running', finished_at = NULL, fence = 7, leased_by = 'another',
                      leased_until = clock_timestamp() + interval '1 hour' WHERE run_id = $1::text::uuid"""
    await books(stack, taken, run_id)
    rows = "SELECT to_jsonb(r), to_jsonb(s) FROM chain_runs r JOIN chain_run_steps s USING (run_id) WHERE run_id = $1::text::uuid"
    before = [tuple(row) for row in await books(stack, rows, run_id)]
    (step,) = await books(stack, "SELECT execution_id FROM chain_run_steps WHERE run_id = $1::text::uuid", run_id)
    end = StepEnd("error", None, None, 5, False, None, None)
    mine, theirs = (Claim(UUID(run_id), caller.workspace.workspace_id, fence) for fence in (6, 7))
    db = await Database.open(stack.urls["gateway"], application_name="test", max_size=1)

    async def each(claim: Claim) -> AsyncIterator[bool]:
        for write in (
            lambda tx: runs_store.begin_step(tx, claim, "a", execution_id=new_uuid(), slug="reply"),
            lambda tx: runs_store.repeat_step(
                tx, claim, "a", failed=step["execution_id"], execution_id=new_uuid(), spent_nusd=5
            ),
            lambda tx: runs_store.end_step(tx, claim, "a", end),
            lambda tx: runs_store.finish(
                tx, claim, status="error", output=None, variables=None, metadata={}, error=None, step=None, others={}
            ),
        ):  # fmt: skip
            try:
                async with db.unit_of_work(workspace=claim.workspace_id) as tx:
                    await write(tx)
            except runs_store.ClaimLost:
                yield False
            else:
                yield True

    try:
        assert [one async for one in each(mine)] == [False] * 4
        assert [tuple(row) for row in await books(stack, rows, run_id)] == before
        assert [one async for one in each(theirs)] == [True, False, True, True], "a step that has ended is begun no more"
    finally:
        await db.close()


@pytest.mark.promise("C-10")
async def test_a_suspended_workspace_begins_no_run(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "quick", call("a"))
    await books(stack, "SELECT suspend_workspace($1, true)", caller.workspace.workspace_id)
    await books(stack, "SELECT note_change($1, 'workspace', '*')", caller.workspace.workspace_id)

    async def runs() -> int:
        return len(await books(stack, "SELECT FROM chain_runs WHERE workspace_id = $1", caller.workspace.workspace_id))

    async with asyncio.timeout(30):  # until the gateway has heard, a run begins, and its step is refused
        is_known = False
        while not is_known:
            before = await runs()
            answer = await caller("POST", "/v1/chains/quick/runs", {"variables": {"topic": "tea"}})
            is_known = (answer.status, await runs()) == (403, before)
    assert answer.body["error"]["code"] == "suspended"


async def test_who_goes_away_cancels_the_run(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(caller, "left", call("a", "slow"))
    async with fault(stack, "slow,s=30"):
        asking = asyncio.create_task(caller("POST", "/v1/chains/left/runs", {"variables": {"topic": "tea"}}))
        async with asyncio.timeout(30):
            while not (runs := (await caller("GET", "/v1/chain-runs")).body["data"]):
                await asyncio.sleep(0.02)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert (await until(caller, runs[0]["id"]))["status"] == "cancelled"


async def test_who_leaves_a_stream_cancels_the_run_unless_a_key_may_bring_him_back(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(caller, "left", call("a", "slow"))
    body = {"variables": {"topic": "tea"}, "stream": True}
    ended = []
    for headers, slow_s in (({}, 30), ({"idempotency-key": "again"}, 1.5)):
        async with fault(stack, f"slow,s={slow_s}"):
            async for name, data in caller.stream("/v1/chains/left/runs", body, headers=headers):
                assert name == "run"
                run_id = data["id"]
                if not ended:
                    await begun(caller, run_id, "a")
                break
            ended.append((await until(caller, run_id))["status"])
    assert ended == ["cancelled", "success"]


async def test_credit_and_budgets_are_asked_for_every_step(stack: Stack) -> None:
    caller = await stack.caller(credit_nusd=1)
    await make_prompt(caller, "reply")
    await make_chain(caller, "poor", call("a"))
    refused = await caller("POST", "/v1/chains/poor/runs", {"variables": {"topic": "tea"}})
    assert (refused.status, refused.body["error"]["code"]) == (402, "out_of_credit") and "x-should-retry" not in refused.headers
    told = refused.body["error"]["details"]
    assert (told["needed_nusd"] > 1, told["available_nusd"], told["step"]) == (True, 1, "a")
    (step,) = (await caller("GET", f"/v1/chain-runs/{told['chain_run_id']}")).body["steps"]
    assert step["error"]["details"] == {"needed_nusd": told["needed_nusd"], "available_nusd": 1}


@pytest.mark.promise("G-02")
async def test_a_run_that_failed_under_a_key_tells_clients_not_to_repeat_it(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "broken", model="simulated/reader", retry_policy={"retries": 0})
    await make_chain(caller, "fails", call("a", "broken", retries=0))
    async with fault(stack, "error,status=503"):
        told = [
            await caller("POST", "/v1/chains/fails/runs", {"variables": {"topic": "tea"}}, headers=headers)
            for headers in ({}, {"idempotency-key": "f1"}, {"idempotency-key": "f1"})
        ]
        body = {"variables": {"topic": "tea"}, "stream": True}
        streamed = [
            (await caller.events("/v1/chains/fails/runs", body, headers=headers))[-1][1]["error"]["retryable"]
            for headers in ({}, {"idempotency-key": "f2"}, {"idempotency-key": "f2"})
        ]
    error = [(one.body["error"]["retryable"], one.headers.get("x-should-retry")) for one in told]
    assert error == [(True, None), (False, "false"), (False, "false")] and {one.status for one in told} == {told[0].status}
    assert told[1].body["error"]["details"] == told[2].body["error"]["details"] != told[0].body["error"]["details"]
    assert streamed == [True, False, False]


@pytest.mark.promise("G-16")
async def test_a_step_that_meets_a_rate_limit_waits_for_it(stack: Stack, caller: Caller) -> None:
    """60 a minute let 13 begin at once; the chain is charged for 14."""
    await make_prompt(caller, "reply")
    await make_chain(caller, "many", {"id": "p", "parallel": [[call(f"a{n}"), call(f"b{n}")] for n in range(7)]}, output="'done'")
    key = await caller("POST", "/v1/api-keys", {"name": "slow", "rate_limit_per_minute": 60})
    assert key.status == 201, key.body
    ended = await run(replace(caller, key=key.body["key"]), "many")
    assert {one["status"] for one in ended["steps"]} == {"success"} and {one["attempts"] for one in ended["steps"] if one["prompt"]} == {1}
    await assert_paid_once(stack, caller, ended["id"])


async def test_more_runs_at_once_than_connections_all_end(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "crowd", call("a"), call("b", topic="steps.a.output"))
    runs = await asyncio.gather(*(run(caller, "crowd") for _ in range(24)))
    assert len({one["id"] for one in runs}) == 24
    await assert_paid_once(stack, caller, *(one["id"] for one in runs))


async def test_versions_labels_and_archive_are_those_of_prompts(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "kept", call("a"), name="Kept", folder="/support/", tags=["x"])
    second: dict[str, Any] = {"steps": [call("a"), call("b")], "base_version": 1, "message": "longer"}
    saved = await caller("POST", "/v1/chains/kept/versions", second)
    assert (saved.status, saved.body["version"], saved.body["is_new"]) == (201, 2, True)
    assert (await caller("POST", "/v1/chains/kept/versions", second)).body["is_new"] is False
    none = await caller("POST", "/v1/chains/kept/versions", {"steps": [call("c")], "base_version": 9})
    assert (none.status, none.body["error"]["param"], "newest is 2" in none.body["error"]["message"]) == (404, "base_version", True)
    newer = await caller("POST", "/v1/chains/kept/versions", {"steps": [call("c")], "base_version": 1})
    assert (newer.status, newer.body["newer_version"], newer.body["merge"]["conflicts"]) == (409, 2, [])
    assert newer.body["merge"]["changed_by_theirs"] == ["steps.a", "steps.c"]
    assert len((await run(caller, "kept"))["steps"]) == 1, "production still names version 1"
    moved = await caller("PUT", "/v1/chains/kept/labels/production", {"version": 2, "reason": "better"})
    assert (moved.status, moved.body["version"]) == (200, 2) and len((await run(caller, "kept"))["steps"]) == 2
    history = (await caller("GET", "/v1/chains/kept/labels/production/history")).body["data"]
    assert [(one["from_version"], one["version"], one["reason"]) for one in history] == [(1, 2, "better"), (None, 1, "")]
    back = await caller("POST", "/v1/chains/kept/labels/production/rollback")
    assert (back.status, back.body["version"]) == (200, 1) and len((await run(caller, "kept"))["steps"]) == 1, "as on a prompt"
    again = await caller("POST", "/v1/chains/kept/labels/production/rollback", {"reason": "it was fine"})
    assert again.body["version"] == 2, "twice is back again"
    newest = (await caller("GET", "/v1/chains/kept/labels/production/history?limit=2")).body["data"]
    assert [(one["from_version"], one["version"], one["reason"]) for one in newest] == [(1, 2, "it was fine"), (2, 1, "rolled back")]
    for label, body, status in (("staging", None, 404), ("production", {"version": 9}, 404)):
        assert (await caller("POST", f"/v1/chains/kept/labels/{label}/rollback", body)).status == status
    assert (await caller("PUT", "/v1/chains/kept/labels/staging", {"version": 1})).status == 200
    for body, param in ((None, "label"), ({"version": 2}, "version")):
        refused = await caller("POST", "/v1/chains/kept/labels/staging/rollback", body)
        assert (refused.status, refused.body["error"]["param"]) == (409, param), "it has never stood elsewhere"
    assert (await caller("DELETE", "/v1/chains/kept/labels/staging")).status == 200
    assert (await caller("POST", "/v1/chains/kept/labels/staging/rollback")).body["version"] == 1, "a removed one comes back"
    assert [one["version"] for one in (await caller("GET", "/v1/chains/kept/versions?limit=1")).body["data"]] == [2]
    assert (await caller("GET", "/v1/chains/kept?version=1")).body["steps"] == [call("a")]
    assert [one["slug"] for one in (await caller("GET", "/v1/chains?folder=support&tag=x")).body["data"]] == ["kept"]
    assert (await caller("DELETE", "/v1/chains/kept/labels/production?reason=no")).status == 200
    assert (await caller("POST", "/v1/chains/kept/runs", {"variables": {"topic": "tea"}})).status == 404
    assert (await caller("PATCH", "/v1/chains/kept", {"archived": True})).status == 200
    assert (await caller("POST", "/v1/chains/kept/runs", {"version": 2, "variables": {"topic": "tea"}})).status == 409
    assert (await caller("GET", "/v1/chains?archived=true")).body["data"][0]["archived_at"] is not None
    assert (await caller("PATCH", "/v1/chains/kept", {"name": "Renamed"})).status == 409, "it is put away"
    assert (await caller("PATCH", "/v1/chains/kept", {"archived": True})).status == 200, "twice is once"
    assert (await caller("POST", "/v1/chains/kept/labels/production/rollback")).status == 409, "nothing of it moves"
    nothing = await caller("PATCH", "/v1/chains/kept", {"archived": False, "folder": None})
    assert (nothing.status, nothing.body["error"]["param"]) == (422, "folder")
    back = await caller("PATCH", "/v1/chains/kept", {"archived": False, "name": "Renamed"})
    assert (back.status, back.body["name"], back.body["archived_at"]) == (200, "Renamed", None)


async def test_a_refusal_says_whether_the_chain_its_version_or_its_label_is_lacking(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "kept", call("a"))
    for body, lacking, param in (({"version": 7}, "version 7", "version"), ({"label": "beta"}, "label 'beta'", "label")):
        refused = await caller("POST", "/v1/chains/kept/runs", body | {"variables": {"topic": "tea"}})
        assert (refused.status, refused.body["error"]["message"]) == (404, f"The chain 'kept' has no {lacking}.")
        assert refused.body["error"]["param"] == param
        never = await caller("POST", "/v1/chains/never/runs", body | {"variables": {"topic": "tea"}})
        assert (never.status, never.body["error"]["message"]) == (404, "There is no chain 'never' in this workspace.")


async def test_a_protected_label_of_a_chain_is_for_admins_to_decide(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    editor = await stack.caller(role="editor", workspace=caller.workspace)
    await make_chain(caller, "kept", call("a"))
    assert (await caller("POST", "/v1/chains/kept/versions", {"steps": [call("b")], "base_version": 1})).status == 201
    set_up = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"protected_labels": ["production"]})
    assert set_up.status == 200, set_up.body
    path = "/v1/chains/kept/labels/production"
    for method, at, body, param in (
        ("PUT", path, {"version": 2}, "label"), ("DELETE", path, None, "label"),
        ("PATCH", "/v1/chains/kept", {"archived": True}, "archived"),
        ("POST", "/v1/chains", {"slug": "new", "steps": [call("a")], "label": "production"}, "label"),
    ):  # fmt: skip
        refused = await editor(method, at, body)
        assert (refused.status, refused.body["error"]["param"]) == (403, param), refused.body
    made = await editor("POST", "/v1/chains", {"slug": "new", "steps": [call("a")]})
    assert (made.status, made.body["labels"], made.body["label"]) == (201, {}, None)
    assert (await editor("PUT", "/v1/chains/kept/labels/staging", {"version": 2})).status == 200
    assert (await caller("PUT", path, {"version": 2})).status == 200
    assert (await editor("PUT", path, {"version": 1})).body["version"] == 1, "it has been there before"
    assert (await editor("POST", f"{path}/rollback")).body["version"] == 2, "and so it has there"


async def test_a_prompt_that_chains_run_is_not_put_away(stack: Stack, caller: Caller) -> None:
    for slug in ("reply", "reply-all"):
        await make_prompt(caller, slug)
    await make_chain(caller, "deep", {"id": "p", "parallel": [[call("a", "reply-all")], [call("b", fallback=[call("c", "reply@1")])]]})
    await make_chain(caller, "other", call("a", "reply-all", values={"prompt": "reply"}))
    assert (await caller("GET", "/v1/prompts/reply/uses")).body["run_by"] == [
        {"chain": "deep", "version": 1, "labels": ["production"], "steps": ["b", "c"]}
    ]
    all_of_it = (await caller("GET", "/v1/prompts/reply-all/uses")).body["run_by"]
    assert [(one["chain"], one["steps"]) for one in all_of_it] == [("deep", ["a"]), ("other", ["a"])]
    refused = await caller("POST", "/v1/prompts/reply/archive")
    assert (refused.status, refused.body["error"]["param"]) == (409, "prompt")
    assert refused.body["error"]["message"] == (
        "Archiving 'reply' would break chains that run it: deep (version 1). Take it out of those first."
    )
    assert (await caller("PATCH", "/v1/chains/deep", {"archived": True})).status == 200
    assert (await caller("GET", "/v1/prompts/reply/uses")).body["run_by"] == [], "an archived chain runs nothing"
    assert (await caller("POST", "/v1/prompts/reply/archive")).status == 200


async def test_a_label_by_which_chains_run_a_prompt_is_not_removed(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_uses_store, "USERS_MOST", 1)  # What runs it by another label does not fill the list.
    await make_prompt(caller, "reply")
    for label in ("staging", "quiet"):
        assert (await caller("PUT", f"/v1/prompts/reply/labels/{label}", {"version": 1})).status == 200
    await make_chain(caller, "by-version", call("a", "reply@1"))
    await make_chain(caller, "deep", {"id": "p", "parallel": [[call("a", "reply@staging")], [call("b", "reply")]]})
    refused = await caller("DELETE", "/v1/prompts/reply/labels/staging")
    assert (refused.status, refused.body["error"]["param"]) == (409, "label")
    assert refused.body["error"]["message"] == (
        "Removing 'staging' of 'reply' would break chains that run it: deep (version 1). Take it out of those first."
    )
    assert (await caller("DELETE", "/v1/prompts/reply/labels/quiet")).status == 200
    refused = await caller("DELETE", "/v1/prompts/reply/labels/production")
    assert (refused.status, "deep" in refused.body["error"]["message"]) == (409, True), "'reply' alone runs production"
    assert (await caller("PATCH", "/v1/chains/deep", {"archived": True})).status == 200
    assert (await caller("DELETE", "/v1/prompts/reply/labels/production")).status == 200
    assert (await caller("DELETE", "/v1/prompts/reply/labels/staging")).status == 200


async def test_a_prompt_that_a_chain_names_in_capitals_is_kept_as_any_other(caller: Caller) -> None:
    await make_prompt(caller, "reply")
    assert (await caller("PUT", "/v1/prompts/reply/labels/staging", {"version": 1})).status == 200
    await make_chain(caller, "loud", call("a", "Reply@STAGING"))
    for method, path in (("DELETE", "/v1/prompts/reply/labels/staging"), ("POST", "/v1/prompts/reply/archive")):
        refused = await caller(method, path)
        assert (refused.status, "loud (version 1)" in refused.body["error"]["message"]) == (409, True), refused.body
    await make_chain(caller, "fixed", call("a", "reply@1"))
    await make_chain(caller, "written", call("a", "reply@production"))
    assert (await caller("DELETE", "/v1/prompts/reply/labels/production")).status == 409, "'reply' and 'reply@production' are one"
    assert (await caller("PATCH", "/v1/chains/written", {"archived": True})).status == 200
    assert (await caller("DELETE", "/v1/prompts/reply/labels/production")).status == 200, "its version is named"


async def test_faults_and_wrong_variables_are_refused_before_anything_costs(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    faulty = await caller("POST", "/v1/chains", {"slug": "x", "steps": [{"id": "a", "prompt": "reply"}, {"id": "b", "prompt": "none"}]})
    assert faulty.status == 422
    assert [one["param"] for one in faulty.body["error"]["details"]["problems"]] == ["steps.a.variables", "steps.b.prompt"]
    assert faulty.body["error"]["code"] == "invalid_field"
    gone = await caller("POST", "/v1/chains", {"slug": "x", "steps": [{"id": "b", "prompt": "none"}]})
    assert (gone.status, gone.body["error"]["param"]) == (404, "steps.b.prompt")
    assert (await caller("PUT", "/v1/prompts/reply/labels/staging", {"version": 1})).status == 200
    unknown = await caller("POST", "/v1/chains", {"slug": "x", "steps": [{"id": "b", "prompt": "reply@stagin"}]})
    assert (unknown.status, unknown.body["error"]["message"]) == (
        404,
        "steps.b.prompt: The prompt 'reply' has no label 'stagin'. Name it as 'reply' or 'reply@staging', by its labels; or by a version as"
        " 'reply@1', or 'reply@latest'.",
    )
    for overrides, param in (
        ({"response_format": {"type": "json"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "response_format.json_schema"),
    ):
        steps = [{"id": "a", "choose": [{"steps": [call("b", overrides=overrides)]}]}]
        wrong = await caller("POST", "/v1/chains", {"slug": "x", "steps": steps})
        assert (wrong.status, wrong.body["error"]["param"]) == (422, f"steps.b.overrides.{param}"), wrong.body
    await make_chain(caller, "beyond", call("a", overrides={"max_tokens": 9_999_999}))
    failed = await until(caller, await start(caller, "beyond"))
    [beyond] = failed["steps"]
    assert beyond["error"]["message"].startswith("overrides.max_tokens: "), beyond
    await make_chain(caller, "typed", call("a"), parameters={"topic": {"type": "string"}, "tone": {"type": "string", "default": "warm"}})
    for variables, param in (({}, "variables"), ({"topic": 1}, "variables.topic"), ({"topic": "t", "y": 1}, "variables.y")):
        refused = await caller("POST", "/v1/chains/typed/runs", {"variables": variables})
        assert (refused.status, refused.body["error"]["param"]) == (422, param)
    assert (await run(caller, "typed"))["variables"] == {"topic": "tea", "tone": "warm"}
    assert (await caller("GET", "/v1/chain-runs")).body["data"][0]["status"] == "success"
