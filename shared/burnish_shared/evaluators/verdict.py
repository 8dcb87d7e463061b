"""What an evaluator looks at, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from burnish_shared.sandbox.outcome import Plain

PASSES_FROM = 0.5
"""A score from here on passes where the evaluator has no threshold of its own."""

REASON_MOST = 500


@dataclass(frozen=True, slots=True)
class Case:
    """One answer with what is known around it. `expected` None: nobody said."""

    output: str
    expected: str | None = None
    input: Plain = None
    variables: Mapping[str, Plain] = field(default_factory=dict)
    metadata: Mapping[str, Plain] = field(default_factory=dict)

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
class Score:
    """`score` from 0 to 1."""

    score: float
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class NoScore:
    """There is none: never a 0 or a 1 instead. `kind`: `unavailable` (its means are missing) or `failed` (its code did)."""

    kind: str
    reason: str


Verdict: TypeAlias = Score | NoScore


class Mistake(ValueError):
    """Settings that are not accepted: `field` names the one, `line` and `column` (from 1) the place where code is to blame."""

    def __init__(self, message: str, *, field: str | None = None, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.line = line
        self.column = column
