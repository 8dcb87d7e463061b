"""Items of datasets (PROMISES O-03).

Train and validation come by one function; test items only by `open_test_split`, which counts the look and pays for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from asyncpg import Record

from burnish_optimizer.stats import ALPHA, MAX_LOOKS, alpha_of_look
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.judged_cases import Judged

# Of a dataset as it is now that is what its row says. What was asked for before fresh test items came reads the old ones, and looks at them
# go on being counted together: by the newest version that any look at them was counted by, else by the first.
_LOOKED_AT: Final = """CASE WHEN d.test_version <= $3 THEN d.test_version ELSE coalesce(
    (SELECT max(l.test_version) FROM test_looks l WHERE l.workspace_id = $1 AND l.dataset_id = $2 AND l.test_version <= $3), 1) END"""
"""SQL: which version of the test split looks of somebody are counted by who reads dataset `d` ($1, $2) as it was at version $3."""


@dataclass(frozen=True, slots=True)
class DatasetItem:
    """`input`: a text, or variables by name. `expected` None: there is no right answer."""

    item_id: UUID
    input: str | dict[str, Any]
    expected: str | None


@dataclass(frozen=True, slots=True)
class RunItem:
    """Of a test run. `expected` None: there is no right answer. `judged`: by what beside, or in place of, `expected`."""

    item_id: UUID
    input: str | dict[str, Any]
    expected: str | None
    judged: Judged = field(default_factory=Judged)

    @property
    def is_compared(self) -> bool:
        """`expected` is the right answer, and not the criteria of one."""
        return self.expected is not None and self.judged.is_compared


@dataclass(frozen=True, slots=True)
class TestSplitFacts:
    """What may be known of a test split without looking: how many items, how many looks it has paid for, how often people ran it.

    `test_version`: by which looks at it are counted; an older one where the dataset got fresh test items since.
    """

    __test__ = False  # pytest takes the name for a test

    items: int
    test_version: int
    looks: int
    reads: int
    own_look: int | None
    """The number of the look that this job took before it was interrupted."""

    @property
    def has_look_left(self) -> bool:
        return self.own_look is not None or self.looks < MAX_LOOKS


@dataclass(frozen=True, slots=True)
class TestSplit:
    """The right to one paired measurement, and the items for it. `alpha`: what this look may claim a gain at, one-sided."""

    __test__ = False

    items: tuple[DatasetItem, ...]
    test_version: int
    look: int
    alpha: float


async def load_search_items(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, split: Literal["train", "validation"]
) -> tuple[DatasetItem, ...]:
    """Items that a search may see, as the dataset was at `version`, in order. There is no way to ask this for test items."""
    return await _load(tx, workspace_id, dataset_id, version=version, split="train" if split == "train" else "validation")


async def load_for_test_run(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, split: str, owner_id: UUID, item_ids: Sequence[UUID] | None = None
) -> Sequence[RunItem]:
    """Items of a test run; only those of `item_ids` where they are given.

    On the test split the reading is noted, without a share of the error budget: it compares nothing.
    """
    if split == "test":
        await tx.execute(
            f"""INSERT INTO test_looks (look_id, workspace_id, dataset_id, test_version, owner_id)
               SELECT $4, $1, $2, {_LOOKED_AT}, $5 FROM datasets d WHERE d.workspace_id = $1 AND d.dataset_id = $2
               ON CONFLICT DO NOTHING""",
            workspace_id,
            dataset_id,
            version,
            new_uuid(),
            owner_id,
        )
    rows = await _rows(tx, workspace_id, dataset_id, version=version, split=split)
    found = tuple(RunItem(row["item_id"], row["input"], row["expected"], Judged.of(row["mark"])) for row in rows)
    wanted = None if item_ids is None else set(item_ids)
    return found if wanted is None else tuple(item for item in found if item.item_id in wanted)


async def test_split_facts(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, job_id: UUID) -> TestSplitFacts:
    """Counts only."""
    row = await tx.fetchrow(
        f"""SELECT (SELECT count(*) FROM dataset_items i WHERE i.workspace_id = $1 AND i.dataset_id = $2 AND i.split = 'test'
                      AND i.added_version <= $3
                      AND coalesce(i.removed_version > $3, true)) AS items, v.test_version,
                  (SELECT count(number) FROM test_looks l WHERE l.workspace_id = $1 AND l.dataset_id = $2
                      AND l.test_version = v.test_version) AS looks,
                  (SELECT count(*) FROM test_looks l WHERE l.workspace_id = $1 AND l.dataset_id = $2
                      AND l.test_version = v.test_version AND l.number IS NULL) AS reads,
                  (SELECT l.number FROM test_looks l WHERE l.workspace_id = $1 AND l.owner_id = $4) AS own_look
             FROM datasets d CROSS JOIN LATERAL (SELECT {_LOOKED_AT} AS test_version) v
            WHERE d.workspace_id = $1 AND d.dataset_id = $2""",
        workspace_id,
        dataset_id,
        version,
        job_id,
    )
    if row is None:
        raise LookupError(f"dataset {dataset_id} is gone")
    return TestSplitFacts(**dict(row))


async def open_test_split(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, job_id: UUID, error_share: float = ALPHA
) -> TestSplit:
    """Takes one look, counted and paid in the same transaction. A job that is resumed gets the look that it took before.

    `error_share`: how often a claim may be wrong at all, over all looks: one less the workspace's confidence.
    """
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('burnish.test_looks:' || $1, 0))", str(dataset_id))
    facts = await test_split_facts(tx, workspace_id, dataset_id, version=version, job_id=job_id)
    look = facts.own_look or facts.looks + 1
    if facts.own_look is None:
        await tx.execute(
            """INSERT INTO test_looks (look_id, workspace_id, dataset_id, test_version, number, alpha, owner_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7)""",
            new_uuid(),
            workspace_id,
            dataset_id,
            facts.test_version,
            look,
            alpha_of_look(look, alpha=error_share),
            job_id,
        )
    items = await _load(tx, workspace_id, dataset_id, version=version, split="test")
    return TestSplit(items=items, test_version=facts.test_version, look=look, alpha=alpha_of_look(look, alpha=error_share))


async def _load(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, split: str) -> tuple[DatasetItem, ...]:
    """For a search."""
    rows = await _rows(tx, workspace_id, dataset_id, version=version, split=split)
    return tuple(DatasetItem(row["item_id"], row["input"], row["expected"]) for row in rows)


async def _rows(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, split: str) -> Sequence[Record]:
    return await tx.fetch(
        """SELECT item_id, input, expected, metadata->'test_case' AS mark FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND split = $3 AND added_version <= $4 AND coalesce(removed_version > $4, true)
            ORDER BY position""",
        workspace_id,
        dataset_id,
        split,
        version,
    )
