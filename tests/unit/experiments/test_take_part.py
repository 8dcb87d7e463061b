"""Which calls take part in an experiment, and why the others do not (PRODUCT X1)."""

import time
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from burnish_gateway.execution.order import Order
from burnish_gateway.experiments.running import WORDS, Arm, Live, Running, Slice
from burnish_gateway.experiments.take_part import Outside, Taken, shadows_of, take_part
from burnish_gateway.routing.choose_way import Words, words_of
from burnish_shared.experiments.assign import allocate, bucket_of
from burnish_shared.expressions import parse

pytestmark = pytest.mark.capability("X1")

KEY = UUID("019c2f40-0000-7000-8000-000000000051")
LIVE = Live(
    experiment_id=UUID(int=1), slug="routing", label="production", unit="end_user", key=KEY, epoch=1,
    allocation=allocate({"control": 5000, "candidate": 5000}), arms={"control": Arm("control", 1), "candidate": Arm("candidate", 2)},
)  # fmt: skip
CALL = Order(slug="routing", user_id="ada", metadata={"tier": "gold"})


def ask(order: Order, *lives: Live, **running: Any) -> tuple[Taken | None, list[Outside]]:
    words = Words(words_of(order, None))
    taken, outside = take_part(Running({"routing": lives}, **running), "routing", order, execution_id=uuid4(), words=words)
    return taken, [reason for _, reason in outside]


def test_a_call_belongs_to_the_arm_of_its_end_user() -> None:
    taken, outside = ask(CALL, LIVE)
    assert taken and taken.part.unit == "user:ada" and taken.part.epoch == 1 and not outside
    assert all(ask(replace(CALL, session_id=str(n)), LIVE)[0].arm == taken.arm for n in range(20))  # type: ignore[union-attr]
    arms = {ask(replace(CALL, user_id=str(n)), LIVE)[0].arm.name for n in range(50)}  # type: ignore[union-attr]
    assert arms == {"control", "candidate"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"user_id": None}, ["no_unit"]),
        ({"version": 2}, ["named"]),
        ({"label": "production"}, ["named"]),
        ({"label": "staging"}, []),
    ],
)
def test_who_names_a_version_or_nobody_stays_outside(changed: dict[str, Any], reason: list[str]) -> None:
    assert ask(replace(CALL, **changed), LIVE) == (None, reason)


def test_an_experiment_on_another_label_takes_those_who_name_it() -> None:
    staged = replace(LIVE, label="staging")
    assert ask(replace(CALL, label="staging"), staged)[0] and ask(CALL, staged) == (None, [])


def test_what_targets_compare_is_bounded_for_all_experiments_of_a_call() -> None:
    """Beyond its share one does not hold; those behind it do as without it, and the call is answered."""
    much = replace(LIVE, targeting=parse(" and ".join(["variables == variables"] * 70), names=WORDS))
    after = replace(LIVE, targeting=parse("variables.tier == 'gold'", names=WORDS))
    order, began = replace(CALL, variables={"tier": "gold", "d": [1] * 500_000}), time.process_time()
    taken, outside = ask(order, *[much] * 20, after)
    assert taken and taken.live is after and outside == ["targeting"] * 20
    assert time.process_time() - began < 5


def test_a_model_named_by_the_caller_stands_against_arms_that_are_models_alone() -> None:
    asked = replace(CALL, model="simulated/router")
    of_models = replace(LIVE, arms={"control": Arm("control", 1), "candidate": Arm("candidate", 1, "other")})
    assert ask(asked, LIVE)[0] and ask(asked, of_models) == (None, ["named"])


def test_sessions_and_executions_are_units_too() -> None:
    assert ask(replace(CALL, session_id="s"), replace(LIVE, unit="session"))[0].part.unit == "session:s"  # type: ignore[union-attr]
    assert ask(CALL, replace(LIVE, unit="session")) == (None, ["no_unit"])
    assert ask(replace(CALL, user_id=None), replace(LIVE, unit="execution"))[0].part.unit.startswith("execution:")  # type: ignore[union-attr]


def test_targeting_speaks_of_what_the_caller_says() -> None:
    aimed = replace(LIVE, targeting=parse('metadata.tier == "gold"', names=WORDS))
    assert ask(CALL, aimed)[0]
    assert ask(replace(CALL, metadata={"tier": "free"}), aimed) == (None, ["targeting"])
    assert ask(replace(CALL, metadata={}), aimed) == (None, ["targeting"])


def test_who_is_held_out_is_in_no_experiment_whatever_its_unit() -> None:
    held = {f"user{n}" for n in range(400) if bucket_of(UUID(int=7), f"user:user{n}") < 1000}
    for unit in ("end_user", "session"):
        out = {
            f"user{n}"
            for n in range(400)
            if ask(replace(CALL, user_id=f"user{n}", session_id=f"s{n}"), replace(LIVE, unit=unit), holdout_key=UUID(int=7),
                   holdout_buckets=1000)[1] == ["holdout"]
        }  # fmt: skip
        assert out == held and 20 < len(held) < 60


def test_no_unit_is_in_two_experiments_of_a_namespace() -> None:
    first = replace(LIVE, slice=Slice(UUID(int=9), 0, 4000))
    second = replace(LIVE, experiment_id=UUID(int=2), key=UUID(int=3), slice=Slice(UUID(int=9), 4000, 8000))
    seen: dict[UUID | None, int] = {}
    for n in range(2000):
        taken, _ = ask(replace(CALL, user_id=str(n)), first, second)
        alone = [ask(replace(CALL, user_id=str(n)), one)[0] is not None for one in (first, second)]
        assert sum(alone) <= 1
        which = taken.live.experiment_id if taken else None
        seen[which] = seen.get(which, 0) + 1
    assert seen[UUID(int=1)] == pytest.approx(800, abs=120) and seen[None] == pytest.approx(400, abs=90)


def test_what_is_allocated_to_nobody_stays_with_the_label() -> None:
    small = replace(LIVE, allocation=allocate({"control": 500, "candidate": 500}))
    found = [ask(replace(CALL, user_id=str(n)), small) for n in range(500)]
    assert 25 < sum(taken is not None for taken, _ in found) < 80
    assert {reason for _, reasons in found for reason in reasons} == {"not_allocated"}


def test_a_shadow_sees_a_copy_of_its_share_of_calls() -> None:
    live = replace(LIVE, shadows=(Arm("quiet", 3, buckets=2500),))
    taken, _ = ask(CALL, live)
    assert taken and taken.arm.name != "quiet"
    assert sum(bool(shadows_of(taken, uuid4())) for _ in range(1000)) == pytest.approx(250, abs=60)
