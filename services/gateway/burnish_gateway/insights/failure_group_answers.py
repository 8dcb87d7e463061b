"""Groups of failures as they are shown, with the words of their examples where those are still kept. Pure."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

SHOWN_MOST: Final = 600
"""Characters of a text of an example."""


class Confusion(BaseModel):
    expected: str
    answered: str


class Trend(BaseModel):
    """Failures of the older and of the newer half of the time. `change`: newer over older, less one."""

    older: int
    newer: int
    change: float | None


class FailureExample(BaseModel):
    """Texts are null where they are forgotten, were never kept, or where the key may not read executions."""

    source: Literal["correction", "comment", "reaction", "test_run", "evaluator"]
    at: datetime
    version: int
    prompt: str | None = Field(default=None, description="Its slug, among groups of all prompts.")
    chain: str | None = Field(default=None, description="Of a test run of a chain its slug; `version` is the chain's.")
    execution_id: str | None = None
    test_run_id: str | None = None
    item_id: str | None = None
    evaluator_id: str | None = None
    asked: str | None = None
    answered: str | None = None
    said: str | None = Field(default=None, description="The comment, the correction, or why an evaluator did not pass it.")
    expected: str | None = None


class FailureGroup(BaseModel):
    id: str = Field(description="The same for a group of the same name.")
    name: str
    words: list[str] = Field(description="Common here and rare elsewhere; each used by two people at least.")
    confusion: Confusion | None = Field(description="What most of them should have been and were.")
    size: int
    share: float = Field(description="Of all failures that were looked at.")
    sources: dict[str, int]
    versions: dict[str, int] = Field(description="By `3` of the prompt, among those of all by `SLUG@3`, `chain:SLUG@3` of a chain.")
    trend: Trend
    days: list[int] = Field(description="Failures on each day of the time, oldest first.")
    first_at: datetime
    last_at: datetime
    examples: list[FailureExample] = Field(description="The newest five.")


class FailureGroupsAnswer(BaseModel):
    prompt: str | None = Field(description="Null: all prompts, and test runs of chains.")
    days: int
    status: Literal["pending", "ready", "failed"] = Field(description="pending: these are the groups of before; ask again in a moment.")
    computed_at: datetime | None
    failures: int = Field(description="That were looked at: of people, test runs and evaluators the newest 500 each.")
    considered: dict[str, int]
    ungrouped: int
    groups: list[FailureGroup] = Field(description="Largest first, at most 20, of three failures at least.")


def example_of(
    example: dict[str, Any], *, said: dict[str, Any], content: Any, case: dict[str, Any] | None, reason: str | None
) -> FailureExample:
    """`said`: comment and correction; `content`: the execution's; `case`: the test run's."""
    ids = {name: example.get(name) for name in ("prompt", "chain", "execution_id", "test_run_id", "item_id", "evaluator_id")}
    found = FailureExample(source=example["source"], at=example["at"], version=example["version"], **ids)
    if case is not None:
        reasons = [one.get("reason") for one in (case.get("scores") or {}).values() if one.get("passed") is False and one.get("reason")]
        texts = {
            "asked": _text(case.get("input")),
            "answered": case.get("output"),
            "expected": case.get("expected"),
            "said": "; ".join(reasons),
        }
    else:
        texts = {
            "asked": _text(content["variables"]) or _last_user(content["messages"]) if content is not None else None,
            "answered": content["output"] if content is not None else None,
            "said": said.get("comment") or reason,
            "expected": said.get("correction"),
        }
    return found.model_copy(update={name: _cut(text) for name, text in texts.items()})


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return " ".join(_text(value[name]) for name in sorted(value) if name not in ("type", "image_url", "file")).strip()
    return " ".join(_text(one) for one in value).strip() if isinstance(value, list) else ""


def _last_user(messages: Any) -> str:
    said = [one for one in messages or [] if isinstance(one, dict) and one.get("role") == "user"]
    return _text(said[-1].get("content")) if said else ""


def _cut(text: str | None) -> str | None:
    return text[:SHOWN_MOST] if text else None
