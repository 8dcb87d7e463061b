"""What an evaluator looks at, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from burnish_shared.sandbox.outcome import Plain

PASSES_FROM = 0.5
"""A score from here on passes where the evaluator has no threshold of its own."""

REASON_MOST = 500


@dataclass(frozen=True, slots=True)
class Case:
    """One answer with what is known around it. `expected` None: nobody said.

    `other`: an answer to compare with. `subject`: an id that names this answer for those who pay for judges, so that none is asked twice.
    """

    output: str
    expected: str | None = None
    input: Plain = None
    variables: Mapping[str, Plain] = field(default_factory=dict)
    metadata: Mapping[str, Plain] = field(default_factory=dict)
    other: str | None = None
    subject: str = ""

    def names(self) -> dict[str, Plain]:
        """As expressions and code see it."""
        return {
            "output": self.output,
            "expected": self.expected,
            "input": self.input,
            "variables": dict(self.variables),
            "metadata": dict(self.metadata),
        }


NAMES = ("output", "expected", "input", "variables", "metadata")
"""What expressions and code may speak of."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one judge said. `score` None: nothing that could be read. `execution_ids`: its calls, `cost_nusd`: of all of them."""

    model: str
    score: float | None
    reason: str
    execution_ids: tuple[UUID, ...] = ()
    cost_nusd: int = 0
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """`score` from 0 to 1. `disagreement`: highest less lowest score of a jury. `uncertain`: a person should look."""

    score: float
    passed: bool
    reason: str
    votes: tuple[Vote, ...] = ()
    disagreement: float | None = None
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class NoScore:
    """There is none: never a 0 or a 1 instead. `kind`: `unavailable` (its means are missing), `failed` (its code or its judge did),
    `capped` or `unfunded` (a judge could not be paid; `verdict` is admission's word for why). `rest_s`: who waits so long and asks again
    may have one, in seconds; None: waiting mends nothing."""

    kind: str
    reason: str
    votes: tuple[Vote, ...] = ()
    verdict: str | None = None
    rest_s: float | None = field(default=None, compare=False)


Verdict: TypeAlias = Score | NoScore


class Mistake(ValueError):
    """Settings that are not accepted: `field` names the one, `line` and `column` (from 1) the place where code is to blame."""

    def __init__(self, message: str, *, field: str | None = None, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.line = line
        self.column = column
