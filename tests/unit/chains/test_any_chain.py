"""Whatever chain it is, and whatever comes in when: what was decided once is decided the same way again (PRODUCT P8)."""

from dataclasses import dataclass
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_shared.chains.form import STEPS_MOST, Chain
from burnish_shared.chains.walk import Finished, Result, Waiting, advance
from tests.unit.chains.test_read_form import call, read
from tests.unit.chains.test_walk import CANCELLED, FAILED, said

pytestmark = pytest.mark.capability("P8")

DEPTH_MOST: Final = 3

RUNS: Final = 6
"""Of one chain, each with ends and an order of its own."""

Steps = list[dict[str, Any]]


@dataclass(slots=True)
class Maker:
    """Makes a chain: branches in branches, choices, fallbacks and stops, with conditions on how steps before them ended."""

    random: Random
    made: int = 0

    def chain(self) -> Chain:
        """Branches at once first, which may fail; what comes after them rests on how they stood then."""
        name = self._name()
        branches, ids = self._branches(0, [])
        rest, _ = self._steps(0, [name, *ids], most=3)
        return read({"id": name, "parallel": branches, "on_error": "continue"}, *rest)

    def _name(self) -> str:
        self.made += 1
        return f"s{self.made}"

    def _branches(self, depth: int, before: list[str]) -> tuple[list[Steps], list[str]]:
        made = [self._steps(depth + 1, before) for _ in range(self.random.randint(2, 3))]
        return [steps for steps, _ in made], [one for _, ids in made for one in ids]

    def _steps(self, depth: int, before: list[str], *, most: int = 2) -> tuple[Steps, list[str]]:
        """And the ids of all that is in them."""
        steps: Steps = []
        own: list[str] = []
        for _ in range(self.random.randint(1, most)):
            step, ids = self._step(depth, before + own)
            steps.append(step)
            own += ids
        return steps, own

    def _step(self, depth: int, before: list[str]) -> tuple[dict[str, Any], list[str]]:
        name, drawn, inner = self._name(), self.random.random(), list[str]()
        may_nest = depth < DEPTH_MOST and self.made < STEPS_MOST // 3
        if before and drawn < 0.1:
            return {"id": name, "if": self._holds(before), "stop": {"status": self.random.choice(["success", "error"])}}, [name]
        if may_nest and drawn < 0.5:
            branches, inner = self._branches(depth, before)
            step: dict[str, Any] = {"id": name, "parallel": branches}
        elif may_nest and before and drawn < 0.6:
            (first, ids), (other, others) = self._steps(depth + 1, before), self._steps(depth + 1, before)
            step, inner = {"id": name, "choose": [{"if": self._holds(before), "steps": first}, {"steps": other}]}, ids + others
        else:
            step = call(name, variables={"seen": f"steps.{self.random.choice(before)}.status"} if before else {})
        if before and self.random.random() < 0.25:
            step["if"] = self._holds(before)
        if self.random.random() < 0.35:
            step["on_error"] = "continue"
        if may_nest and self.random.random() < 0.25:
            step["fallback"], ids = self._steps(depth + 1, [*before, name])
            inner += ids
        return step, [name, *inner]

    def _holds(self, before: list[str]) -> str:
        return f"steps.{self.random.choice(before)}.status == '{self.random.choice(['success', 'error', 'cancelled', 'skipped'])}'"


def all_of(state: Waiting | Finished) -> tuple[Any, ...]:
    """With how the steps that run no prompt stand, which is no part of being equal."""
    return state, dict(state.others)


def runs_to_its_end(chain: Chain, random: Random) -> None:
    results: dict[str, Result] = {}
    asked: dict[str, dict[str, Any]] = {}
    unwanted: set[str] = set()
    for _ in range(STEPS_MOST + 1):
        state = advance(chain, {}, results)
        if isinstance(state, Finished):
            return
        ready = [one.id for one in state.ready]
        assert ready and len(ready) == len(set(ready)) and not (results.keys() | unwanted) & set(ready)
        for one in state.ready:
            assert asked.setdefault(one.id, one.variables) == one.variables, "what a step was asked with stays"
        results[random.choice(ready)] = random.choice([said("x"), said("y"), FAILED])
        after = advance(chain, {}, results)
        wanted = {one.id for one in after.ready} if isinstance(after, Waiting) else set()
        unwanted |= asked.keys() - results.keys() - wanted
        for late in sorted(unwanted - results.keys()):
            if random.random() < 0.8:
                results[late] = random.choice([said("too late"), CANCELLED, FAILED])
                assert all_of(advance(chain, {}, results)) == all_of(after), f"{late} is not wanted any more and decides nothing"
    raise AssertionError("it did not end")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_what_comes_too_late_changes_nothing_of_any_chain(seed: int) -> None:
    random = Random(seed)
    chain = Maker(random).chain()
    for _ in range(RUNS):
        runs_to_its_end(chain, random)
