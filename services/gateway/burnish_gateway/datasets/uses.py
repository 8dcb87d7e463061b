"""What rests on a dataset, or would begin on it, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

NAMED_MOST: Final = 5
"""Of each kind so many are named; the count says how many there are."""

MEASURED: Final = ("test_run", "optimization", "suggestion")
"""What was measured with a dataset, or proven by it."""

SET_UP: Final = ("schedule", "alert_rule", "review_settings", "model_migration")
"""What would read it, or put items into it, by itself."""

_WORDS: Final = {
    "test_run": ("test run", "test runs"),
    "optimization": ("optimization", "optimizations"),
    "suggestion": ("suggestion", "suggestions"),
    "schedule": ("schedule", "schedules"),
    "alert_rule": ("alert rule", "alert rules"),
    "review_settings": ("setting of the review queue", "settings of the review queue"),
    "model_migration": ("move to another model", "moves to another model"),
}


@dataclass(frozen=True, slots=True)
class Use:
    """`first`: ids of the first few, or slugs of prompts where one prompt has one of them."""

    kind: str
    count: int
    first: Sequence[str]

    def words(self) -> str:
        one, many = _WORDS[self.kind]
        rest = ", …" if self.count > len(self.first) else ""
        return f"{self.count:,} {one if self.count == 1 else many} ({', '.join(self.first)}{rest})"


def of_kinds(uses: Sequence[Use], kinds: Sequence[str]) -> list[Use]:
    """Those of these kinds, in the kinds' order."""
    return [use for kind in kinds for use in uses if use.kind == kind]


def in_words(uses: Sequence[Use]) -> str:
    """Such as "2 test runs (…) and 1 schedule (…)"."""
    said = [use.words() for use in uses]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def told(uses: Sequence[Use]) -> dict[str, Any]:
    """The same for programs: `details` of an error."""
    return {"used_by": [{"kind": use.kind, "count": use.count, "first": list(use.first)} for use in uses]}
