"""What uses a thing that somebody would remove, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

NAMED_MOST: Final = 5
"""Of each kind so many are named; the count says how many there are."""

_WORDS: Final = {
    "test_run": ("test run", "test runs"),
    "optimization": ("optimization", "optimizations"),
    "suggestion": ("suggestion", "suggestions"),
    "schedule": ("schedule", "schedules"),
    "alert_rule": ("alert rule", "alert rules"),
    "review_settings": ("setting of the review queue", "settings of the review queue"),
    "model_migration": ("move to another model", "moves to another model"),
    "prompt": ("prompt", "prompts"),
    "chain": ("chain", "chains"),
    "evaluator": ("evaluator", "evaluators"),
    "routing_rules": ("prompt's routing rules", "prompts' routing rules"),
    "model": ("model", "models"),
    "experiment": ("experiment", "experiments"),
    "batch": ("batch", "batches"),
    "assistant": ("assistant's settings", "assistants' settings"),
}


@dataclass(frozen=True, slots=True)
class Use:
    """`first`: ids of the first few, or names of what people know by name, or slugs of prompts where one prompt has one of them."""

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
    return {"used_by": [told_one(use) for use in uses]}


def told_one(use: Use) -> dict[str, Any]:
    return {"kind": use.kind, "count": use.count, "first": list(use.first)}
