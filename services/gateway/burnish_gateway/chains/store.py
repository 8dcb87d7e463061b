"""Chains, versions and labels in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.chains.chain import ChainHead, ChainLabelMove, ChainVersion, fingerprint_of
from burnish_gateway.registry.list_store import WORDS_MOST
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

_HEAD: Final = """SELECT c.chain_id, c.workspace_id, c.slug, c.name, c.description, c.folder, c.tags, c.latest_version, c.created_by, c.created_at,
         c.updated_at, c.archived_at,
         coalesce((SELECT array_agg(l.label ORDER BY l.label) FROM chain_labels l WHERE l.workspace_id = c.workspace_id AND l.chain_id = c.chain_id), '{}') AS labels,
         coalesce((SELECT array_agg(l.version ORDER BY l.label) FROM chain_labels l WHERE l.workspace_id = c.workspace_id AND l.chain_id = c.chain_id), '{}') AS placed,
         coalesce((SELECT array_agg(l.moved_at ORDER BY l.label) FROM chain_labels l WHERE l.workspace_id = c.workspace_id AND l.chain_id = c.chain_id), '{}') AS moved
    FROM chains c"""  # noqa: E501

_VERSION: Final = "SELECT version, content, base_version, change_message, author, created_at FROM chain_versions"


async def insert_chain(
    tx: Tx, workspace_id: UUID, *, slug: str, name: str, description: str, folder: str, tags: Sequence[str], author: str
) -> UUID | None:
    """None: the slug is taken."""
    made: UUID | None = await tx.fetchval(
        """INSERT INTO chains (chain_id, workspace_id, slug, name, description, folder, tags, latest_version, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8) ON CONFLICT (workspace_id, slug) DO NOTHING RETURNING chain_id""",
        new_uuid(), workspace_id, slug, name, description, folder, list(tags), author,
    )  # fmt: skip
    return made


async def find_head(tx: Tx, workspace_id: UUID, slug: str, *, lock: bool = False) -> ChainHead | None:
    """`lock`: nobody else changes the chain, its versions or labels until this transaction ends."""
    if lock:
        await tx.execute("SELECT 1 FROM chains WHERE workspace_id = $1 AND slug = $2 FOR NO KEY UPDATE", workspace_id, slug)
    row = await tx.fetchrow(f"{_HEAD} WHERE c.workspace_id = $1 AND c.slug = $2", workspace_id, slug)
    return _head(row) if row else None


async def list_heads(
    tx: Tx, workspace_id: UUID, *, text: str | None, archived: bool, folder: str | None, tag: str | None, after: str | None, limit: int
) -> list[ChainHead]:
    """By slug. `text`: what somebody types into a search box, read as for prompts; each word, or its beginning, must occur."""
    rows = await tx.fetch(
        f"""{_HEAD} WHERE c.workspace_id = $1 AND (c.archived_at IS NOT NULL) = $2 AND ($3::text IS NULL OR c.folder = $3)
               AND ($4::text IS NULL OR c.tags @> ARRAY[$4]) AND ($5::text IS NULL OR c.slug > $5)
               AND ($7::text IS NULL OR c.words @@ words_query($7, $8)) ORDER BY c.slug LIMIT $6""",
        workspace_id, archived, folder, tag, after, limit, text, WORDS_MOST,
    )  # fmt: skip
    return [_head(row) for row in rows]


async def change_chain(tx: Tx, head: ChainHead, **columns: Any) -> None:
    """Names of columns are constants of the callers."""
    sets = "".join(f", {name} = ${number}" for number, name in enumerate(columns, 3))
    await tx.execute(
        f"UPDATE chains SET updated_at = clock_timestamp(){sets} WHERE workspace_id = $1 AND chain_id = $2",
        head.workspace_id, head.chain_id, *columns.values(),
    )  # fmt: skip


async def insert_version(
    tx: Tx,
    workspace_id: UUID,
    chain_id: UUID,
    content: dict[str, Any],
    *,
    version: int,
    base_version: int | None,
    message: str,
    author: str,
) -> ChainVersion:
    row = await tx.fetchrow(
        """INSERT INTO chain_versions (workspace_id, chain_id, version, content, content_hash, base_version, change_message, author)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           RETURNING version, content, base_version, change_message, author, created_at""",
        workspace_id, chain_id, version, content, fingerprint_of(content), base_version, message, author,
    )  # fmt: skip
    assert row is not None  # noqa: S101 - an insert without a conflict clause returns its row
    return _version(row)


async def find_version(tx: Tx, workspace_id: UUID, chain_id: UUID, version: int) -> ChainVersion | None:
    row = await tx.fetchrow(f"{_VERSION} WHERE workspace_id = $1 AND chain_id = $2 AND version = $3", workspace_id, chain_id, version)
    return _version(row) if row else None


async def find_identical(tx: Tx, head: ChainHead, content: dict[str, Any]) -> ChainVersion | None:
    """The version that says exactly this; there is at most one."""
    row = await tx.fetchrow(
        f"{_VERSION} WHERE workspace_id = $1 AND chain_id = $2 AND content_hash = $3",
        head.workspace_id, head.chain_id, fingerprint_of(content),
    )  # fmt: skip
    return _version(row) if row else None


async def list_versions(tx: Tx, head: ChainHead, *, before: int | None, limit: int) -> list[ChainVersion]:
    """Newest first."""
    rows = await tx.fetch(
        f"{_VERSION} WHERE workspace_id = $1 AND chain_id = $2 AND ($3::integer IS NULL OR version < $3) ORDER BY version DESC LIMIT $4",
        head.workspace_id, head.chain_id, before, limit,
    )  # fmt: skip
    return [_version(row) for row in rows]


async def put_label(tx: Tx, workspace_id: UUID, chain_id: UUID, label: str, *, version: int) -> datetime:
    moved_at: datetime = await tx.fetchval(
        """INSERT INTO chain_labels (workspace_id, chain_id, label, version) VALUES ($1, $2, $3, $4)
           ON CONFLICT (workspace_id, chain_id, label) DO UPDATE SET version = excluded.version, moved_at = clock_timestamp()
           RETURNING moved_at""",
        workspace_id, chain_id, label, version,
    )  # fmt: skip
    return moved_at


async def has_named(tx: Tx, head: ChainHead, label: str, version: int) -> bool:
    return bool(
        await tx.fetchval(
            """SELECT EXISTS (SELECT FROM chain_label_moves
                               WHERE workspace_id = $1 AND chain_id = $2 AND label = $3 AND to_version = $4)""",
            head.workspace_id, head.chain_id, label, version,
        )
    )  # fmt: skip


async def delete_label(tx: Tx, head: ChainHead, label: str) -> None:
    await tx.execute(
        "DELETE FROM chain_labels WHERE workspace_id = $1 AND chain_id = $2 AND label = $3", head.workspace_id, head.chain_id, label
    )


async def insert_move(
    tx: Tx, workspace_id: UUID, chain_id: UUID, label: str, *, from_version: int | None, to_version: int | None, reason: str, author: str
) -> datetime:
    moved_at: datetime = await tx.fetchval(
        """INSERT INTO chain_label_moves (move_id, workspace_id, chain_id, label, from_version, to_version, reason, author, moved_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp()) RETURNING moved_at""",
        new_uuid(), workspace_id, chain_id, label, from_version, to_version, reason, author,
    )  # fmt: skip
    return moved_at


async def list_moves(tx: Tx, head: ChainHead, label: str, *, before: UUID | None, limit: int) -> list[ChainLabelMove]:
    """Newest first."""
    rows = await tx.fetch(
        """SELECT move_id, label, from_version, to_version, reason, author, moved_at FROM chain_label_moves
            WHERE workspace_id = $1 AND chain_id = $2 AND label = $3 AND ($4::uuid IS NULL OR move_id < $4)
            ORDER BY move_id DESC LIMIT $5""",
        head.workspace_id, head.chain_id, label, before, limit,
    )  # fmt: skip
    return [ChainLabelMove(**dict(row)) for row in rows]


def _head(row: Record) -> ChainHead:
    fields = {name: one for name, one in row.items() if name not in ("labels", "placed", "moved", "tags")}
    labels = {label: (version, at) for label, version, at in zip(row["labels"], row["placed"], row["moved"], strict=True)}
    return ChainHead(**fields, tags=tuple(row["tags"]), labels=labels)


def _version(row: Record) -> ChainVersion:
    return ChainVersion(**dict(row))
