"""Every figure of every arm: read from the answers themselves, shown, given as a file, decided by, and kept in a report."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from burnish_optimizer.io import experiments_store
from burnish_optimizer.io.experiments_store import ExperimentClaim
from burnish_optimizer.refresh_percentiles import refresh_percentiles
from burnish_optimizer.settings import OptimizerSettings
from burnish_optimizer.watch_experiments import ExperimentWatch
from burnish_shared.experiments.analysis import analyse
from burnish_shared.experiments.assign import Allocation, bucket_of
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.analytics.traffic import analytics_on, execution, thumb
from tests.integration.experiments.crowd import Crowd, crowd
from tests.integration.experiments.lives import SLUG, body, drafted, ramp, started, two_versions

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("X2")]

TIMES = {"control": 1.0, "candidate": 2.0}


async def answered(some: Crowd, stack: Stack, n: int, *, slower: dict[str, float] = TIMES, failed: dict[str, float] | None = None) -> None:
    """`n` new users with two answers each, counted by analytics as a gateway would tell of them."""
    row = await some.row("epoch, hash_key")
    [at] = await some.rows("SELECT ranges FROM experiment_epochs WHERE experiment_id = $1 AND epoch = $2", row["epoch"])
    allocation, told = Allocation.of(at["ranges"]), []
    for _ in range(n):
        some.came += 1
        unit = f"user:{some.came}"
        arm = allocation.arm_at(bucket_of(row["hash_key"], unit))
        if arm is None:
            continue
        for _ in range(2):
            good = some.dice.random() >= (failed or {}).get(arm, 0.0)
            one = execution(
                some.workspace_id, experiment_id=some.experiment_id, arm=arm, allocation_epoch=row["epoch"], unit=unit, slug=SLUG,
                end_user=str(some.came), latency_ms=round(some.dice.lognormvariate(6, 0.5) * slower[arm]), cost_nusd=1000,
                finished_at=some.clock.at, status="success" if good else "error",
            )  # fmt: skip
            told += [one, thumb(one, int(some.dice.random() < 0.7), user_id=str(some.came))]
    await analytics_on(some.analytics, stack.urls["superuser"]).count(*told)


@asynccontextmanager
async def reads_held_up(stack: Stack, table: str) -> AsyncIterator[None]:
    """Somebody holds the table: whoever reads it is told that the database is busy."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield


def count(metric: str, outcome: str) -> float:
    return REGISTRY.get_sample_value(metric, {"outcome": outcome}) or 0.0


async def shown(caller: Caller, experiment: str) -> dict[str, Any]:
    results = (await caller("GET", f"/v1/experiments/{experiment}")).body["results"]
    return {one["metric"]: one for one in results["figures"]}


async def test_every_arm_shows_every_figure_and_gives_them_as_a_file(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    guardrails = [{"metric": "error_rate", "margin": 0.5}, {"metric": "cost_nusd", "margin": 0.2, "relative": True}]
    arms = [{"name": "control", "label": "production"}, {"name": "candidate", "version": 2}]
    experiment = await started(caller, body(metric="satisfaction", guardrails=guardrails, arms=arms, min_samples=1000))
    async with crowd(stack, caller, experiment, seed=8) as some:
        await answered(some, stack, 500, failed={"candidate": 0.1})
        await some.look()
        assert "latency_p95_ms" not in await shown(caller, experiment), "read beside the look, not for it"
        await some.look()
        told = await shown(caller, experiment)
        wanted = ["satisfaction", "error_rate", "cost_nusd", "latency_p50_ms", "latency_p95_ms", "latency_ms", "feedback_rate"]
        assert list(told) == wanted and [one["role"] for one in told.values()] == ["decides", "guardrail", "guardrail", *["told"] * 4]
        p95 = {one["arm"]: one for one in told["latency_p95_ms"]["arms"]}
        assert p95["control"]["low"] < p95["control"]["value"] < p95["control"]["high"]
        assert p95["candidate"]["value"] == pytest.approx(2 * p95["control"]["value"], rel=0.25)
        [moved] = told["latency_p95_ms"]["differences"]
        assert moved["low"] < moved["value"] < moved["high"] and moved["value"] > 0
        exact = await some.rows(
            """SELECT arm, percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms) AS p95, count(*) AS answers FROM execution_facts
                WHERE experiment_id = $1 AND status = 'success' GROUP BY arm"""
        )
        assert {row["arm"]: row["p95"] for row in exact} == pytest.approx({arm: one["value"] for arm, one in p95.items()})
        assert {row["arm"]: row["answers"] for row in exact} == {arm: one["observations"] for arm, one in p95.items()}
        assert {one["arm"]: one["value"] for one in told["feedback_rate"]["arms"]} == {"control": 1.0, "candidate": 1.0}

        file = await caller("GET", f"/v1/experiments/{experiment}?format=csv")
        assert file.headers["content-type"] == "text/csv; charset=utf-8" and f"burnish-experiment-{experiment}.csv" in str(file.headers)
        lines = list(csv.DictReader(io.StringIO(file.body)))
        assert [(line["metric"], line["arm"]) for line in lines] == [(name, arm) for name in wanted for arm in ("control", "candidate")]
        errors = next(line for line in lines if (line["metric"], line["arm"]) == ("error_rate", "candidate"))
        assert errors["standing"] == "ok" and float(errors["difference_low"]) < float(errors["difference"])
        assert errors["gives"] == "v2" and int(errors["calls"]) == sum(row["n"] for row in await some.rows(
            "SELECT count(*) AS n FROM execution_facts WHERE experiment_id = $1 AND arm = 'candidate'"))  # fmt: skip
        stranger, viewer = await stack.caller(), await stack.caller(workspace=caller.workspace, role="viewer")
        assert (await stranger("GET", f"/v1/experiments/{experiment}?format=csv")).status == 404
        assert (await viewer("GET", f"/v1/experiments/{experiment}?format=csv")).status == 200

        # Read anew with a tenth more answers, and not for fewer.
        [before] = await some.rows("SELECT memory FROM experiment_watch WHERE experiment_id = $1")
        await answered(some, stack, 20)
        await some.look()
        [after] = await some.rows("SELECT memory FROM experiment_watch WHERE experiment_id = $1")
        assert after["memory"]["read_at"] == before["memory"]["read_at"]
        await answered(some, stack, 100)
        await some.look()
        [after] = await some.rows("SELECT memory FROM experiment_watch WHERE experiment_id = $1")
        assert after["memory"]["read_at"][0] > 1.1 * before["memory"]["read_at"][0]


@pytest.mark.capability("X3")
async def test_a_rollback_waits_for_no_percentiles_that_cannot_be_read(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    guardrail = {"metric": "error_rate", "margin": 0.02}
    experiment = await started(caller, ramp() | {"metric": "success", "guardrails": [guardrail], "rollout": {"steps": [0.5, 1.0]}})
    async with crowd(stack, caller, experiment, seed=21) as some:
        await answered(some, stack, 300)
        assert await some.look() is None
        [kept] = await some.rows("SELECT memory FROM experiment_watch WHERE experiment_id = $1")
        assert kept["memory"]["percentiles"]
        await answered(some, stack, 600, failed={"candidate": 0.5})
        async with reads_held_up(stack, "execution_facts"):
            order = await some.look()
            assert order is not None and order.kind == "roll_back"
            assert count("burnish_optimizer_percentiles_read_total", "busy") > 0
        row = await some.row("status, rollout_state, verdict")
        assert (row["status"], row["rollout_state"]) == ("completed", "rolled_back")
        figures = {one["metric"]: one for one in row["verdict"]["result"]["figures"]}
        before = {one[2]: one[3] for one in kept["memory"]["percentiles"] if one[:2] == ["latency_p95_ms", 0]}
        assert {one["arm"]: one["value"] for one in figures["latency_p95_ms"]["arms"]} == before, "the last ones stay"


async def test_a_look_that_read_none_writes_over_none_that_came_meanwhile(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(metric="success", min_samples=1000))
    async with crowd(stack, caller, experiment, seed=23) as some:
        await answered(some, stack, 300)
        await some.look()
        held = await _held_again(some)
        async with some.optimizer.unit_of_work(workspace=some.workspace_id) as tx:
            watched = await experiments_store.load(tx, held)
            assert watched is not None and watched.memory.percentiles
            newer = [replace(one, units=one.units + 1) for one in watched.memory.percentiles]
            await experiments_store.keep_percentiles(tx, held, newer, read_at=(1, 1))
            analysis = analyse(watched.seen.plan, watched.seen.epochs, watched.memory)
            assert await experiments_store.write(
                tx, held, watched, analysis, result={}, widened_at=(0, 0), read_at=(2, 1), order=None, at=datetime.now(UTC), next_look_s=60,
            )  # fmt: skip
            after = await experiments_store.load(tx, held)
        assert after is not None and list(after.memory.percentiles) == newer and after.read_at == (2, 1)


async def _held_again(some: Crowd) -> ExperimentClaim:
    [row] = await some.rows("SELECT fence FROM experiment_watch WHERE experiment_id = $1")
    return ExperimentClaim(some.experiment_id, some.workspace_id, row["fence"])


async def test_percentiles_that_cannot_be_read_are_tried_again_with_more_answers(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(metric="success", min_samples=1000))
    async with crowd(stack, caller, experiment, seed=22) as some:
        held = ExperimentClaim(some.experiment_id, some.workspace_id, 0)
        await answered(some, stack, 400)
        async with reads_held_up(stack, "execution_facts"):
            await some.look()
        [kept] = await some.rows("SELECT memory FROM experiment_watch WHERE experiment_id = $1")
        assert not {"percentiles", "read_at"} & kept["memory"].keys() and kept["memory"]["tried_at"][0] > 0
        assert not await refresh_percentiles(held, db=some.optimizer), "nothing new came"
        await answered(some, stack, 100)
        await some.look()
        [kept] = await some.rows("SELECT memory FROM experiment_watch WHERE experiment_id = $1")
        assert kept["memory"]["percentiles"]
        await some.look()
        assert "latency_p95_ms" in await shown(caller, experiment)


async def test_a_look_that_found_the_database_busy_is_counted(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(metric="success"))
    async with crowd(stack, caller, experiment, seed=23) as some:
        await answered(some, stack, 50)
        before = count("burnish_optimizer_experiment_looks_total", "busy")
        settings = OptimizerSettings.model_validate(
            {"DATABASE_URL": "postgresql://unused", "NATS_URL": "unused", "kek": "unused", "replica": "w", "experiment_interval_s": 3600.0}
        )
        async with reads_held_up(stack, "experiment_sums"):
            with capture_logs() as logs:
                await ExperimentWatch(db=some.optimizer, settings=settings, clock=some.clock).turn()
        assert count("burnish_optimizer_experiment_looks_total", "busy") > before
        busy = [one for one in logs if one["event"] == "experiment.look_busy"]
        assert str(some.experiment_id) in {one["experiment_id"] for one in busy}


@pytest.mark.capability("X1")
async def test_the_95th_percentile_decides_and_users_who_come_back_widen_it(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    refused = await caller("POST", "/v1/experiments", body(metric="latency_p95_ms", deciding={"method": "fixed", "planned_units": 500}))
    assert refused.status == 422 and "sequential" in refused.body["error"]["message"]
    experiment = await started(caller, body(metric="latency_p95_ms", min_samples=500))
    same = {"control": 1.0, "candidate": 1.0}
    async with crowd(stack, caller, experiment, seed=9) as some:
        await answered(some, stack, 60, slower=same)
        assert await some.look() is None
        assert some.said[-1].startswith("Too few to say anything: ")
        await answered(some, stack, 400, slower=same)
        await some.look()
        for verb in ("pause", "resume"):
            assert (await caller("POST", f"/v1/experiments/{experiment}/{verb}")).status == 200
        some.came, some.dice = 0, type(some.dice)(9)  # The same users, as slow as they were.
        await answered(some, stack, 460, slower=same)
        await some.look()
        [kept] = await some.rows("SELECT memory FROM experiment_watch WHERE experiment_id = $1")
        assert 1.5 < kept["memory"]["widening"]["candidate"] < 2.2 and len(kept["memory"]["percentiles"]) == 12
        while (await some.row("status"))["status"] != "completed":
            assert some.came < 6_000
            await answered(some, stack, 400, slower={"control": 2.5, "candidate": 1.0})
            await some.look(after=timedelta(minutes=1))
        row = await some.row("winner, verdict")
        assert row["winner"] == "candidate"
        assert row["verdict"]["sentence"].startswith("'candidate' is better: −") and " ms latency at the 95th" in row["verdict"]["sentence"]
        figures = {one["metric"]: one for one in row["verdict"]["result"]["figures"]}
        assert figures["latency_p95_ms"]["role"] == "decides" and figures["latency_p95_ms"]["differences"][0]["high"] < 0


@pytest.mark.capability("A3")
async def test_a_report_of_an_experiment_that_ended_keeps_all_of_it(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(metric="success", name="=HYPERLINK(1)"))
    early = await caller("POST", "/v1/reports", {"kind": "experiment", "target": experiment})
    assert early.status == 422 and "is not over" in early.body["error"]["message"] and early.body["error"]["param"] == "target"
    async with crowd(stack, caller, experiment, seed=10) as some:
        await answered(some, stack, 150)
        await some.look()
    decided = await caller(
        "POST", f"/v1/experiments/{experiment}/decide", {"winner": "candidate", "reason": "cheaper", "move_label": False}
    )
    assert decided.status == 200, decided.body
    made = await caller("POST", "/v1/reports", {"kind": "experiment", "target": experiment})
    assert made.status == 201, made.body
    told = made.body["content"]["experiment"]
    assert (told["outcome"], told["winner"], told["reason"], told["prompt"]) == ("better", "candidate", "cheaper", SLUG)
    assert made.body["summary"] == told["sentence"] == decided.body["verdict"]["sentence"]
    assert made.body["title"] == "Experiment =HYPERLINK(1)" and made.body["target"] == experiment
    assert {line["metric"] for line in told["figures"]} >= {"success", "latency_ms", "cost_nusd", "satisfaction"}
    assert (await caller("GET", f"/v1/reports/{made.body['id']}")).body == made.body
    assert [one["id"] for one in (await caller("GET", f"/v1/reports?kind=experiment&target={experiment}")).body["data"]] == [
        made.body["id"]
    ]
    file = list(csv.DictReader(io.StringIO((await caller("GET", f"/v1/reports/{made.body['id']}?format=csv")).body)))
    assert {"section": "experiment", "group": experiment, "figure": "name", "value": "'=HYPERLINK(1)"} in file
    assert any(row["group"] == "candidate: success" and row["figure"] == "value" for row in file)
    whole = await caller("POST", "/v1/reports", {"kind": "workspace"})
    assert [one["experiment_id"] for one in whole.body["content"]["experiments"]] == [experiment]
    for said, param in (
        ({"target": "no-id"}, "target"), ({}, "target"), ({"target": experiment, "from": "2026-11-01T00:00:00Z"}, "from"),
    ):  # fmt: skip
        answer = await caller("POST", "/v1/reports", {"kind": "experiment", **said})
        assert answer.status == 422 and answer.body["error"]["param"] == param, answer.body
    stranger = await stack.caller()
    assert (await stranger("POST", "/v1/reports", {"kind": "experiment", "target": experiment})).status == 404
    draft = await drafted(caller, body())
    assert (await caller("POST", "/v1/reports", {"kind": "experiment", "target": draft})).status == 422
