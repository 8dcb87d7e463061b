"""What makes a proof on a dataset too kind, or none: texts and people in several splits, a test split looked at often or empty."""

from typing import Any, Final
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.datasets import leaks_store as store
from burnish_gateway.datasets.dataset import Dataset
from burnish_shared.db.session import Tx
from burnish_shared.expected_answer import compared

LOOKS_MOST: Final = 5
"""Looks of optimizations at one test split; after them fresh test items are asked for (SCIENCE section 3)."""


class AlikeItem(BaseModel):
    id: UUID
    split: str
    input: str | dict[str, Any]
    expected: str | None


class AlikePair(BaseModel):
    """Two items of different splits that say almost the same."""

    similarity: float
    items: list[AlikeItem]
    contradicts: bool = Field(description="They expect different answers: one of them is probably labelled wrongly.")


class SplitGroup(BaseModel):
    group: str
    counts: dict[str, int]


class LeakReport(BaseModel):
    dataset_id: UUID
    version: int
    is_clean: bool = Field(description="Nothing was found that makes a proof too kind, and there are test items to prove on.")
    in_words: list[str]
    pairs: list[AlikePair] = Field(description="At most 100, the most alike first.")
    groups: list[SplitGroup] = Field(description="Users or conversations with items in several splits; at most 100.")
    looks: int = Field(description="Of optimizations at the test split as it is now; each must be surer than the one before.")
    looks_left: int
    reads: int = Field(description="Of test runs over the test split as it is now.")
    used: int = Field(description="Test runs and optimizations that used any version: what they used stays as it was.")
    synthetic: dict[str, int] = Field(description="Made-up items by split.")


async def find_leaks(tx: Tx, workspace_id: UUID, dataset: Dataset) -> LeakReport:
    """Of the dataset as it is now."""
    wanted = [UUID(one) for pair in dataset.near_duplicates for one in pair["items"]]
    items = await store.items_of(tx, workspace_id, dataset.dataset_id, wanted)
    pairs = [_pair(pair, items) for pair in dataset.near_duplicates if all(UUID(one) in items for one in pair["items"])]
    groups = [SplitGroup(group=row["own"], counts=row["counts"]) for row in await store.split_groups(tx, workspace_id, dataset.dataset_id)]
    facts = await store.facts_of(tx, workspace_id, dataset.dataset_id)
    looks_left = max(0, LOOKS_MOST - facts["looks"])
    words = _in_words(dataset, pairs, groups, looks=facts["looks"], reads=facts["reads"])
    return LeakReport(
        dataset_id=dataset.dataset_id,
        version=dataset.version,
        is_clean=not words,
        in_words=words,
        pairs=pairs,
        groups=groups,
        looks=facts["looks"],
        looks_left=looks_left,
        reads=facts["reads"],
        used=facts["used"],
        synthetic=facts["synthetic"],
    )


def _pair(pair: dict[str, Any], items: dict[UUID, Record]) -> AlikePair:
    rows = [items[UUID(one)] for one in pair["items"]]
    shown = [AlikeItem(id=row["item_id"], split=row["split"], input=row["input"], expected=row["expected"]) for row in rows]
    answers = {compared(one.expected) for one in shown if one.expected is not None}
    return AlikePair(similarity=pair["similarity"], items=shown, contradicts=len(answers) > 1)


def _in_words(dataset: Dataset, pairs: list[AlikePair], groups: list[SplitGroup], *, looks: int, reads: int) -> list[str]:
    found = []
    if not dataset.counts.get("test"):
        found.append("It has no test items, so no gain can be proved on it: add some.")
    tested = sum(any(one.split == "test" for one in pair.items) for pair in pairs)
    if pairs:
        found.append(f"{len(pairs)} pairs of items in different splits say almost the same, {tested} of them with a test item.")
    contradictions = sum(pair.contradicts for pair in pairs)
    if contradictions:
        found.append(f"{contradictions} of these pairs expect different answers: look at their labels.")
    if groups:
        found.append(f"{len(groups)} users or conversations have items in several splits.")
    if looks >= LOOKS_MOST:
        found.append(f"Optimizations have looked at the test split {looks} times; add fresh test items, as many as there are.")
    if reads > LOOKS_MOST:
        found.append(f"Test runs have read the test split {reads} times; who chooses by it makes it less of a proof.")
    return found
