"""What a look asks for: pure, of sums and time (PRODUCT X2, X3)."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_optimizer.core.experiment_orders import EpochRow, Seen, Told, decide, held_back
from burnish_shared.contracts.experiments import BUCKETS, Rollout, Settings, Verdict
from burnish_shared.experiments.analysis import Epoch, analyse
from burnish_shared.experiments.guardrails import USUAL
from burnish_shared.experiments.outlook import outlook
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.sums import ArmSums

pytestmark = pytest.mark.capability("X2")

BEGAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PLAN = Plan(("a", "b"), "satisfaction", "higher", "sequential", Settings())


def shares(n: int, good: float) -> ArmSums:
    return ArmSums(n, n, good, n, good, good)


def arm(n: int, good: int, *, failed: int = 0) -> dict[str, ArmSums]:
    return {"success": shares(n, n - failed), "satisfaction": shares(n, good)}


def seen(plan: Plan, *sums: dict[str, dict[str, ArmSums]], buckets: dict[str, int] | None = None, **changed: Any) -> Seen:
    given = buckets or {name: BUCKETS // len(plan.arms) for name in plan.arms}
    rows = tuple(EpochRow(n, given, None, BEGAN) for n in range(1, len(sums) + 1))
    epochs = tuple(Epoch(n, {name: part / BUCKETS for name, part in given.items()}, one) for n, one in enumerate(sums, start=1))
    base = Seen("e", plan, None, None, None, False, BEGAN, rows, epochs)
    return replace(base, **changed)


def told(one: Seen, *, hours: float = 24.0) -> Told:
    return decide(one, analyse(one.plan, one.epochs), now=BEGAN + timedelta(hours=hours), dice=random.Random(1))


def test_a_winner_is_an_order_with_everything_it_was_decided_by() -> None:
    found = told(seen(PLAN, {"a": arm(2100, 1470), "b": arm(2110, 1600)}))
    assert found.order is not None and found.order.kind == "conclude"
    verdict = Verdict.model_validate(found.order.data)
    assert (verdict.outcome, verdict.winner, verdict.decided_by, verdict.epoch) == ("better", "b", "system:optimizer", 1)
    assert verdict.data["1"]["b"]["satisfaction"] == [2110, 2110, 1600, 2110, 1600, 1600] and verdict.rule["alpha"] == 0.05
    assert verdict.result["differences"][0]["arm"] == "b"


def test_a_verdict_says_nothing_of_stopping_what_is_over() -> None:
    plan = Plan(("a", "b", "c"), "satisfaction", "higher", "sequential", Settings())
    found = told(seen(plan, {"a": arm(4000, 3200), "b": arm(4000, 2400), "c": arm(4000, 2400)}))
    assert "; you may stop." in found.sentence and found.order is not None
    verdict = found.order.data
    assert verdict["outcome"] == "worse" and verdict["sentence"].count("is worse") == 2
    assert verdict["result"]["differences"][0]["sentence"].endswith("answers.") and "you may stop" not in str(verdict)


def test_while_nothing_is_decided_it_is_said_how_long_it_takes() -> None:
    found = told(seen(PLAN, {"a": arm(600, 420), "b": arm(640, 461)}))
    assert found.order is None and "about" in found.sentence and "days left" in found.sentence
    [left] = found.outlook
    assert left.needed is not None and 4000 < left.needed < 6500 and left.days_left == pytest.approx((left.needed - 1239) / 1240, rel=0.01)
    early = told(seen(PLAN, {"a": arm(60, 42), "b": arm(64, 46)}), hours=0.001)
    assert early.outlook[0].days_left is None


def test_a_rule_with_an_end_counts_to_it() -> None:
    plan = replace(PLAN, method="fixed", settings=Settings(planned_units=2000))
    one = seen(plan, {"a": arm(500, 350), "b": arm(500, 360)})
    [left] = outlook(plan, analyse(plan, one.epochs), units_a_day=1000.0)
    assert (left.needed, left.share_done, left.days_left) == (2000, 0.5, 1.0)


def test_of_several_arms_one_that_does_harm_gets_nobody_any_more() -> None:
    plan = Plan(("a", "b", "c"), "satisfaction", "higher", "sequential", Settings(), guardrails=USUAL[:1])
    one = seen(
        plan, {"a": arm(2000, 1400), "b": arm(2000, 1410), "c": arm(2000, 1420, failed=300)}, buckets={"a": 3334, "b": 3333, "c": 3333}
    )
    found = told(one)
    assert found.order is not None and found.order.kind == "reallocate" and found.order.data["reason"] == "allocation"
    assert found.order.data["shares"] == {"a": 6667, "b": 3333, "c": 0}
    after = told(replace(one, rows=(replace(one.rows[0], shares={"a": 6667, "b": 3333, "c": 0}),)))
    assert after.order is None


def test_an_adaptive_allocation_waits_its_hour_and_moves_to_what_is_better() -> None:
    plan = replace(PLAN, is_adaptive=True)
    one = seen(plan, {"a": arm(300, 200), "b": arm(300, 225)})
    assert told(one, hours=0.5).order is None
    uneven = seen(plan, {"a": arm(300, 200), "b": arm(90, 68)}, buckets={"a": 7600, "b": 2400})
    assert told(uneven, hours=2).order is None, "each arm has to be known, not only one of them"
    found = told(one, hours=2)
    assert found.order is not None and found.order.kind == "reallocate" and found.order.data["reason"] == "adaptive"
    given = found.order.data["shares"]
    assert sum(given.values()) == BUCKETS and given["b"] > 8000 and given["a"] >= 1000
    later = {name: part / BUCKETS for name, part in given.items()}
    again = replace(
        one,
        rows=(*one.rows, EpochRow(2, given, None, BEGAN)),
        epochs=(*one.epochs, Epoch(2, later, {"a": arm(35, 23), "b": arm(265, 199)})),
    )
    assert told(again, hours=2).order is None


@pytest.mark.capability("X3")
@pytest.mark.parametrize("units", [300, 40])
def test_an_adaptive_allocation_gives_nothing_to_an_arm_that_gets_nobody_any_more(units: int) -> None:
    """Harm was proven of it, or somebody took it out: a tenth would be harm again each hour, and it waits for no units of such an arm."""
    plan = replace(PLAN, arms=("a", "b", "c"), is_adaptive=True, guardrails=(USUAL[3],))
    was, now = {"a": 3334, "b": 3333, "c": 3333}, {"a": 6667, "b": 3333, "c": 0}
    rows = (EpochRow(1, was, None, BEGAN), EpochRow(2, now, None, BEGAN))
    sums = ({"a": arm(units, units * 2 // 3), "b": arm(units, units * 3 // 4), "c": arm(units, 0)}, {"a": arm(200, 133), "b": arm(100, 75)})
    epochs = tuple(
        Epoch(row.number, {name: part / BUCKETS for name, part in row.shares.items()}, one) for row, one in zip(rows, sums, strict=True)
    )
    one = Seen("e", plan, None, None, None, False, BEGAN, rows, epochs)
    assert analyse(plan, epochs).differences[1].state == "harmful"
    found = told(one, hours=2)
    assert found.order is not None and (found.order.kind, found.order.data["reason"]) == ("reallocate", "adaptive")
    given = found.order.data["shares"]
    assert given["c"] == 0 and sum(given.values()) == BUCKETS and given["a"] >= 1000 and given["b"] > 5000


def test_a_winner_that_somebody_has_to_look_at_waits_for_the_end_that_was_said_and_no_longer() -> None:
    """Voices that outvote all others hold a promotion back (PROMISES O-08)."""

    def held(plan: Plan, good: int, *, hours: float) -> Told:
        one = seen(plan, {"a": arm(1251, 876), "b": arm(1251, good)})
        found = analyse(plan, one.epochs)
        at = BEGAN + timedelta(hours=hours)
        return held_back(one, found, decide(one, found, now=at, dice=random.Random(1)), why="One voice.", now=at)

    planned = replace(PLAN, method="fixed", settings=Settings(planned_units=2500))
    for plan, hours in ((planned, 24.0), (replace(PLAN, settings=Settings(max_days=7)), 24.0 * 8)):
        ended = held(plan, 1000, hours=hours).order
        assert ended is not None and (ended.kind, ended.data["outcome"], ended.data["winner"]) == ("conclude", "not_enough_data", None)
    assert held(PLAN, 1000, hours=24.0) == replace(held(PLAN, 1000, hours=24.0), sentence="One voice.", order=None)


@pytest.mark.capability("X3")
def test_an_adaptive_allocation_that_somebody_gave_nobody_at_all_is_looked_at_like_any_other() -> None:
    """Every look failed, so that it never ended either."""
    plan = replace(PLAN, is_adaptive=True, settings=Settings(max_days=7))
    one = seen(plan, {"a": arm(300, 210), "b": arm(300, 225)}, {}, buckets={"a": 0, "b": 0})
    assert told(one, hours=2).order is None
    ended = told(one, hours=24 * 8)
    assert ended.order is not None and (ended.order.kind, ended.order.data["outcome"]) == ("conclude", "not_enough_data")


@pytest.mark.capability("X3")
def test_a_ramp_counts_the_units_of_its_step_alone() -> None:
    plan = replace(PLAN, kind="rollout", guardrails=(USUAL[3],))
    first, later = {"a": 9900, "b": 100}, {"a": 9500, "b": 500}
    rows = (EpochRow(1, first, 0, BEGAN), EpochRow(2, later, 1, BEGAN), EpochRow(3, later, 1, BEGAN))
    sums = [{"a": arm(9900, 8415), "b": arm(100, 86)}, {"a": arm(380, 323), "b": arm(20, 17)}, {"a": arm(228, 194), "b": arm(12, 10)}]
    epochs = tuple(
        Epoch(row.number, {name: part / BUCKETS for name, part in row.shares.items()}, one) for row, one in zip(rows, sums, strict=True)
    )
    one = Seen("e", plan, Rollout(), 1, BEGAN, False, BEGAN, rows, epochs)
    found = told(one)
    assert found.order is not None and (found.order.kind, found.order.data["step"]) == ("advance", 2)
    fewer = replace(one, epochs=(*epochs[:2], replace(epochs[2], sums={"a": arm(114, 97), "b": arm(9, 8)})))
    assert told(fewer).order is None and "29 of 30 units" in told(fewer).sentence
    held = told(replace(one, rollout=Rollout(advances=False)))
    assert held.order is not None and held.order.kind == "hold"
    assert told(replace(one, rollout=Rollout(advances=False), is_held=True)).order is None
