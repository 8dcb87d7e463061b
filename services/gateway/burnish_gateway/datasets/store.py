"""The SQL of datasets and their items. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from burnish_gateway.datasets import versions_store
from burnish_gateway.datasets.dataset import Change, Dataset, StoredItem
from burnish_gateway.datasets.item import SPLITS, NewItem, Split
from burnish_gateway.datasets.keep_together import Held
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

_DATASET = """d.dataset_id, d.name, d.version, d.test_version, d.near_duplicates, d.created_by, d.created_at, d.updated_at,
              d.archived_at,
              (SELECT coalesce(jsonb_object_agg(c.split, c.n), '{}') FROM (SELECT i.split, count(*) AS n FROM dataset_items i
                WHERE i.workspace_id = d.workspace_id AND i.dataset_id = d.dataset_id AND i.removed_version IS NULL
                GROUP BY i.split) c) AS counts"""

ITEM: Final = "item_id, position, split, input, expected, metadata, synthetic, added_version, removed_version"

Place = tuple[int, int]
"""Where an item stands: its position, and the version that added it."""

BEFORE_ALL: Final = (-1, 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items, beside the words in them. `splits` empty: all of them. `only`: these, as far as they are in it or were. `synthetic`:
    whether they were made up. `version`: those that the dataset held then, else what it holds now. None: whatever it is."""

    splits: Sequence[str] = ()
    only: Sequence[UUID] | None = None
    category: str | None = None
    tag: str | None = None
    synthetic: bool | None = None
    version: int | None = None

    def arguments(self, workspace_id: UUID, dataset_id: UUID, *, after: Place | None) -> tuple[Any, ...]:
        """$1 to $10 of a statement with `WANTED`."""
        of = (workspace_id, dataset_id, list(self.splits) or list(SPLITS), *(after or BEFORE_ALL))
        return (*of, self.only, self.category, self.tag, self.synthetic, self.version)


WANTED: Final = """i.workspace_id = $1 AND i.dataset_id = $2 AND i.split = s.split AND (i.position, i.added_version) > ($4, $5::integer)
                 AND ($6::uuid[] IS NULL OR i.item_id = ANY ($6))
                 AND CASE WHEN $10::integer IS NOT NULL THEN i.added_version <= $10 AND coalesce(i.removed_version > $10, true)
                          ELSE $6 IS NOT NULL OR i.removed_version IS NULL END
                 AND ($7::text IS NULL OR i.metadata->>'category' = $7)
                 AND ($8::text IS NULL OR i.metadata->'tags' ? $8)
                 AND ($9::boolean IS NULL OR i.synthetic = $9)"""
"""SQL: whether item `i` is one of those that are `Wanted` of the split `s` ($3) behind a place ($4, $5)."""


async def free_name(tx: Tx, workspace_id: UUID, wanted: str) -> str:
    """`wanted`, or with the first number behind it, from 2, by which no dataset of the workspace is called, archived or not."""
    rows = await tx.fetch(
        "SELECT name FROM datasets WHERE workspace_id = $1 AND (name = $2 OR starts_with(name, $2 || ' '))", workspace_id, wanted
    )
    taken = {row["name"] for row in rows}
    return next(name for name in (wanted, *(f"{wanted} {n}" for n in range(2, len(taken) + 3))) if name not in taken)


async def insert_dataset(tx: Tx, workspace_id: UUID, *, name: str, change: Change) -> UUID:
    """An empty one, version 1."""
    dataset_id = new_uuid()
    await tx.execute(
        "INSERT INTO datasets (dataset_id, workspace_id, name, created_by) VALUES ($1, $2, $3, $4)",
        dataset_id,
        workspace_id,
        name,
        change.by,
    )
    await versions_store.insert_version(tx, workspace_id, dataset_id, version=1, change=change)
    return dataset_id


async def lock_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> Dataset | None:
    """The dataset, held against other additions, and against whatever begins on it, until the transaction ends."""
    await tx.execute("SELECT FROM datasets WHERE workspace_id = $1 AND dataset_id = $2 FOR UPDATE", workspace_id, dataset_id)
    return await find_dataset(tx, workspace_id, dataset_id)


async def hold_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> Dataset | None:
    """The dataset, which nobody archives or removes until the transaction ends: for whoever is about to name it."""
    await tx.execute("SELECT FROM datasets WHERE workspace_id = $1 AND dataset_id = $2 FOR KEY SHARE", workspace_id, dataset_id)
    return await find_dataset(tx, workspace_id, dataset_id)


async def find_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> Dataset | None:
    row = await tx.fetchrow(f"SELECT {_DATASET} FROM datasets d WHERE d.workspace_id = $1 AND d.dataset_id = $2", workspace_id, dataset_id)
    return _dataset(row) if row else None


async def newest_version(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> int | None:
    """For those who need not know how much it holds; None: it is not there."""
    found: int | None = await tx.fetchval(
        "SELECT version FROM datasets WHERE workspace_id = $1 AND dataset_id = $2", workspace_id, dataset_id
    )
    return found


async def list_datasets(tx: Tx, workspace_id: UUID, *, archived: bool, q: str = "", before: UUID | None, limit: int) -> list[Dataset]:
    """Newest first. `archived`: those that were put away, and no others; else all others. `q`: in whose names it stands, in any case."""
    rows = await tx.fetch(
        f"""SELECT {_DATASET} FROM datasets d
             WHERE d.workspace_id = $1 AND ($2::uuid IS NULL OR d.dataset_id < $2) AND (d.archived_at IS NOT NULL) = $4
               AND strpos(lower(d.name), lower($5)) > 0
             ORDER BY d.dataset_id DESC LIMIT $3""",
        workspace_id,
        before,
        limit,
        archived,
        q.strip(),
    )
    return [_dataset(row) for row in rows]


async def insert_items(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem], *, ids: Sequence[UUID], version: int, first: int
) -> list[tuple[str, bytes]]:
    """Adds those whose input the dataset does not hold yet; returns split and hash of each. `ids`: one for each; `first`: position of the
    first one."""
    rows = await tx.fetch(
        """INSERT INTO dataset_items (item_id, workspace_id, dataset_id, position, split, input, expected, metadata, content_hash,
                                      added_version)
           SELECT i.item_id, $1, $2, $3 + i.place - 1, i.split, i.input::jsonb, i.expected, i.metadata::jsonb, i.hash, $4
             FROM unnest($5::uuid[], $6::text[], $7::jsonb[], $8::text[], $9::jsonb[], $10::bytea[])
                  WITH ORDINALITY i(item_id, split, input, expected, metadata, hash, place) ORDER BY i.place
           ON CONFLICT (workspace_id, dataset_id, content_hash) DO NOTHING RETURNING split, content_hash""",
        workspace_id,
        dataset_id,
        first,
        version,
        ids,
        [item.place for item in items],
        [item.input for item in items],
        [item.expected for item in items],
        [item.metadata for item in items],
        [item.content_hash for item in items],
    )
    return [(row["split"], bytes(row["content_hash"])) for row in rows]


async def splits_before(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem]) -> dict[bytes, Split]:
    """Hash → split of those inputs that the dataset held once, and that were corrected or taken out (`retire_item`)."""
    rows = await tx.fetch(
        """SELECT DISTINCT n.hash, d.split FROM unnest($3::bytea[], $4::jsonb[]) n(hash, input)
             JOIN dataset_items d ON d.workspace_id = $1 AND d.dataset_id = $2 AND d.removed_version IS NOT NULL AND d.input = n.input""",
        workspace_id,
        dataset_id,
        [item.content_hash for item in items],
        [item.input for item in items],
    )
    return {bytes(row["hash"]): row["split"] for row in rows}


async def count_ever_tested(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> int:
    """Inputs that are in the test split or once were: one that was corrected counts once, one that was taken out goes on counting."""
    found: int = await tx.fetchval(
        "SELECT count(DISTINCT input) FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 AND split = 'test'",
        workspace_id,
        dataset_id,
    )
    return found


async def spelled_otherwise(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem]) -> list[tuple[str | None, str | None]]:
    """What the dataset expects and what one of the items does, of each whose text differs after trimming."""
    rows = await tx.fetch(
        """SELECT i.expected AS held, n.expected AS given FROM unnest($3::bytea[], $4::text[]) n(hash, expected)
             JOIN dataset_items i ON i.workspace_id = $1 AND i.dataset_id = $2 AND i.content_hash = n.hash
            WHERE btrim(i.expected, E' \\t\\n\\r') IS DISTINCT FROM btrim(n.expected, E' \\t\\n\\r')""",
        workspace_id,
        dataset_id,
        [item.content_hash for item in items],
        [item.expected for item in items],
    )
    return [(row["held"], row["given"]) for row in rows]


async def list_items(
    tx: Tx,
    workspace_id: UUID,
    dataset_id: UUID,
    wanted: Wanted = Wanted(),
    *,
    after: Place | None,
    limit: int,
) -> list[StoredItem]:
    """In the order in which they came, those after `after`: a corrected item has the place of the old one."""
    rows = await tx.fetch(
        f"""SELECT p.* FROM unnest($3::text[]) s(split) CROSS JOIN LATERAL (
              SELECT {ITEM} FROM dataset_items i WHERE {WANTED} ORDER BY i.position, i.added_version LIMIT $11) p
            ORDER BY p.position, p.added_version LIMIT $11""",
        *wanted.arguments(workspace_id, dataset_id, after=after),
        limit,
    )
    return [StoredItem(**dict(row)) for row in rows]


async def items_at(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, split: str | None, after: int, limit: int
) -> list[StoredItem]:
    """As the dataset was at `version`, in order, those after position `after`."""
    rows = await tx.fetch(
        f"""SELECT p.* FROM unnest($4::text[]) s(split) CROSS JOIN LATERAL (
              SELECT {ITEM} FROM dataset_items i
               WHERE i.workspace_id = $1 AND i.dataset_id = $2 AND i.split = s.split AND i.position > $5
                 AND i.added_version <= $3 AND coalesce(i.removed_version > $3, true)
               ORDER BY i.position LIMIT $6) p
            ORDER BY p.position LIMIT $6""",
        workspace_id,
        dataset_id,
        version,
        _splits(split),
        after,
        limit,
    )
    return [StoredItem(**dict(row)) for row in rows]


def _splits(split: str | None) -> list[str]:
    """Each is read apart, by the index that has a split's items in order: a page then costs what it holds, however large the dataset is."""
    return [split] if split else list(SPLITS)


async def next_position(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> int:
    """Behind the last item; items that were taken out leave their places empty."""
    last: int | None = await tx.fetchval(
        "SELECT max(position) FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2", workspace_id, dataset_id
    )
    return 0 if last is None else last + 1


async def find_item(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, content_hash: bytes) -> StoredItem | None:
    """The item of this input; None: the dataset does not hold it."""
    row = await tx.fetchrow(
        f"SELECT {ITEM} FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 AND content_hash = $3",
        workspace_id,
        dataset_id,
        content_hash,
    )
    return StoredItem(**dict(row)) if row is not None else None


async def item_of(tx: Tx, workspace_id: UUID, dataset_id: UUID, item_id: UUID) -> StoredItem | None:
    """An item of the newest version; None: it is not in it."""
    row = await tx.fetchrow(
        f"SELECT {ITEM} FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 AND item_id = $3 AND removed_version IS NULL",
        workspace_id,
        dataset_id,
        item_id,
    )
    return StoredItem(**dict(row)) if row is not None else None


async def retire_item(tx: Tx, workspace_id: UUID, dataset_id: UUID, item_id: UUID, *, version: int) -> bytes:
    """It is in no version from this one on. Returns the hash of its input, which is free for another item from now on."""
    row = await tx.fetchrow(
        """UPDATE dataset_items d SET removed_version = $4, content_hash = sha256(o.content_hash || int4send($4))
             FROM (SELECT content_hash FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 AND item_id = $3) o
            WHERE d.workspace_id = $1 AND d.dataset_id = $2 AND d.item_id = $3 AND d.removed_version IS NULL RETURNING o.content_hash""",
        workspace_id,
        dataset_id,
        item_id,
        version,
    )
    if row is None:
        raise LookupError(f"item {item_id} is not in the dataset")
    return bytes(row["content_hash"])


async def insert_corrected(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, retired: UUID, *, expected: str | None, content_hash: bytes, version: int
) -> UUID:
    """In the place of a retired item the same with another right answer, or None. `version`: the one that retired it.

    Returns the new id. It bears the time of the old one, since the input is as old: an erasure under way looks at what there was before it.
    """
    made = UUID(bytes=retired.bytes[:6] + new_uuid().bytes[6:])
    await tx.execute(
        """INSERT INTO dataset_items (item_id, workspace_id, dataset_id, position, split, input, expected, metadata, content_hash,
                                      added_version)
           SELECT $4, workspace_id, dataset_id, position, split, input, $5, metadata, $6, $7 FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND item_id = $3""",
        workspace_id,
        dataset_id,
        retired,
        made,
        expected,
        content_hash,
        version,
    )
    return made


async def delete_unmeasured(tx: Tx, workspace_id: UUID, dataset_id: UUID, item_id: UUID) -> bool:
    """Takes an item out for good, unless a test run or an optimization has used the dataset since it came, or somebody corrected it or took
    it out. Whether it was taken out."""
    row = await tx.fetchrow(
        """DELETE FROM dataset_items d WHERE d.workspace_id = $1 AND d.dataset_id = $2 AND d.item_id = $3 AND d.removed_version IS NULL
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


async def known_hashes(tx: Tx, workspace_id: UUID, dataset_id: UUID, hashes: Sequence[bytes]) -> set[bytes]:
    """Those that the dataset holds."""
    rows = await tx.fetch(
        "SELECT content_hash FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 AND content_hash = ANY ($3)",
        workspace_id,
        dataset_id,
        list(hashes),
    )
    return {bytes(row["content_hash"]) for row in rows}


async def held_of(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> list[Held]:
    """What decides where new items go, and what they are compared with, in order."""
    rows = await tx.fetch(
        """SELECT item_id, split, input, metadata->>'group' AS own, content_hash FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND removed_version IS NULL ORDER BY position""",
        workspace_id,
        dataset_id,
    )
    return [
        Held(NewItem(input=row["input"], expected="").text, row["split"], row["own"], row["item_id"], bytes(row["content_hash"]))
        for row in rows
    ]


async def update_dataset(
    tx: Tx,
    workspace_id: UUID,
    dataset_id: UUID,
    *,
    version: int,
    test_version: int,
    near_duplicates: list[dict[str, Any]],
    change: Change,
) -> None:
    """`change`: who made this version; what is noted of a version already stays."""
    await tx.execute(
        """UPDATE datasets SET version = $3, test_version = $4, near_duplicates = $5, updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND dataset_id = $2""",
        workspace_id,
        dataset_id,
        version,
        test_version,
        near_duplicates,
    )
    await versions_store.insert_version(tx, workspace_id, dataset_id, version=version, change=change)


async def change_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, name: str, archived_at: datetime | None) -> None:
    """What of it is not versioned. `archived_at` None: in use."""
    await tx.execute(
        """UPDATE datasets SET name = $3, archived_at = $4, updated_at = clock_timestamp() WHERE workspace_id = $1 AND dataset_id = $2""",
        workspace_id,
        dataset_id,
        name,
        archived_at,
    )


async def count_looks(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> int:
    """How often its test split was looked at, in any version, by whatever is there or gone."""
    found: int = await tx.fetchval("SELECT count(*) FROM test_looks WHERE workspace_id = $1 AND dataset_id = $2", workspace_id, dataset_id)
    return found


async def delete_dataset(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> None:
    """With its items; the database takes its looks. Reviewers' decisions stay and name no item any more. Nothing else may rest on it."""
    await tx.execute(
        """UPDATE review_items SET dataset_id = NULL, item_id = NULL, item_added = false WHERE workspace_id = $1 AND dataset_id = $2""",
        workspace_id,
        dataset_id,
    )
    await tx.execute("DELETE FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2", workspace_id, dataset_id)
    await tx.execute("DELETE FROM datasets WHERE workspace_id = $1 AND dataset_id = $2", workspace_id, dataset_id)


def _dataset(row: asyncpg.Record) -> Dataset:
    return Dataset(**(dict(row) | {"counts": dict.fromkeys(SPLITS, 0) | row["counts"]}))
