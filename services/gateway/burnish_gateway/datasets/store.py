"""The SQL of datasets and their items. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from burnish_gateway.datasets.dataset import Dataset, StoredItem
from burnish_gateway.datasets.item import SPLITS, NewItem
from burnish_gateway.datasets.keep_together import Held
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

_DATASET = """d.dataset_id, d.name, d.version, d.test_version, d.near_duplicates, d.created_by, d.created_at, d.updated_at,
              (SELECT coalesce(jsonb_object_agg(c.split, c.n), '{}') FROM (SELECT i.split, count(*) AS n FROM dataset_items i
                WHERE i.workspace_id = d.workspace_id AND i.dataset_id = d.dataset_id GROUP BY i.split) c) AS counts"""


async def insert_dataset(tx: Tx, workspace_id: UUID, *, name: str, author: str) -> UUID:
    dataset_id = new_uuid()
    await tx.execute(
        "INSERT INTO datasets (dataset_id, workspace_id, name, created_by) VALUES ($1, $2, $3, $4)", dataset_id, workspace_id, name, author
    )
    return dataset_id


async def lock_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> Dataset | None:
    """The dataset, held against other additions until the transaction ends."""
    await tx.execute("SELECT FROM datasets WHERE workspace_id = $1 AND dataset_id = $2 FOR UPDATE", workspace_id, dataset_id)
    return await find_dataset(tx, workspace_id, dataset_id)


async def find_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> Dataset | None:
    row = await tx.fetchrow(f"SELECT {_DATASET} FROM datasets d WHERE d.workspace_id = $1 AND d.dataset_id = $2", workspace_id, dataset_id)
    return _dataset(row) if row else None


async def list_datasets(tx: Tx, workspace_id: UUID, *, before: UUID | None, limit: int) -> list[Dataset]:
    """Newest first."""
    rows = await tx.fetch(
        f"""SELECT {_DATASET} FROM datasets d WHERE d.workspace_id = $1 AND ($2::uuid IS NULL OR d.dataset_id < $2)
             ORDER BY d.dataset_id DESC LIMIT $3""",
        workspace_id,
        before,
        limit,
    )
    return [_dataset(row) for row in rows]


async def insert_items(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem], *, version: int, first: int) -> list[str]:
    """Adds those whose input the dataset does not hold yet; returns the splits of what was added. `first`: position of the first one."""
    rows = await tx.fetch(
        """INSERT INTO dataset_items (item_id, workspace_id, dataset_id, position, split, input, expected, metadata, content_hash,
                                      added_version)
           SELECT i.item_id, $1, $2, $3 + i.place - 1, i.split, i.input::jsonb, i.expected, i.metadata::jsonb, i.hash, $4
             FROM unnest($5::uuid[], $6::text[], $7::jsonb[], $8::text[], $9::jsonb[], $10::bytea[])
                  WITH ORDINALITY i(item_id, split, input, expected, metadata, hash, place) ORDER BY i.place
           ON CONFLICT (workspace_id, dataset_id, content_hash) DO NOTHING RETURNING split""",
        workspace_id,
        dataset_id,
        first,
        version,
        [new_uuid() for _ in items],
        [item.place for item in items],
        [item.input for item in items],
        [item.expected for item in items],
        [item.metadata for item in items],
        [item.content_hash for item in items],
    )
    return [row["split"] for row in rows]


async def list_items(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, *, split: str | None, only: Sequence[UUID] | None = None, after: int | None, limit: int
) -> list[StoredItem]:
    """In the order in which they came, those after position `after`. `only`: these items, as far as they are in it."""
    rows = await tx.fetch(
        """SELECT item_id, position, split, input, expected, metadata, synthetic, added_version FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND ($3::text IS NULL OR split = $3) AND ($4::integer IS NULL OR position > $4)
              AND ($6::uuid[] IS NULL OR item_id = ANY ($6)) ORDER BY position LIMIT $5""",
        workspace_id,
        dataset_id,
        split,
        after,
        limit,
        only,
    )
    return [StoredItem(**dict(row)) for row in rows]


async def next_position(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> int:
    """Behind the last item; items that were taken out leave their places empty."""
    last: int | None = await tx.fetchval(
        "SELECT max(position) FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2", workspace_id, dataset_id
    )
    return 0 if last is None else last + 1


async def find_item(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, content_hash: bytes) -> StoredItem | None:
    """The item of this input; None: the dataset does not hold it."""
    row = await tx.fetchrow(
        """SELECT item_id, position, split, input, expected, metadata, synthetic, added_version FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND content_hash = $3""",
        workspace_id,
        dataset_id,
        content_hash,
    )
    return StoredItem(**dict(row)) if row is not None else None


async def delete_unmeasured(tx: Tx, workspace_id: UUID, dataset_id: UUID, item_id: UUID) -> bool:
    """Takes an item out, unless a test run or an optimization has used the dataset since it came. Whether it was taken out."""
    row = await tx.fetchrow(
        """DELETE FROM dataset_items d WHERE d.workspace_id = $1 AND d.dataset_id = $2 AND d.item_id = $3
              AND NOT EXISTS (SELECT FROM test_runs t
                               WHERE t.workspace_id = $1 AND t.dataset_id = $2 AND t.dataset_version >= d.added_version)
              AND NOT EXISTS (SELECT FROM optimization_jobs j
                               WHERE j.workspace_id = $1 AND j.dataset_id = $2 AND j.dataset_version >= d.added_version)
           RETURNING true""",
        workspace_id,
        dataset_id,
        item_id,
    )
    return row is not None


async def texts_of(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> list[tuple[UUID, str, Any]]:
    """(item, split, input) of all items, in order."""
    rows = await tx.fetch(
        "SELECT item_id, split, input FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 ORDER BY position",
        workspace_id,
        dataset_id,
    )
    return [(row["item_id"], row["split"], row["input"]) for row in rows]


async def held_of(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> list[Held]:
    """What decides where new items go, in order."""
    rows = await tx.fetch(
        "SELECT split, input, metadata->>'group' AS own FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 ORDER BY position",
        workspace_id,
        dataset_id,
    )
    return [Held(text=NewItem(input=row["input"], expected="").text, split=row["split"], group=row["own"]) for row in rows]


async def update_dataset(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, test_version: int, near_duplicates: list[dict[str, Any]]
) -> None:
    await tx.execute(
        """UPDATE datasets SET version = $3, test_version = $4, near_duplicates = $5, updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND dataset_id = $2""",
        workspace_id,
        dataset_id,
        version,
        test_version,
        near_duplicates,
    )


def _dataset(row: asyncpg.Record) -> Dataset:
    return Dataset(**(dict(row) | {"counts": dict.fromkeys(SPLITS, 0) | row["counts"]}))
