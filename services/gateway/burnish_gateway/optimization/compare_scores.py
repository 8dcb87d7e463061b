"""Two test runs by what their evaluators say of the answers to the same items (PRODUCT D3)."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.optimization import compare_runs_store as store
from burnish_gateway.optimization.summary import Share
from burnish_shared.db.session import Tx
from burnish_shared.paired import Comparison, compare

STEPS: Final = 1_000
"""Scores are compared in thousandths, so that signs can be counted out."""


class ScoreDifference(BaseModel):
    """What one evaluator says of both runs, over the items of which it scored an answer in both. Scores of repeats are meaned by item."""

    id: UUID
    name: str
    version: int
    items: int
    base: float = Field(description="Mean score, 0 to 1.")
    run: float
    higher: int = Field(description="Items with a higher score than in the base.")
    lower: int
    difference: Share = Field(
        description="run − base of the mean score with 95 % bounds: Agresti and Min's for pairs; Newcombe's where all scores are 0 or 1."
    )
    test: Literal["mcnemar", "sign_flip"]
    p_value: float = Field(description="Two-sided.")
    verdict: Literal["better", "worse", "no_difference", "too_small"]
    smallest_difference: float = Field(description="A true difference of this size is found four times in five with so many items.")
    items_needed: int | None = Field(description="So many items would find the difference that was seen; null where none was seen.")


async def compare_scores(tx: Tx, workspace_id: UUID, run: Record, *, base: Record) -> list[ScoreDifference]:
    """Of each evaluator that scored both runs, in the same version: with another one the difference could be the evaluator\'s. `pairwise`
    ones are left out, since they compared with something themselves; so are runs of releases that kept no scores."""
    here, there = _evaluators(run), _evaluators(base)
    shared = [one for one, (_, version) in here.items() if one in there and there[one][1] == version]
    if not shared:
        return []
    rows = await store.evaluator_scores(tx, workspace_id, shared, run_id=run["test_run_id"], base_id=base["test_run_id"])
    pairs: dict[UUID, list[Record]] = defaultdict(list)
    for row in rows:
        pairs[row["evaluator_id"]].append(row)
    found = ((one, _compared(pairs[one])) for one in shared)
    return [_difference(one, *here[one], pairs[one], compared) for one, compared in found if compared is not None]


def _evaluators(run: Record) -> dict[UUID, tuple[str, int]]:
    """Name and version of those that scored a run."""
    told: list[dict[str, Any]] = (run["result"] or {}).get("evaluators") or []
    return {UUID(one["id"]): (one["name"], int(one["version"])) for one in told}


def _compared(pairs: Sequence[Record]) -> Comparison | None:
    """None without items."""
    return compare([_score(row["base"]) for row in pairs], [_score(row["run"]) for row in pairs])


def _score(mean: float) -> Fraction:
    return Fraction(round(mean * STEPS), STEPS)


def _difference(evaluator_id: UUID, name: str, version: int, pairs: Sequence[Record], found: Comparison) -> ScoreDifference:
    return ScoreDifference(
        id=evaluator_id,
        name=name,
        version=version,
        items=found.items,
        base=sum(row["base"] for row in pairs) / found.items,
        run=sum(row["run"] for row in pairs) / found.items,
        higher=found.fixed,
        lower=found.broken,
        difference=Share(value=found.difference.value, low=found.difference.low, high=found.difference.high),
        test=found.test,
        p_value=found.p_value,
        verdict=found.verdict,
        smallest_difference=found.smallest_difference,
        items_needed=found.items_needed,
    )


def score_in_words(one: ScoreDifference) -> str:
    """In a sentence."""
    words = {"better": "better", "worse": "worse", "no_difference": "no difference found", "too_small": "too few items to tell"}
    seen = f"{one.difference.value:+.2f} ({one.difference.low:+.2f} to {one.difference.high:+.2f}) over {one.items:,} items"
    return f"{one.name}: {words[one.verdict]}, {seen}."
