"""One run of one method in one world, and what is kept of it."""

import json
from dataclasses import asdict, dataclass, field

from benchmarks.optimizer.world import Case, World

CHECKPOINTS = (500, 1000, 1500, 2000, 3000)
MARKS = (0.5, 0.7, 0.8, 0.9)


@dataclass(slots=True)
class Run:
    """`steps` are (metric calls, reflections, stages, gain of what would be returned then), at every change."""

    method: str
    world: str
    seed: int
    steps: list[tuple[int, int, int, float]] = field(default_factory=list)
    calls: int = 0
    reflections: int = 0
    stages: int = 0
    overshoot: int = 0
    finish: str = ""
    claims: bool = False
    """Whether by its own validation score the method says that it improved the prompt."""

    validation: float | None = None
    test: float | None = None
    fixed: int = 0
    broken: int = 0
    """Discordant answers on 200 untouched test items: what a McNemar gate would see."""

    seconds: float = 0.0

    def gain_at(self, calls: int) -> float:
        return max(((n, gain) for n, _, _, gain in self.steps if n <= calls), default=(0, 0.0))[1]

    def reached(self, mark: float) -> tuple[int, int, int] | None:
        """Calls, reflections and stages when the gain first reached this mark."""
        return next(((n, reflections, stages) for n, reflections, stages, gain in self.steps if gain >= mark), None)

    def as_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(slots=True)
class Ledger:
    """Counts what a method does, and notes when what it would return changes."""

    world: World
    run: Run
    _last: str = ""

    def returns(self, prompt: str) -> None:
        if prompt != self._last:
            self._last = prompt
            self.run.steps.append((self.world.calls, self.world.reflections, self.run.stages, self.world.gain(prompt)))

    def close(self, prompt: str, *, validation: float | None, claims: bool, budget: int) -> Run:
        run, world = self.run, self.world
        run.calls, run.reflections = world.calls, world.reflections
        run.overshoot = max(0, world.calls - budget)
        self.returns(prompt)
        run.validation, run.test, run.claims = validation, world.accuracy(prompt), claims
        if claims:
            pairs = [(world.answer(world.start, case), world.answer(prompt, case)) for case in world.test[:200]]
            run.fixed, run.broken = sum(b and not a for a, b in pairs), sum(a and not b for a, b in pairs)
        return run


def by_id(cases: list[Case]) -> dict[str, Case]:
    return {case.id: case for case in cases}
