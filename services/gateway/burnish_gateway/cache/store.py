"""Answers that are kept, as the gateway sees them: counted, listed and removed. The transaction is the workspace's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

PROMPTS_MOST = 100
"""So many prompts are counted one by one, those with the most hits first."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is kept, and what it saved. `bytes` of answers."""

    slug: str | None
    entries: int
    size_bytes: int
    hits: int
    saved_nusd: int
    simulated: bool
    oldest_at: datetime | None


async def counts(tx: Tx, workspace_id: UUID) -> tuple[Counts, Sequence[Counts]]:
    """Of everything that is young enough to be given, and of each prompt ('' for messages without one)."""
    rows = await tx.fetch(
        """SELECT slug, grouping(slug) = 1 AS is_total, count(*) AS entries, coalesce(sum(size_bytes), 0)::bigint AS size_bytes,
                  coalesce(sum(hits), 0)::bigint AS hits, coalesce(sum(hits::numeric * cost_nusd), 0) AS saved_nusd,
                  coalesce(bool_or(simulated), false) AS simulated, min(made_at) AS oldest_at
             FROM cache_entries WHERE workspace_id = $1 AND expires_at > clock_timestamp() GROUP BY GROUPING SETS ((slug), ())
            ORDER BY grouping(slug) DESC, sum(hits) DESC, slug LIMIT $2""",
        workspace_id,
        PROMPTS_MOST + 1,
    )
    found = [_counts(row) for row in rows]
    return found[0], found[1:]


async def list_entries(tx: Tx, workspace_id: UUID, *, slug: str | None, before: tuple[datetime, bytes] | None, limit: int) -> list[Record]:
    """The newest first. No text: it is read with the execution that made the answer."""
    return list(
        await tx.fetch(
            """SELECT cache_key, slug, version, model, execution_id, size_bytes, cost_nusd, simulated, hits,
                      made_at, expires_at, last_hit_at
                 FROM cache_entries WHERE workspace_id = $1 AND ($2::text IS NULL OR slug = $2) AND expires_at > clock_timestamp()
                  AND ($3::timestamptz IS NULL OR (made_at, cache_key) < ($3, $4::bytea))
                ORDER BY made_at DESC, cache_key DESC LIMIT $5""",
            workspace_id,
            slug,
            before[0] if before else None,
            before[1] if before else None,
            limit,
        )
    )


async def purge(tx: Tx, workspace_id: UUID, slug: str | None) -> int:
    """Removes what is kept of a prompt, or all; what is being asked at this moment is not kept either. Returns how many there were."""
    await tx.execute(
        """INSERT INTO cache_purges AS p (workspace_id, slug, purged_at) VALUES ($1, $2, clock_timestamp())
           ON CONFLICT (workspace_id, slug) DO UPDATE SET purged_at = excluded.purged_at""",
        workspace_id,
        slug or "",
    )
    removed: int = await tx.fetchval(
        """WITH gone AS (DELETE FROM cache_entries WHERE workspace_id = $1 AND ($2::text IS NULL OR slug = $2) RETURNING true)
           SELECT count(*) FROM gone""",
        workspace_id,
        slug,
    )
    return removed


def _counts(row: Record) -> Counts:
    return Counts(
        slug=None if row["is_total"] else row["slug"], entries=row["entries"], size_bytes=row["size_bytes"], hits=row["hits"],
        saved_nusd=int(row["saved_nusd"]), simulated=row["simulated"], oldest_at=row["oldest_at"],
    )  # fmt: skip
