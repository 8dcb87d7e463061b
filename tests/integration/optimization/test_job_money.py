"""The money of jobs and test runs: the fee of a run, and budgets that bind where evaluations are spent (PRODUCT B1, B2, O1)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_optimizer import run_job
from burnish_optimizer.io import evaluations_store, rests
from burnish_optimizer.io.questions import EvaluationFailed
from burnish_shared.db.session import Tx
from burnish_shared.money import NUSD_PER_CREDIT
from tests.embedded.stack import Caller, Stack
from tests.integration.optimization.conftest import Desk, make_desk
from tests.integration.optimization.test_jobs import until_nothing_is_held
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books, crash
from tests.integration.optimization.tickets import STRONG, WEAK, tickets

FEE_NUSD = 250_000_000


async def caller_with_fee(stack: Stack, *, credit_nusd: int) -> Caller:
    """Of an organization whose plan takes a fee for each run."""
    caller = await stack.caller(credit_nusd=credit_nusd)
    await books(
        stack,
        "INSERT INTO plans (plan, name, rate_limit_per_minute, concurrency, base_fee_nusd, base_credit_nusd, retention_days_most, "
        "platform_keys, optimization_fee_nusd) VALUES ('with-fee', 'With fee', 100000, 100, 0, 0, 30, true, $1) ON CONFLICT DO NOTHING",
        FEE_NUSD,
    )
    await books(stack, "SELECT set_plan($1, 'with-fee')", caller.workspace.organization_id)
    return caller


async def fees(stack: Stack, caller: Caller) -> list[tuple[str, int]]:
    rows = await books(
        stack, "SELECT kind, amount_nusd FROM transfers WHERE workspace_id = $1 AND kind IN ('fee', 'refund') ORDER BY transfer_id",
        caller.workspace.workspace_id,
    )  # fmt: skip
    return [(row["kind"], row["amount_nusd"]) for row in rows]


def job_of(desk: Desk) -> dict[str, Any]:
    return {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": 400}}


@pytest.mark.capability("B1", "O1")
async def test_a_run_pays_its_fee_with_its_row_and_gets_it_back_when_it_fails_by_our_fault(stack: Stack, start_optimizer: Any) -> None:
    desk = await make_desk(await caller_with_fee(stack, credit_nusd=100_000_000_000))
    caller = desk.caller
    twice = [await caller("POST", "/v1/optimizations", job_of(desk), headers={"idempotency-key": "once"}) for _ in range(2)]
    assert twice[0].status == 202 and twice[0].raw == twice[1].raw and twice[0].body["forecast"]["fee_nusd"] == FEE_NUSD
    assert await fees(stack, caller) == [("fee", FEE_NUSD)]
    await books(stack, "UPDATE optimization_jobs SET fence = 1000 WHERE workspace_id = $1", caller.workspace.workspace_id)
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{twice[0].body['id']}")
    assert job["status"] == "failed" and job["progress"]["evaluations"] == 0
    assert await fees(stack, caller) == [("fee", FEE_NUSD), ("refund", FEE_NUSD)]
    assert (await caller("GET", "/v1/credits")).body["balance_nusd"] == 100_000_000_000
    await assert_books_are_in_order(stack, caller)


@pytest.mark.capability("B1", "O1")
async def test_a_run_that_is_cancelled_before_it_begins_gets_its_fee_back_once(stack: Stack) -> None:
    desk = await make_desk(await caller_with_fee(stack, credit_nusd=100_000_000_000))
    job_id = (await desk.caller("POST", "/v1/optimizations", job_of(desk))).body["id"]
    for _ in range(2):
        cancelled = await desk.caller("POST", f"/v1/optimizations/{job_id}/cancel")
        assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled"), cancelled.body
    assert await fees(stack, desk.caller) == [("fee", FEE_NUSD), ("refund", FEE_NUSD)]
    state = (await desk.caller("GET", "/v1/credits")).body
    assert (state["balance_nusd"], state["held_nusd"]) == (100_000_000_000, 0)
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.capability("B1", "O1")
@pytest.mark.parametrize("fence", [0, 1])
async def test_a_run_that_is_to_stop_when_somebody_takes_it_pays_its_fee_only_where_it_had_begun(
    stack: Stack, start_optimizer: Any, fence: int
) -> None:
    desk = await make_desk(await caller_with_fee(stack, credit_nusd=100_000_000_000))
    job_id = (await desk.caller("POST", "/v1/optimizations", job_of(desk))).body["id"]
    await books(stack, "UPDATE optimization_jobs SET cancel_requested = true, fence = $2 WHERE job_id = $1", UUID(job_id), fence)
    await start_optimizer()
    assert (await desk.until(f"/v1/optimizations/{job_id}"))["status"] == "cancelled"
    assert await fees(stack, desk.caller) == [("fee", FEE_NUSD), ("refund", FEE_NUSD)][: 2 - fence]
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.capability("B1", "O1")
async def test_a_run_that_cannot_pay_its_fee_is_refused_and_leaves_nothing(stack: Stack) -> None:
    desk = await make_desk(await caller_with_fee(stack, credit_nusd=FEE_NUSD))
    refused = await desk.caller("POST", "/v1/optimizations", job_of(desk))
    assert (refused.status, refused.body["error"]["code"]) == (402, "out_of_credit")
    assert refused.body["error"]["details"] == {"needed_nusd": FEE_NUSD}
    state = (await desk.caller("GET", "/v1/credits")).body
    assert (state["balance_nusd"], state["held_nusd"]) == (FEE_NUSD, 0) and await fees(stack, desk.caller) == []
    assert (await desk.caller("GET", "/v1/optimizations")).body["data"] == []


@pytest.mark.capability("B1", "O1")
async def test_a_search_that_has_too_few_items_to_begin_costs_nothing(stack: Stack, start_optimizer: Any) -> None:
    desk = await make_desk(await caller_with_fee(stack, credit_nusd=100_000_000_000), items=tickets(train=6, validation=6, test=1))
    started = await desk.caller("POST", "/v1/optimizations", job_of(desk))
    assert started.status == 202 and started.body["forecast"]["fee_nusd"] == FEE_NUSD, started.body
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{started.body['id']}")
    assert (job["outcome"], job["finish_reason"], job["progress"]["spent_nusd"]) == ("not_enough_data", "too_few_test_items", 0)
    assert await fees(stack, desk.caller) == [("fee", FEE_NUSD), ("refund", FEE_NUSD)]
    assert (await desk.caller("GET", "/v1/credits")).body["balance_nusd"] == 100_000_000_000
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.capability("O1", "O6")
@pytest.mark.parametrize("ends", ["in the other search", "in the other measurement"])
async def test_what_was_proven_for_one_model_is_kept_where_the_money_ends_in_the_next(
    stack: Stack, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    desk = await make_desk(await stack.caller(), items=tickets(train=10, validation=6, test=10))
    other, name = "simulated/chat", "_search" if ends == "in the other search" else "_measured"
    real, found = getattr(run_job, name), list[Any]()

    async def begun(work: Any, loaded: Any, *results: Any, **named: Any) -> Any:
        """The budget of the workspace is spent when it is the other model's turn, and there is some again for what was found."""
        if named.get("model", work.model) == other:
            made = await desk.caller("POST", "/v1/budgets", {"period": "month", "target_kind": "workspace", "limit_nusd": 1})
            assert made.status == 201, made.body
            try:
                return await real(work, loaded, *found, **named)  # what one model's search found is measured with the other, too
            finally:
                assert (await desk.caller("PATCH", f"/v1/budgets/{made.body['id']}", {"limit_nusd": 10**12})).status == 200
        found.extend(results)
        return await real(work, loaded, *results, **named)

    monkeypatch.setattr(run_job, name, begun)
    await start_optimizer()
    models = {"task": "simulated/reader", "variants": [other]}
    body = job_of(desk) | {"method": "manual", "manual": {"candidates": [STRONG]}, "models": models, "budget": {"evaluations": 800}}
    started = await desk.caller("POST", "/v1/optimizations", body)
    assert started.status == 202, started.body
    job = await desk.until(f"/v1/optimizations/{started.body['id']}")
    assert (job["status"], job["outcome"], job["finish_reason"]) == ("completed", "improved", "proven_then_out_of_budget"), (
        job["error"] or job["report"]
    )
    told = {one["model"]: (one["outcome"], one["finish_reason"]) for one in job["report"]["models"]}
    assert told == {"simulated/reader": ("improved", "proven_on_test"), other: ("no_improvement", "out_of_budget")}
    found = (await desk.caller("GET", f"/v1/suggestions/{job['suggestion_id']}")).body
    assert found["content"]["messages"][0]["content"] == STRONG
    assert [(one["model"], one["messages"][0]["content"]) for one in found["content"]["variants"]] == [(other, WEAK)]
    await assert_books_are_in_order(stack, desk.caller)


class Limits:
    """`asyncio` as the job sees it, with the limit of time that it works under."""

    limit: asyncio.Timeout

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        self.limit = asyncio.timeout(seconds)
        return self.limit


@pytest.mark.capability("O1", "O6")
@pytest.mark.parametrize("ends", ["out_of_time", "model_failed"])
async def test_what_was_found_for_one_model_is_proven_before_the_search_for_the_next_is_cut_short(
    stack: Stack, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    desk = await make_desk(await stack.caller(), items=tickets(train=10, validation=6, test=10))
    other, real, limits = "simulated/chat", run_job._search, Limits()
    monkeypatch.setattr(run_job, "asyncio", limits)

    async def begun(work: Any, loaded: Any, **named: Any) -> Any:
        if work.model != other:
            return await real(work, loaded, **named)
        if ends == "model_failed":
            raise EvaluationFailed("A model call failed 5 times: it is away.")
        limits.limit.reschedule(asyncio.get_running_loop().time())
        return await asyncio.sleep(60)

    monkeypatch.setattr(run_job, "_search", begun)
    await start_optimizer()
    models = {"task": "simulated/reader", "variants": [other]}
    body = job_of(desk) | {"method": "manual", "manual": {"candidates": [STRONG]}, "models": models}
    started = await desk.caller("POST", "/v1/optimizations", body | {"budget": {"evaluations": 800, "seconds": 3_600}})
    assert started.status == 202, started.body
    job = await desk.until(f"/v1/optimizations/{started.body['id']}")
    assert (job["status"], job["outcome"], job["finish_reason"]) == ("completed", "improved", f"proven_then_{ends}"), job["error"]
    told = {one["model"]: (one["outcome"], one["finish_reason"]) for one in job["report"]["models"]}
    assert told == {"simulated/reader": ("improved", "proven_on_test"), other: ("no_improvement", ends)}
    found = (await desk.caller("GET", f"/v1/suggestions/{job['suggestion_id']}")).body
    assert found["content"]["messages"][0]["content"] == STRONG and len(found["evidence"]["variants"]) == 1
    assert [(one["model"], one["messages"][0]["content"]) for one in found["content"]["variants"]] == [(other, WEAK)]
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.capability("O1", "O6")
async def test_of_several_models_each_search_tells_of_its_own_edits_and_what_merely_led_was_not_chosen(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time ends after the second model's search, and before what it found was measured; the third's has not begun."""
    second, third, real, limits = "simulated/chat", "simulated/writer", run_job._measured, Limits()
    found: list[Any] = []
    monkeypatch.setattr(run_job, "asyncio", limits)

    async def measured(work: Any, loaded: Any, result: Any, *, model: str) -> Any:
        found.append(result)
        if model != second:
            return await real(work, loaded, replace(result, candidate=None, finish_reason="not_confirmed"), model=model)
        limits.limit.reschedule(asyncio.get_running_loop().time())
        return await asyncio.sleep(60)

    monkeypatch.setattr(run_job, "_measured", measured)
    await start_optimizer()
    models = {"task": "simulated/reader", "variants": [second, third]}
    body = job_of(desk) | {"models": models, "budget": {"evaluations": 2_400, "seconds": 3_600}}
    started = await desk.caller("POST", "/v1/optimizations", body)
    assert started.status == 202, started.body
    job = await desk.until(f"/v1/optimizations/{started.body['id']}")
    assert (job["outcome"], job["finish_reason"]) == ("no_improvement", "out_of_time"), job["error"]
    first_told, second_told, third_told = job["report"]["models"]
    texts = [[one.edit.text for one in (*result.effects, *result.rejected)] for result in found]
    listed = [await desk.proposals(job["id"], model=told["model"]) for told in (first_told, second_told, third_told)]
    assert [sorted(edit["text"] for edit in edits) for edits in listed[:2]] == [sorted(one) for one in texts] and all(texts)
    assert [told["main"] for told in (first_told, second_told, third_told)] == [False, True, False]
    assert listed[2] == [] and sorted(map(str, listed[1][:50])) == sorted(map(str, job["edits"])), "those that rank first"
    assert all(sum(told["counts"].values()) == len(edits) for told, edits in zip(job["report"]["models"], listed, strict=True))
    assert "chosen" not in {edit["state"] for edit in job["edits"]}


@pytest.mark.capability("B2")
async def test_evaluations_count_against_the_budgets_of_workspace_and_prompt_and_a_hard_one_stops_them(
    stack: Stack, desk: Desk, start_optimizer: Any
) -> None:
    async def budget(**fields: Any) -> str:
        made = await desk.caller("POST", "/v1/budgets", {"period": "month", **fields})
        assert made.status == 201, made.body
        return str(made.body["id"])

    async def spent(budget_id: str) -> int:
        return int((await desk.caller("GET", f"/v1/budgets/{budget_id}")).body["spent_nusd"])

    whole = await budget(target_kind="workspace", limit_nusd=10**12)
    prompt = await budget(target_kind="prompt", target_id="tickets", limit_nusd=10**12)
    other = await budget(target_kind="end_user", target_id="nobody", limit_nusd=0)
    await start_optimizer()
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val"}
    run = await desk.until(f"/v1/test-runs/{(await desk.caller('POST', '/v1/test-runs', body)).body['id']}")
    assert run["status"] == "completed" and await spent(whole) == await spent(prompt) == run["cost_nusd"] > 0 == await spent(other)
    limit = run["cost_nusd"] + 1
    assert (await desk.caller("PATCH", f"/v1/budgets/{prompt}", {"limit_nusd": limit})).status == 200
    stopped = await desk.until(f"/v1/test-runs/{(await desk.caller('POST', '/v1/test-runs', body)).body['id']}")
    assert stopped["status"] == "failed" and "GET /v1/budgets shows which" in stopped["error"]["message"]
    assert stopped["error"]["code"] == "budget_exhausted", "as a call is told, so that the page leads to the budgets"
    assert await spent(prompt) <= limit
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.capability("B2")
async def test_a_budget_that_is_held_and_not_spent_is_waited_for(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the run's own calls first, of which many at once are held for with more than all of them cost; then by others alone."""
    monkeypatch.setattr(rests, "RESTS_S", (0.01,) * 7)
    await start_optimizer()
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val"}

    async def run() -> Any:
        return await desk.until(f"/v1/test-runs/{(await desk.caller('POST', '/v1/test-runs', body)).body['id']}")

    first = await run()
    held = await books(stack, "SELECT max(cost_nusd) AS most FROM executions WHERE job_id = $1::text::uuid", first["id"])
    made = await desk.caller(
        "POST", "/v1/budgets", {"period": "month", "target_kind": "prompt", "target_id": "tickets", "limit_nusd": 10**12}
    )
    path = f"/v1/budgets/{made.body['id']}"
    spent = (await desk.caller("GET", path)).body["spent_nusd"]
    limit = spent + first["cost_nusd"] + 20 * held[0]["most"]
    assert (await desk.caller("PATCH", path, {"limit_nusd": limit})).status == 200
    second = await run()
    assert (second["status"], second["cost_nusd"]) == ("completed", first["cost_nusd"]), second["error"]

    await desk.caller("PATCH", path, {"limit_nusd": limit + first["cost_nusd"]})
    owner = await asyncpg.connect(stack.urls["superuser"])
    account = await owner.fetchval("SELECT account_id FROM burnish.budgets WHERE budget_id = $1::text::uuid", made.body["id"])
    looks: list[bool] = []

    async def released(tx: Tx, account_ids: Sequence[int], *, amount_nusd: int) -> bool:
        looks.append(await inner(tx, account_ids, amount_nusd=amount_nusd))
        if len(looks) == 3:
            await owner.execute("UPDATE burnish.accounts SET held_nusd = held_nusd - $2 WHERE account_id = $1", account, limit)
        return looks[-1]

    inner = evaluations_store.is_only_held
    monkeypatch.setattr(evaluations_store, "is_only_held", released)
    try:
        await owner.execute("UPDATE burnish.accounts SET held_nusd = held_nusd + $2 WHERE account_id = $1", account, limit)
        third = await run()
        assert (third["status"], looks[:3]) == ("completed", [True] * 3), third["error"]
    finally:
        await owner.close()
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.capability("E7")
async def test_a_test_run_buys_nothing_without_a_price_with_the_operators_key(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    """It asks what the version says, and no gateway looks at it before."""
    made = await desk.caller("POST", "/v1/prompts/tickets/versions", {"base_version": 1, "tools": [{"type": "browser_search"}]})
    assert made.status == 201, made.body
    await start_optimizer()
    await books(stack, "SELECT announce_platform_keys('{simulated}')")
    try:
        body = {"prompt": "tickets", "version": made.body["version"], "dataset_id": desk.dataset_id, "split": "val"}
        run = await desk.until(f"/v1/test-runs/{(await desk.caller('POST', '/v1/test-runs', body)).body['id']}")
    finally:
        await books(stack, "SELECT announce_platform_keys('{}')")
    asked = await books(stack, "SELECT error, cost_nusd FROM executions WHERE job_id = $1::text::uuid", run["id"])
    assert asked and all(row["cost_nusd"] == 0 and "no_provider_key" in row["error"] for row in asked), (run, asked)


async def cut_short(stack: Stack, desk: Desk, start_optimizer: Any, path: str, *, how: str) -> dict[str, Any]:
    """Ends what is under way in the middle, with calls on their way. Returns it as it is told then."""
    caller, first = desk.caller, await start_optimizer(replica="a", job_in_flight=6, progress_interval_s=5)
    async with asyncio.timeout(30):
        while (await caller("GET", path)).body["status"] == "pending":
            await asyncio.sleep(0.01)
    owner = path.rpartition("/")[2]
    async with asyncio.timeout(30):
        while len(await books(stack, "SELECT FROM executions WHERE job_id = $1::text::uuid", owner)) < 30:
            await asyncio.sleep(0.01)
    match how:
        case "cancelled":
            assert (await caller("POST", f"{path}/cancel")).status == 200
        case "failed":
            account = await caller("POST", "/v1/budgets", {"period": "month", "target_kind": "workspace", "limit_nusd": 1})
            assert account.status == 201, account.body
        case _:
            await crash(stack, first, owner)
            await start_optimizer(replica="b")
    ended: dict[str, Any] = await desk.until(path)
    await until_nothing_is_held(stack, desk)
    return ended


async def told_and_booked(stack: Stack, desk: Desk, path: str) -> tuple[int, int, int]:
    """What it is said to have spent, alone and in the list, and what its executions cost."""
    list_path, _, owner = path.rpartition("/")
    bodies = [(await desk.caller("GET", path)).body, (await desk.caller("GET", list_path)).body["data"][0]]
    alone, listed = (one["spent_nusd"] if "spent_nusd" in one else one["progress"]["spent_nusd"] for one in bodies)
    rows = await books(stack, "SELECT cost_nusd FROM executions WHERE job_id = $1::text::uuid", owner)
    return alone, listed, sum(row["cost_nusd"] for row in rows)


@pytest.mark.capability("D2", "O1", "B1")
@pytest.mark.parametrize("how", ["cancelled", "failed", "killed and resumed"])
@pytest.mark.parametrize("what", ["test-runs", "optimizations"])
async def test_what_was_cut_short_says_what_it_spent_as_the_books_do(
    stack: Stack, desk: Desk, start_optimizer: Any, what: str, how: str
) -> None:
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train", "repeats": 8} if what == "test-runs" else job_of(desk)
    started = await desk.caller("POST", f"/v1/{what}", body)
    assert started.status == 202, started.body
    path = f"/v1/{what}/{started.body['id']}"
    ended = await cut_short(stack, desk, start_optimizer, path, how=how)
    assert ended["status"] == {"killed and resumed": "completed"}.get(how, how) or ended["finish_reason"] == "out_of_budget", ended
    alone, listed, booked = await told_and_booked(stack, desk, path)
    assert alone == listed == booked > 0
    await assert_books_are_in_order(stack, desk.caller)


async def test_a_forecast_names_the_budgets_that_will_not_do(desk: Desk) -> None:
    job = {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": 2_000}}
    run = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test"}

    async def short_of(path: str, body: dict[str, Any]) -> list[str]:
        plan = (await desk.caller("POST", path, body)).body
        assert all(0 <= one["left_nusd"] < plan["forecast"]["cost_nusd"] for one in plan["short_budgets"])
        return [one["name"] for one in plan["short_budgets"]]

    cost = {
        path: (await desk.caller("POST", path, body)).body["forecast"]["cost_nusd"]
        for path, body in (("/v1/optimizations/forecast", job), ("/v1/test-runs/forecast", run))
    }
    between = cost["/v1/test-runs/forecast"]
    assert between < cost["/v1/optimizations/forecast"]
    for name, fields in (
        ("enough", {"target_kind": "workspace", "period": "month", "limit_nusd": 10**12}),
        ("warns only", {"target_kind": "workspace", "period": "day", "limit_nusd": 1, "hard": False}),
        ("between", {"target_kind": "prompt", "target_id": "tickets", "period": "day", "limit_nusd": between}),
        ("tight", {"target_kind": "prompt", "target_id": "tickets", "period": "month", "limit_nusd": 1}),
        ("another's", {"target_kind": "end_user", "target_id": "ada", "period": "day", "limit_nusd": 1}),
    ):
        assert (await desk.caller("POST", "/v1/budgets", {"name": name, **fields})).status == 201
    assert await short_of("/v1/optimizations/forecast", job) == ["tight", "between"]
    assert await short_of("/v1/test-runs/forecast", run) == ["tight"]


async def test_a_forecast_counts_what_is_left_of_a_budget_and_what_the_search_may_spend(desk: Desk) -> None:
    path, job = "/v1/optimizations/forecast", {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": 2_000}}

    async def short_of(**budget: Any) -> list[tuple[str, int]]:
        plan = (await desk.caller("POST", path, job | {"budget": job["budget"] | budget})).body
        return [(one["name"], one["left_nusd"]) for one in plan["short_budgets"]]

    cost = (await desk.caller("POST", path, job)).body["forecast"]["cost_nusd"]
    budget = {"name": "just enough", "target_kind": "workspace", "period": "month", "limit_nusd": cost}
    made = (await desk.caller("POST", "/v1/budgets", budget)).body["id"]
    assert await short_of() == []
    paid = (await desk.caller("POST", "/v1/executions", {"prompt": "tickets", "variables": {"ticket": "late"}})).body["cost_nusd"]
    assert paid > 0 and await short_of() == [("just enough", cost - paid)]
    assert await short_of(credits=(cost - paid) / NUSD_PER_CREDIT / 2) == [], "a search that is capped below it does not run into it"
    assert (await desk.caller("DELETE", f"/v1/budgets/{made}")).status == 204
    assert await short_of() == []
