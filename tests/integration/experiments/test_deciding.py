"""Experiments and guarded rollouts that decide themselves, on real parts with simulated users (PRODUCT X2-X4)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_optimizer.conclude_experiment import conclude_experiment
from burnish_optimizer.io import experiments_store
from burnish_optimizer.settings import OptimizerSettings
from burnish_optimizer.watch_experiments import ExperimentWatch
from burnish_shared.experiments.outlook import NOBODY_NEW
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.experiments.crowd import Crowd, crowd
from tests.integration.experiments.lives import body, ramp, started, two_versions

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("X2")]

MINUTE = timedelta(minutes=1)


def satisfaction(**changed: Any) -> dict[str, Any]:
    return body(**({"metric": "satisfaction", "on_winner": "automatic"} | changed))


def rollout(**steps: Any) -> dict[str, Any]:
    return ramp() | {"metric": "satisfaction", "rollout": steps}


async def until_over(some: Crowd, satisfied: dict[str, float], *, batch: int, most: int, **more: Any) -> None:
    """Users in batches, a look after each."""
    while some.came < most:
        await some.answer(batch, satisfied, **more)
        await some.look()
        if (await some.row("status"))["status"] == "completed":
            return


@pytest.mark.capability("X4")
async def test_five_points_more_are_promoted(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=5) as some:
        await until_over(some, {"control": 0.75, "candidate": 0.80}, batch=400, most=12_000)
        row = await some.row("status, winner, verdict, decided_by, promotion")
        assert (row["status"], row["winner"], row["decided_by"]) == ("completed", "candidate", "system:optimizer")
        assert row["promotion"]["state"] == "moved" and await some.label() == 2
        verdict = row["verdict"]
        assert (
            verdict["outcome"] == "better"
            and verdict["sentence"].startswith("'candidate' is better: +")
            and "you may stop" not in str(verdict)
        )
        assert verdict["rule"]["method"] == "sequential" and verdict["data"]["1"]["candidate"]["satisfaction"][0] > 100
        assert await some.told() == ["experiment.started", "experiment.decided"]
        looks = await some.rows("SELECT units, differences FROM experiment_looks WHERE experiment_id = $1 ORDER BY number")
        widths = [one["differences"][0]["high"] - one["differences"][0]["low"] for one in looks]
        assert len(looks) > 2 and widths[-1] < widths[0] and looks[-1]["units"] == some.came
        shown = (await caller("GET", f"/v1/experiments/{experiment}")).body
        assert len(shown["results"]["over_time"]) == len(looks) and shown["verdict"]["sentence"] == verdict["sentence"]
        # Frozen: who comes later changes nothing.
        await some.answer(500, {"control": 1.0, "candidate": 0.0})
        await some.look()
        assert (await some.row("verdict"))["verdict"] == verdict


@pytest.mark.capability("X3")
async def test_fifteen_points_less_are_rolled_back_inside_the_step_of_five_percent(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, rollout(steps=[0.01, 0.05, 0.25, 1.0], bake_s=3600))
    async with crowd(stack, caller, experiment, seed=15) as some:
        for _ in range(120):
            await some.answer(250, {"control": 0.85, "candidate": 0.70})
            await some.look(after=5 * MINUTE)
            if (await some.row("status"))["status"] == "completed":
                break
        row = await some.row("status, rollout_state, step, verdict, winner")
        assert (row["status"], row["rollout_state"], row["winner"]) == ("completed", "rolled_back", "control") and row["step"] <= 1
        sentence = row["verdict"]["sentence"]
        assert "'candidate' is worse: −" in sentence or "does harm: satisfaction −" in sentence
        assert "may stop" not in sentence and await some.label() == 1
        told = await some.told()
        assert told[0] == "experiment.started" and told[-1] == "experiment.rolled_back"


async def test_three_points_less_are_never_called_better(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=3) as some:
        await until_over(some, {"control": 0.75, "candidate": 0.72}, batch=1000, most=16_000)
        assert not [said for said in some.said if "is better" in said]
        row = await some.row("winner, verdict")
        assert row["winner"] in (None, "control") and await some.label() == 1


async def test_equal_arms_end_with_no_difference(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction(deciding={"equivalence_margin": 0.05}))
    async with crowd(stack, caller, experiment, seed=1) as some:
        await until_over(some, {"control": 0.8, "candidate": 0.8}, batch=1000, most=16_000)
        row = await some.row("winner, verdict")
        assert row["verdict"]["outcome"] == "no_difference" and await some.label() == 1
        assert row["verdict"]["sentence"].startswith("No difference that matters") and "within ±5.0 points" in row["verdict"]["sentence"]
        assert await some.told() == ["experiment.started", "experiment.decided"]


@pytest.mark.promise("O-10")
async def test_a_skewed_split_is_refused(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=2) as some:
        await until_over(some, {"control": 0.75, "candidate": 0.76}, batch=250, most=8_000, lost={"candidate": 0.25})
        row = await some.row("winner, verdict, promotion")
        assert row["verdict"]["outcome"] == "refused" and row["winner"] is None and await some.label() == 1
        assert row["verdict"]["sentence"].startswith("No verdict:") and row["verdict"]["result"]["sample_ratio"]["evidence"] >= 100
        assert await some.told() == ["experiment.started", "experiment.decided"]


@pytest.mark.capability("X3")
async def test_a_good_candidate_takes_every_step_and_is_held_against_the_past_where_nobody_is_left(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, rollout(steps=[0.05, 0.5, 1.0], bake_s=600))
    async with crowd(stack, caller, experiment, seed=8) as some:
        for _ in range(60):
            await some.answer(400, {"control": 0.85, "candidate": 0.88}, cost=1000)
            await some.look(after=12 * MINUTE)
            if (await some.row("status"))["status"] == "completed":
                break
        row = await some.row("rollout_state, step, verdict, winner")
        assert (row["rollout_state"], row["step"], row["winner"]) == ("finished", 2, "candidate") and await some.label() == 2
        assert row["verdict"]["outcome"] == "rolled_out" and "At 100% there is no control any more" in row["verdict"]["sentence"]
        assert await some.told() == ["experiment.started", "experiment.advanced", "experiment.advanced", "experiment.decided"]


@pytest.mark.capability("X3")
async def test_a_new_step_is_shown_as_open_whatever_the_figures_say(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, rollout(steps=[0.5, 1.0], bake_s=600))
    async with crowd(stack, caller, experiment, seed=14) as some:
        await some.answer(3000, {"control": 0.6, "candidate": 0.8})
        assert await some.look() is None
        advanced = await caller("POST", f"/v1/experiments/{experiment}/advance")
        assert advanced.status == 200, advanced.body
        standing = (await caller("GET", f"/v1/experiments/{experiment}")).body["results"]["standing"]
        assert standing["outcome"] == "undecided" and "is better" in standing["sentence"] and "may stop" not in standing["sentence"]


@pytest.mark.capability("X3")
async def test_a_rollout_that_was_told_to_wait_is_held_and_goes_on_when_somebody_says_so(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, rollout(steps=[0.5, 1.0], bake_s=60, advances=False))
    async with crowd(stack, caller, experiment, seed=4) as some:
        await some.answer(400, {"control": 0.85, "candidate": 0.92})
        assert (order := await some.look(after=2 * MINUTE)) is not None and order.kind == "hold"
        assert (await some.row("rollout_state"))["rollout_state"] == "holding"
        assert await some.look(after=2 * MINUTE) is None
        results = (await caller("GET", f"/v1/experiments/{experiment}")).body["results"]
        assert results["standing"]["sentence"] == some.said[-1] and results["outlook"][0]["arm"] == "candidate"
        assert (await caller("POST", f"/v1/experiments/{experiment}/advance", {})).status == 200
        await some.answer(400, {"control": 0.85, "candidate": 0.92})
        assert (order := await some.look(after=2 * MINUTE)) is not None and order.kind == "conclude"
        assert "experiment.held" in await some.told()


@pytest.mark.capability("X3")
@pytest.mark.parametrize("held", [False, True])
async def test_a_step_bakes_anew_after_it_was_paused_or_held(stack: Stack, caller: Caller, held: bool) -> None:
    """The time in which nobody, or everybody, got the candidate proves nothing of it."""
    await two_versions(caller)
    experiment = await started(caller, rollout(steps=[0.5, 1.0], bake_s=600))
    async with crowd(stack, caller, experiment, seed=4) as some:
        await some.answer(400, {"control": 0.85, "candidate": 0.92})
        long_ago = "UPDATE experiments SET step_started_at = now() - interval '1 day'"
        state = ", rollout_state = 'holding'" if held else ""
        await some.rows(f"{long_ago}{state} WHERE experiment_id = $1")
        if not held:
            assert (await caller("POST", f"/v1/experiments/{experiment}/pause")).status == 200
        assert (await caller("POST", f"/v1/experiments/{experiment}/resume")).status == 200
        assert await some.look(after=MINUTE) is None and "Bakes for another" in some.said[-1], some.said
        assert (order := await some.look(after=10 * MINUTE)) is not None and order.kind == "advance"


async def test_two_replicas_decide_once_and_who_changes_it_meanwhile_wins(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=9) as some:
        await some.answer(3000, {"control": 0.6, "candidate": 0.8})
        claims = []
        for worker in ("one", "other"):
            async with some.optimizer.unit_of_work() as tx:
                found = await experiments_store.claim(tx, worker=worker, lease_s=0, most=1000)
            claims += [one for one in found if one.experiment_id == some.experiment_id]
            await asyncio.sleep(0.01)
        assert [one.fence for one in claims] == [1, 2]
        ordered = [await conclude_experiment(one, db=some.optimizer, clock=some.clock, next_look_s=0) for one in claims]
        assert ordered[0] is None and ordered[1] is not None
        [row] = await some.rows("SELECT revision, kind FROM experiment_orders WHERE experiment_id = $1")
        assert (await caller("POST", f"/v1/experiments/{experiment}/pause")).status == 200
        assert await some.obey() == 0
        [row] = await some.rows("SELECT outcome FROM experiment_orders WHERE experiment_id = $1")
        assert row["outcome"] == "outdated" and (await some.row("status"))["status"] == "paused"
        assert (await caller("POST", f"/v1/experiments/{experiment}/resume")).status == 200
        async with some.optimizer.unit_of_work() as tx:
            found = await experiments_store.claim(tx, worker="one", lease_s=60, most=1000)
        [held] = [one for one in found if one.experiment_id == some.experiment_id]
        assert await conclude_experiment(held, db=some.optimizer, clock=some.clock, next_look_s=0) is not None
        assert sorted(await asyncio.gather(some.obey(), some.obey())) == [0, 1]  # two gateways
        assert (await some.row("winner"))["winner"] == "candidate"
        assert (await some.told()).count("experiment.decided") == 1


async def test_adaptive_shares_follow_what_is_seen_and_the_verdict_still_holds(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction(allocation="adaptive", on_winner="offered"))
    async with crowd(stack, caller, experiment, seed=37) as some:
        await some.answer(500, {"control": 0.70, "candidate": 0.78})
        assert (order := await some.look(after=70 * MINUTE)) is not None and order.kind == "reallocate"
        [epoch] = await some.rows("SELECT shares FROM experiment_epochs WHERE experiment_id = $1 AND epoch = 2")
        assert epoch["shares"]["candidate"] > 6000 and epoch["shares"]["control"] >= 1000 and sum(epoch["shares"].values()) == 10_000
        await until_over(some, {"control": 0.70, "candidate": 0.78}, batch=1000, most=14_000)
        row = await some.row("winner, promotion")
        assert row["winner"] == "candidate" and row["promotion"]["state"] == "offered" and await some.label() == 1
        assert "experiment.advanced" in await some.told()


async def test_a_control_that_won_is_not_offered_to_those_who_get_it_already(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction(on_winner="offered"))
    async with crowd(stack, caller, experiment, seed=11) as some:
        await until_over(some, {"control": 0.9, "candidate": 0.3}, batch=400, most=4_000)
        row = await some.row("winner, promotion")
        assert row["winner"] == "control" and await some.label() == 1
        assert (row["promotion"]["state"], row["promotion"]["version"], row["promotion"]["why"]) == ("stood_there", 1, "the control won")


async def test_users_who_come_back_in_later_epochs_widen_the_interval(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction(min_samples=1000))
    async with crowd(stack, caller, experiment, seed=6) as some:
        await some.answer(400, {"control": 0.5, "candidate": 0.5})
        await some.look()
        for verb in ("pause", "resume"):
            assert (await caller("POST", f"/v1/experiments/{experiment}/{verb}")).status == 200
        some.came, some.dice = 0, type(some.dice)(6)  # The same users, in the same mood.
        await some.answer(400, {"control": 0.5, "candidate": 0.5})
        await some.look()
        [kept] = await some.rows("SELECT memory FROM experiment_watch WHERE experiment_id = $1")
        assert kept["memory"]["widening"]["candidate"] == pytest.approx(2.0, rel=0.05)
        results = (await caller("GET", f"/v1/experiments/{experiment}")).body["results"]
        arms = {one["arm"]: one for one in results["arms"]}
        assert sum(one["units"] for one in arms.values()) == 400 and sum(one["observations"] for one in arms.values()) == 800
        fewest = min(one["units"] for one in arms.values())
        assert some.said[-1].startswith(f"Too few to say anything: {fewest} end users of the 1,000")
        decided = await caller("POST", f"/v1/experiments/{experiment}/decide", {"winner": None, "reason": "enough"})
        seen = (await caller("GET", f"/v1/experiments/{experiment}")).body["results"]["differences"]
        [point] = (await some.rows("SELECT differences FROM experiment_looks WHERE experiment_id = $1 ORDER BY number DESC LIMIT 1"))[0][0]
        for [shown] in (decided.body["verdict"]["result"]["differences"], seen):
            assert (shown["low"], shown["high"]) == pytest.approx((point["low"], point["high"]))


async def test_days_left_go_by_new_users_and_where_only_known_ones_come_back_it_says_so(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=12) as some:
        await some.answer(400, {"control": 0.75, "candidate": 0.75})
        await some.look()
        for _ in range(6):
            await some.look(after=timedelta(hours=9))
        shown = (await caller("GET", f"/v1/experiments/{experiment}")).body
        assert shown["results"]["sentence"].endswith(NOBODY_NEW) and "left" not in shown["results"]["sentence"]
        [left] = shown["results"]["outlook"]
        assert left["nobody_new"] is True and left["days_left"] is None and left["needed"] > 400
        await some.answer(40, {"control": 0.75, "candidate": 0.75})
        await some.look(after=timedelta(hours=4))
        [left] = (await caller("GET", f"/v1/experiments/{experiment}")).body["results"]["outlook"]
        assert left["nobody_new"] is False
        # 40 new ones in the second half of 58 hours; by all of them it would be five times sooner.
        assert left["days_left"] == pytest.approx((left["needed"] * (1 - left["share_done"])) / (40 / 29 * 24), rel=0.25)


async def test_what_the_rules_refuse_is_written_down_and_not_asked_again_at_once(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=11) as some:
        await some.answer(1500, {"control": 0.6, "candidate": 0.8})
        async with some.optimizer.unit_of_work() as tx:
            [held] = [
                one
                for one in await experiments_store.claim(tx, worker="test", lease_s=60, most=1000)
                if one.experiment_id == some.experiment_id
            ]
        order = await conclude_experiment(held, db=some.optimizer, clock=some.clock, next_look_s=0)
        assert order is not None and order.data["winner"] == "candidate"
        # As if the arm were gone: a gateway of another release, say.
        spoil = "UPDATE experiment_orders SET data = jsonb_set(data, '{winner}', '\"nobody\"') WHERE experiment_id = $1"
        async with as_superuser(stack.urls["superuser"]) as connection:
            await connection.execute(spoil, some.experiment_id)
        assert await some.obey() == 0
        [row] = await some.rows("SELECT outcome FROM experiment_orders WHERE experiment_id = $1")
        assert row["outcome"] == "refused: There is no live arm 'nobody'."
        await some.look()
        assert len(await some.rows("SELECT 1 FROM experiment_orders WHERE experiment_id = $1")) == 1
        assert (await some.row("status"))["status"] == "running"


async def test_an_order_that_nobody_can_read_ends_no_gateway(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=13) as some:
        async with as_superuser(stack.urls["superuser"]) as connection:
            await connection.execute(
                """INSERT INTO experiment_orders (order_id, workspace_id, experiment_id, revision, kind, data)
                   SELECT gen_random_uuid(), workspace_id, experiment_id, revision, 'conclude', '{}' FROM experiments
                    WHERE experiment_id = $1""",
                some.experiment_id,
            )
        assert await some.obey() == 0
        [row] = await some.rows("SELECT outcome FROM experiment_orders WHERE experiment_id = $1")
        assert row["outcome"].startswith("refused: something went wrong")
        assert (await some.row("status"))["status"] == "running"


async def test_a_replica_looks_at_what_is_due_and_one_look_that_fails_stops_no_other(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=12) as some:
        await some.answer(100, {"control": 0.6, "candidate": 0.8})
        other = await stack.caller()
        await two_versions(other)
        broken = await started(other, satisfaction(name="Broken"))
        async with as_superuser(stack.urls["superuser"]) as connection:
            await connection.execute("UPDATE experiments SET settings = '{\"confidence\": 7}' WHERE experiment_id = $1", UUID(broken))
            settings = OptimizerSettings.model_validate(
                {
                    "DATABASE_URL": "postgresql://unused",
                    "NATS_URL": "unused",
                    "kek": "unused",
                    "replica": "w",
                    "experiment_interval_s": 3600.0,
                }
            )
            watch = ExperimentWatch(db=some.optimizer, settings=settings, clock=some.clock)
            while await watch.turn():
                pass
            rows = await connection.fetch(
                "SELECT experiment_id, result IS NOT NULL AS seen FROM experiment_watch WHERE experiment_id = ANY ($1)",
                [UUID(broken), some.experiment_id],
            )
            await connection.execute("UPDATE experiments SET settings = '{}' WHERE experiment_id = $1", UUID(broken))
        assert {str(row["experiment_id"]): row["seen"] for row in rows} == {broken: False, experiment: True}
