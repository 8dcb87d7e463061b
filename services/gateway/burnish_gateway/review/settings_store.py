"""The SQL of what goes into the review queue. The workspace's own settings stand under the slug ''."""

from uuid import UUID

import asyncpg

from burnish_gateway.review.answers import SettingsAnswer
from burnish_gateway.review.bodies import SettingsBody
from burnish_shared.db.session import Tx

COLUMNS = "slug, low_rated, uncertain, sample_ratio, most_waiting, dataset_id, updated_at"


async def list_settings(tx: Tx) -> list[SettingsAnswer]:
    """The workspace's first."""
    return [_settings(row) for row in await tx.fetch(f"SELECT {COLUMNS} FROM review_settings ORDER BY slug LIMIT 10000")]


async def find(tx: Tx, *, slug: str) -> SettingsAnswer | None:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM review_settings WHERE slug = $1", slug)
    return _settings(row) if row is not None else None


async def put(tx: Tx, workspace_id: UUID, *, slug: str, body: SettingsBody) -> SettingsAnswer:
    """Sets all of it: what the body does not say is no longer said."""
    [row] = await tx.fetch(
        f"""INSERT INTO review_settings (workspace_id, slug, low_rated, uncertain, sample_ratio, most_waiting, dataset_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (workspace_id, slug) DO UPDATE SET low_rated = excluded.low_rated, uncertain = excluded.uncertain,
              sample_ratio = excluded.sample_ratio, most_waiting = excluded.most_waiting, dataset_id = excluded.dataset_id,
              updated_at = clock_timestamp()
            RETURNING {COLUMNS}""",
        workspace_id, slug, body.low_rated, body.uncertain, body.sample, body.most_waiting, body.dataset_id,
    )  # fmt: skip
    return _settings(row)


async def delete(tx: Tx, *, slug: str) -> SettingsAnswer | None:
    """The settings that were there."""
    row = await tx.fetchrow(f"DELETE FROM review_settings WHERE slug = $1 RETURNING {COLUMNS}", slug)
    return _settings(row) if row is not None else None


async def dataset_of(tx: Tx, *, slug: str) -> UUID | None:
    """Where decided answers of a prompt go: its own dataset, else the workspace's."""
    found: UUID | None = await tx.fetchval(
        "SELECT dataset_id FROM review_settings WHERE slug = ANY ($1) AND dataset_id IS NOT NULL ORDER BY slug DESC LIMIT 1", ["", slug]
    )
    return found


async def lock(tx: Tx, workspace_id: UUID, *, slug: str) -> None:
    """Holds the prompt's settings, which are made when there are none, until the transaction ends."""
    await tx.execute(
        """INSERT INTO review_settings (workspace_id, slug) VALUES ($1, $2)
           ON CONFLICT (workspace_id, slug) DO UPDATE SET updated_at = review_settings.updated_at""",
        workspace_id,
        slug,
    )


async def set_dataset(tx: Tx, *, slug: str, dataset_id: UUID) -> None:
    await tx.execute("UPDATE review_settings SET dataset_id = $2, updated_at = clock_timestamp() WHERE slug = $1", slug, dataset_id)


def _settings(row: asyncpg.Record) -> SettingsAnswer:
    return SettingsAnswer(
        prompt=row["slug"] or None,
        low_rated=row["low_rated"],
        uncertain=row["uncertain"],
        sample=row["sample_ratio"],
        most_waiting=row["most_waiting"],
        dataset_id=row["dataset_id"],
        updated_at=row["updated_at"],
    )
