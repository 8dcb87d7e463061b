"""Live evaluations in SQL. The optimizer keeps their leases; analytics queues what they score."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

WAITING_MOST = 10_000

SHOWN = f"""SELECT l.live_evaluation_id, l.evaluator_id, e.name AS evaluator, e.kind, l.prompts, l.labels, l.filters,
       l.sample_ratio, l.cap_nusd, l.cap_period, l.active, l.created_by, l.created_at, l.updated_at, l.archived_at, a.held_nusd,
       CASE WHEN a.resets_at <= clock_timestamp() THEN 0 ELSE a.spent_nusd END AS spent_nusd,
       next_reset(l.cap_period, clock_timestamp()) AS resets_at,
       (SELECT count(*) FROM (SELECT FROM score_tasks t WHERE t.workspace_id = l.workspace_id
                                 AND t.live_evaluation_id = l.live_evaluation_id LIMIT {WAITING_MOST}) w) AS waiting
  FROM live_evaluations l JOIN evaluators e USING (workspace_id, evaluator_id) LEFT JOIN accounts a ON a.account_id = l.account_id"""


async def add(tx: Tx, workspace_id: UUID, live_evaluation_id: UUID, **columns: Any) -> None:
    """`columns`: names of this module's callers, never of a request."""
    names = sorted(columns)
    await tx.execute(
        f"INSERT INTO live_evaluations (workspace_id, live_evaluation_id, {', '.join(names)}) "
        f"VALUES ($1, $2, {', '.join(f'${n}' for n in range(3, 3 + len(names)))})",
        workspace_id,
        live_evaluation_id,
        *(columns[name] for name in names),
    )


async def change(tx: Tx, live_evaluation_id: UUID, **columns: Any) -> None:
    """`columns`: names of this module's callers, never of a request."""
    names = sorted(columns)
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, start=2))
    await tx.execute(
        f"UPDATE live_evaluations SET {sets}, updated_at = clock_timestamp() WHERE live_evaluation_id = $1",
        live_evaluation_id,
        *(columns[name] for name in names),
    )


async def archive(tx: Tx, live_evaluation_id: UUID) -> None:
    await tx.execute(
        "UPDATE live_evaluations SET archived_at = clock_timestamp(), updated_at = clock_timestamp(), active = false "
        "WHERE live_evaluation_id = $1",
        live_evaluation_id,
    )


async def lock(tx: Tx, live_evaluation_id: UUID) -> Record | None:
    """Nobody else changes it before this transaction ends. None: there is none, or it is archived."""
    return await tx.fetchrow(
        "SELECT evaluator_id, prompts, labels, filters, active, account_id, cap_nusd, cap_period FROM live_evaluations "
        "WHERE live_evaluation_id = $1 AND kind = 'live' AND archived_at IS NULL FOR NO KEY UPDATE",
        live_evaluation_id,
    )


async def list_open(tx: Tx, evaluator_id: UUID) -> list[UUID]:
    """Those of an evaluator that are not archived, in the order in which they are locked."""
    rows = await tx.fetch(
        "SELECT live_evaluation_id FROM live_evaluations WHERE evaluator_id = $1 AND kind = 'live' AND archived_at IS NULL "
        "ORDER BY live_evaluation_id",
        evaluator_id,
    )
    return [row["live_evaluation_id"] for row in rows]


async def find(tx: Tx, live_evaluation_id: UUID) -> Record | None:
    """Also an archived one."""
    return await tx.fetchrow(f"{SHOWN} WHERE l.live_evaluation_id = $1 AND l.kind = 'live'", live_evaluation_id)


async def list_newest(tx: Tx, *, after: UUID | None, evaluator_id: UUID | None, archived: bool, limit: int) -> Sequence[Record]:
    """Newest first, at most limit + 1; archived ones only where they are asked for."""
    return await tx.fetch(
        f"{SHOWN} WHERE l.kind = 'live' AND ($1::uuid IS NULL OR l.live_evaluation_id < $1) AND ($2::uuid IS NULL OR l.evaluator_id = $2) "
        "AND ($3 OR l.archived_at IS NULL) ORDER BY l.live_evaluation_id DESC LIMIT $4",
        after,
        evaluator_id,
        archived,
        limit + 1,
    )


async def count_open(tx: Tx) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM live_evaluations WHERE kind = 'live' AND archived_at IS NULL")
    return counted


async def uncapped(tx: Tx, evaluator_id: UUID) -> bool:
    """Whether a live evaluation of this evaluator is in use that has no cap."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM live_evaluations "
        "WHERE evaluator_id = $1 AND kind = 'live' AND archived_at IS NULL AND cap_nusd IS NULL)",
        evaluator_id,
    )
    return found


async def least_cap(tx: Tx, evaluator_id: UUID) -> tuple[UUID, int] | None:
    """The live evaluation of this evaluator, of those in use, that may spend least, and how much; None: none has a cap."""
    row = await tx.fetchrow(
        """SELECT live_evaluation_id, cap_nusd FROM live_evaluations
            WHERE evaluator_id = $1 AND kind = 'live' AND archived_at IS NULL AND cap_nusd IS NOT NULL
            ORDER BY cap_nusd, live_evaluation_id LIMIT 1""",
        evaluator_id,
    )
    return None if row is None else (row["live_evaluation_id"], row["cap_nusd"])


async def overlapping(
    tx: Tx, evaluator_id: UUID, prompts: Sequence[str], labels: Sequence[str], *, but: UUID | None
) -> list[tuple[UUID, dict[str, Any]]]:
    """Those in use of this evaluator that prompts and labels allow the same executions (none means all), with their filters."""
    rows = await tx.fetch(
        """SELECT live_evaluation_id, filters FROM live_evaluations
            WHERE evaluator_id = $1 AND kind = 'live' AND archived_at IS NULL AND live_evaluation_id IS DISTINCT FROM $4
              AND (prompts = '{}' OR cardinality($2::text[]) = 0 OR prompts && $2)
              AND (labels = '{}' OR cardinality($3::text[]) = 0 OR labels && $3)
            ORDER BY live_evaluation_id""",
        evaluator_id, list(prompts), list(labels), but,
    )  # fmt: skip
    return [(row["live_evaluation_id"], row["filters"]) for row in rows]


async def scoring_of(tx: Tx, evaluator_id: UUID, slug: str) -> Sequence[Record]:
    """Name and newest version of the evaluator, with labels and filters of each live evaluation in use that may take calls of the prompt;
    one row without filters where none does. Empty: there is no such evaluator, or it is archived."""
    return await tx.fetch(
        """SELECT e.name, e.version, l.labels, l.filters FROM evaluators e LEFT JOIN live_evaluations l
               ON l.evaluator_id = e.evaluator_id AND l.kind = 'live' AND l.archived_at IS NULL AND l.active
              AND (l.prompts = '{}' OR $2 = ANY (l.prompts))
              AND (NOT l.filters ? 'tag' OR EXISTS (SELECT FROM prompts p WHERE p.slug = $2 AND p.tags @> ARRAY[l.filters ->> 'tag']))
            WHERE e.evaluator_id = $1 AND e.archived_at IS NULL ORDER BY l.live_evaluation_id""",
        evaluator_id,
        slug,
    )


async def drop_waiting(tx: Tx, live_evaluation_id: UUID) -> None:
    """What was drawn and has no score yet is not scored any more."""
    await tx.execute("DELETE FROM score_tasks WHERE live_evaluation_id = $1", live_evaluation_id)


async def unknown_prompt(tx: Tx, slugs: Sequence[str]) -> str | None:
    """The first of these that is no prompt."""
    found: str | None = await tx.fetchval(
        "SELECT u.slug FROM unnest($1::text[]) WITH ORDINALITY u(slug, n) WHERE NOT EXISTS (SELECT FROM prompts p WHERE p.slug = u.slug) "
        "ORDER BY u.n LIMIT 1",
        list(slugs),
    )
    return found
