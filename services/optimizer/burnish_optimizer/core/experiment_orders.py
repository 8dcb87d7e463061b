"""What is asked of a gateway after a look at an experiment: a step, a stop, another allocation, or nothing."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, assert_never

from burnish_optimizer.core.new_units import NOTHING_NOTED, Course
from burnish_shared.contracts.experiments import Rollout, Verdict
from burnish_shared.experiments.adaptive import Dice, alive, reshared
from burnish_shared.experiments.analysis import Analysis, Epoch
from burnish_shared.experiments.conclude import Concluded, GoOn, as_result, as_rule, conclude
from burnish_shared.experiments.outlook import DAY_S, NOBODY_NEW, Outlook, outlook
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.rollout import Advance, Finish, Hold, RollBack, Standing, Wait, next_move
from burnish_shared.experiments.sentences import of_the_end

DECIDED_BY: Final = "system:optimizer"

RESHARE_AFTER_S: Final = 3_600
"""An epoch of an adaptive allocation lasts at least an hour: each has to say something of its own."""

EPOCHS_MOST: Final = 100
"""After so many epochs the shares stay as they are."""

OrderKind = Literal["advance", "reallocate", "hold", "roll_back", "conclude"]


@dataclass(frozen=True, slots=True)
class EpochRow:
    """As it was allocated. `shares` in buckets, by arm."""

    number: int
    shares: dict[str, int]
    step: int | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """An experiment as its row says. `course`: the units of its newest epoch so far, as looks noted them."""

    experiment_id: str
    plan: Plan
    rollout: Rollout | None
    step: int | None
    step_started_at: datetime | None
    is_held: bool
    started_at: datetime
    rows: tuple[EpochRow, ...]
    epochs: tuple[Epoch, ...]
    course: Course = NOTHING_NOTED

    @property
    def epoch(self) -> int:
        return self.rows[-1].number

    def with_epochs(self, epochs: tuple[Epoch, ...]) -> "Seen":
        """The same with other sums."""
        return replace(self, epochs=epochs)

    def so_far(self, now: datetime) -> tuple[float, int]:
        """Seconds that the newest epoch has lasted, and the units of all its arms that the deciding metric counts."""
        units = sum(sums[self.plan.counted].units for sums in self.epochs[-1].sums.values() if self.plan.counted in sums)
        return (now - self.rows[-1].started_at).total_seconds(), units

    def noted(self, now: datetime) -> Course:
        """Its course with this look. Each call is a unit of its own and always new: of those nothing is noted."""
        seconds, units = self.so_far(now)
        return Course() if self.plan.unit == "execution" else self.course.noted(self.epoch, seconds=seconds, units=units)


@dataclass(frozen=True, slots=True)
class Order:
    """`data` is what the gateway needs to carry it out, and what is kept of the decision."""

    kind: OrderKind
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a look says: a sentence for people, how long it may take, and an order or none."""

    sentence: str
    outlook: list[Outlook]
    order: Order | None


def decide(seen: Seen, analysis: Analysis, *, now: datetime, dice: Dice) -> Told:
    """Of one look. `dice`: for an adaptive allocation."""
    left = outlook(seen.plan, analysis, units_a_day=_units_a_day(seen, now))
    if seen.rollout is not None:
        sentence, order = _of_rollout(seen, seen.rollout, analysis, now)
        return Told(sentence, left, order)
    found = conclude(
        seen.plan, analysis, days=(now - seen.started_at).total_seconds() / DAY_S, days_left={o.arm: o.days_left for o in left}
    )
    match found:
        case Concluded():
            order = Order("conclude", _verdict(seen, analysis, found.outcome, found.winner, found.sentence, now))
        case GoOn():
            order = _without_harm(seen, analysis) or _adapted(seen, analysis, now, dice)
            if any(one.nobody_new for one in left):
                return Told(f"{found.sentence} {NOBODY_NEW}", left, order)
        case _:
            assert_never(found)
    return Told(found.sentence, left, order)


def promoted_by(seen: Seen, order: Order | None) -> str | int | None:
    """What an order promotes: a treatment that takes the control's place, or the step with more for it. None: nothing."""
    if order is not None and order.kind == "advance":
        return int(order.data["step"])
    winner = order.data["winner"] if order is not None and order.kind == "conclude" else None
    return None if winner == seen.plan.control else winner


def held_back(seen: Seen, analysis: Analysis, told: Told, *, why: str, now: datetime) -> Told:
    """In the place of a promotion that somebody has to look at: a rollout is held, an experiment goes on, to the end that was said before
    it began."""
    if seen.rollout is not None:
        return Told(why, told.outlook, Order("hold", {"why": why, "result": as_result(seen.plan, analysis, seen.epochs)}))
    most = seen.plan.settings.max_days
    is_late = most is not None and (now - seen.started_at).total_seconds() >= most * DAY_S
    if not is_late and not any(one.is_last for one in analysis.differences):
        return Told(why, told.outlook, None)
    why = f"{why} It ends here, as was said beforehand."
    return Told(why, told.outlook, Order("conclude", _verdict(seen, analysis, "not_enough_data", None, why, now)))


def _of_rollout(seen: Seen, rollout: Rollout, analysis: Analysis, now: datetime) -> tuple[str, Order | None]:
    candidate, step = seen.plan.arms[1], seen.step or 0
    units = sum(
        epoch.sums.get(candidate, {})["success"].units
        for row, epoch in zip(seen.rows, seen.epochs, strict=True)
        if row.step == step and "success" in epoch.sums.get(candidate, {})
    )
    step_s = (now - seen.step_started_at).total_seconds() if seen.step_started_at else 0.0
    move = next_move(seen.plan, rollout, Standing(step, step_s, units, seen.is_held), analysis)
    match move:
        case Wait():
            order = None
        case Advance():
            order = Order("advance", {"step": move.step, "why": move.why, "result": as_result(seen.plan, analysis, seen.epochs)})
        case Hold():
            order = None if seen.is_held else Order("hold", {"why": move.why, "result": as_result(seen.plan, analysis, seen.epochs)})
        case RollBack():
            order = Order("roll_back", _verdict(seen, analysis, "rolled_back", seen.plan.control, move.why, now))
        case Finish():
            order = Order("conclude", _verdict(seen, analysis, "rolled_out", candidate, move.why, now))
        case _:
            assert_never(move)
    return move.why, order


def _without_harm(seen: Seen, analysis: Analysis) -> Order | None:
    """Of several treatments, those that do harm get nobody any more; what they had goes to the control."""
    shares = dict(seen.rows[-1].shares)
    harmful = [one.arm for one in analysis.differences if one.state == "harmful" and shares.get(one.arm)]
    if not harmful:
        return None
    for arm in harmful:
        shares[seen.plan.control] = shares.get(seen.plan.control, 0) + shares[arm]
        shares[arm] = 0
    why = " ".join(f"'{arm}' does harm." for arm in harmful)
    return Order(
        "reallocate", {"reason": "allocation", "shares": shares, "why": why, "result": as_result(seen.plan, analysis, seen.epochs)}
    )


def _adapted(seen: Seen, analysis: Analysis, now: datetime, dice: Dice) -> Order | None:
    """Thompson's weights, where that was asked for, and everything is known well enough to be weighed."""
    row, least = seen.rows[-1], seen.plan.settings.min_samples
    is_time = (now - row.started_at).total_seconds() >= RESHARE_AFTER_S and len(seen.rows) < EPOCHS_MOST
    given = alive(seen.plan, row.shares)
    if not (seen.plan.is_adaptive and is_time and all(one.units >= least for one in analysis.arms if one.arm in given)):
        return None
    shares = reshared(seen.plan, analysis, seen.epochs, dice=dice, floor=seen.plan.settings.floor)
    if shares is None:
        return None
    buckets = _buckets(shares, sum(row.shares.values()))
    return Order("reallocate", {"reason": "adaptive", "shares": buckets, "why": "", "result": as_result(seen.plan, analysis, seen.epochs)})


def _buckets(shares: dict[str, float], whole: int) -> dict[str, int]:
    """Whole numbers that add up to `whole`; what rounding leaves goes to the largest."""
    found = {arm: int(share * whole) for arm, share in shares.items()}
    largest = max(shares, key=lambda arm: shares[arm])
    return found | {largest: found[largest] + whole - sum(found.values())}


def _units_a_day(seen: Seen, now: datetime) -> float | None:
    """New units of all arms a day, at the pace of the epoch that runs; see Course.new_a_day."""
    seconds, units = seen.so_far(now)
    return seen.course.new_a_day(seen.epoch, seconds=seconds, units=units)


def _verdict(seen: Seen, analysis: Analysis, outcome: Any, winner: str | None, sentence: str, now: datetime) -> dict[str, Any]:
    """Everything that it was decided by, for good."""
    return Verdict(
        outcome=outcome, winner=winner, sentence=of_the_end(sentence), decided_by=DECIDED_BY, at=now, epoch=seen.epoch, data=_data(seen),
        rule=as_rule(seen.plan), result=as_result(seen.plan, analysis, seen.epochs, is_over=True),
    ).model_dump(mode="json")  # fmt: skip


def _data(seen: Seen) -> dict[str, Any]:
    """The sums that were read: epoch → arm → metric → [units, Σx, Σy, Σx², Σy², Σxy]."""
    return {
        str(epoch.number): {
            arm: {metric: [one.units, one.x, one.y, one.xx, one.yy, one.xy] for metric, one in metrics.items()}
            for arm, metrics in epoch.sums.items()
        }
        for epoch in seen.epochs
    }
