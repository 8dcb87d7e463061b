"""The SQL of lines of generations as the gateway reads, copies and removes them. What they hold is written by burnish_shared.db."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.uses import NAMED_MOST, Use
from burnish_shared.db.session import Tx

_LINE: Final = """l.line_id, l.prompt_id, l.slug, l.base_version, l.name, l.origin, l.from_line_id, l.from_number, l.latest_number,
    l.best_number, l.best_fitness, l.simulated, l.created_by, l.created_at, l.updated_at"""

_FIGURES: Final = "g.number, g.size, g.best_fitness, g.mean_fitness, g.restored_from, g.created_at"

_MEMBERS: Final = """(SELECT jsonb_agg(m.member || jsonb_build_object('text', c.text) ORDER BY m.place)
    FROM jsonb_array_elements(g.members) WITH ORDINALITY m (member, place)
    LEFT JOIN lineage_candidates c ON c.candidate_id = (m.member ->> 'candidate_id')::uuid)"""

_WHOLE: Final = f"""jsonb_build_object('number', g.number, 'size', g.size, 'best_fitness', g.best_fitness, 'mean_fitness', g.mean_fitness,
    'restored_from', g.restored_from, 'created_at', g.created_at, 'members', {_MEMBERS})"""


async def list_lines(tx: Tx, workspace_id: UUID, *, slug: str | None, before: UUID | None, limit: int) -> list[Record]:
    """Newest first."""
    rows = await tx.fetch(
        f"""SELECT {_LINE} FROM generation_lines l WHERE l.workspace_id = $1 AND ($2::text IS NULL OR l.slug = $2)
               AND ($3::uuid IS NULL OR l.line_id < $3) ORDER BY l.line_id DESC LIMIT $4""",
        workspace_id,
        slug,
        before,
        limit,
    )
    return list(rows)


async def find_line(tx: Tx, workspace_id: UUID, line_id: UUID, *, for_update: bool = False) -> Record | None:
    lock = " FOR UPDATE OF l" if for_update else ""
    return await tx.fetchrow(
        f"SELECT {_LINE} FROM generation_lines l WHERE l.workspace_id = $1 AND l.line_id = $2{lock}", workspace_id, line_id
    )


async def hold_line(tx: Tx, workspace_id: UUID, line_id: UUID) -> Record | None:
    """The line, which nobody removes until the transaction ends: for whoever is about to begin there."""
    return await tx.fetchrow(
        f"SELECT {_LINE} FROM generation_lines l WHERE l.workspace_id = $1 AND l.line_id = $2 FOR KEY SHARE OF l", workspace_id, line_id
    )


async def read_heads(tx: Tx, workspace_id: UUID, line_id: UUID) -> Record | None:
    """The line with its latest and its best generation, whole: one read of three rows by their keys, and of the candidates."""
    return await tx.fetchrow(
        f"""SELECT {_LINE},
                   (SELECT {_WHOLE} FROM generations g
                     WHERE g.workspace_id = $1 AND g.line_id = $2 AND g.number = l.latest_number) AS latest,
                   (SELECT {_WHOLE} FROM generations g
                     WHERE g.workspace_id = $1 AND g.line_id = $2 AND g.number = l.best_number) AS best
              FROM generation_lines l WHERE l.workspace_id = $1 AND l.line_id = $2""",
        workspace_id,
        line_id,
    )


async def list_generations(tx: Tx, workspace_id: UUID, line_id: UUID, *, before: int | None, limit: int) -> list[Record]:
    """Figures alone, newest first."""
    rows = await tx.fetch(
        f"""SELECT {_FIGURES} FROM generations g WHERE g.workspace_id = $1 AND g.line_id = $2 AND ($3::integer IS NULL OR g.number < $3)
             ORDER BY g.number DESC LIMIT $4""",
        workspace_id,
        line_id,
        before,
        limit,
    )
    return list(rows)


async def read_generations(tx: Tx, workspace_id: UUID, line_id: UUID, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Those of these numbers that are there, whole, in order."""
    rows = await tx.fetch(
        f"""SELECT {_WHOLE} AS one FROM generations g WHERE g.workspace_id = $1 AND g.line_id = $2 AND g.number = ANY ($3)
             ORDER BY g.number""",
        workspace_id,
        line_id,
        list(numbers),
    )
    return [row["one"] for row in rows]


async def read_all(tx: Tx, workspace_id: UUID, line_id: UUID, *, most: int) -> tuple[list[Record], list[Record], list[Record]]:
    """The newest `most` generations in order, all candidates, and the edges between them: three reads, whatever there is."""
    generations = await tx.fetch(
        f"""SELECT * FROM (SELECT {_FIGURES}, g.members FROM generations g WHERE g.workspace_id = $1 AND g.line_id = $2
                            ORDER BY g.number DESC LIMIT $3) n ORDER BY n.number""",
        workspace_id,
        line_id,
        most,
    )
    candidates = await tx.fetch(
        """SELECT candidate_id, encode(digest, 'hex') AS digest, text, first_number, made_by, fitness, scores, evaluations
             FROM lineage_candidates WHERE workspace_id = $1 AND line_id = $2 ORDER BY first_number, digest""",
        workspace_id,
        line_id,
    )
    edges = await tx.fetch(
        """SELECT e.child_id, e.kind, e.parent_id FROM candidate_edges e
             JOIN lineage_candidates c ON c.candidate_id = e.child_id AND c.line_id = $2
             JOIN lineage_candidates p ON p.candidate_id = e.parent_id AND p.line_id = $2
            WHERE e.workspace_id = $1 AND e.parent_number = 0 ORDER BY e.child_id, e.kind, e.parent_id""",
        workspace_id,
        line_id,
    )
    return list(generations), list(candidates), list(edges)


async def list_snapshots(tx: Tx, workspace_id: UUID, line_id: UUID) -> list[Record]:
    """By name."""
    rows = await tx.fetch(
        """SELECT name, number, note, created_by, created_at FROM generation_snapshots WHERE workspace_id = $1 AND line_id = $2
            ORDER BY name COLLATE "C" """,
        workspace_id,
        line_id,
    )
    return list(rows)


async def find_snapshot(tx: Tx, workspace_id: UUID, line_id: UUID, name: str) -> int | None:
    """The number of the generation that the snapshot keeps."""
    number: int | None = await tx.fetchval(
        "SELECT number FROM generation_snapshots WHERE workspace_id = $1 AND line_id = $2 AND name = $3", workspace_id, line_id, name
    )
    return number


async def insert_snapshot(
    tx: Tx, workspace_id: UUID, line_id: UUID, *, prompt_id: UUID, name: str, number: int, note: str, by: str
) -> Record | None:
    """None where there is one of this name."""
    return await tx.fetchrow(
        """INSERT INTO generation_snapshots (workspace_id, prompt_id, line_id, name, number, note, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING name, number, note, created_by, created_at""",
        workspace_id,
        prompt_id,
        line_id,
        name,
        number,
        note,
        by,
    )


async def remove_snapshot(tx: Tx, workspace_id: UUID, line_id: UUID, name: str) -> Record | None:
    return await tx.fetchrow(
        """DELETE FROM generation_snapshots WHERE workspace_id = $1 AND line_id = $2 AND name = $3
           RETURNING name, number, note, created_by, created_at""",
        workspace_id,
        line_id,
        name,
    )


async def is_under_way(tx: Tx, workspace_id: UUID, line_id: UUID) -> bool:
    """Whether its job may still write to it."""
    return bool(
        await tx.fetchval(
            "SELECT true FROM optimization_jobs WHERE workspace_id = $1 AND job_id = $2 AND status IN ('pending', 'running')",
            workspace_id,
            line_id,
        )
    )


async def begins_there(tx: Tx, workspace_id: UUID, line_id: UUID) -> UUID | None:
    """A job that is not over and begins with a generation of this line."""
    job_id: UUID | None = await tx.fetchval(
        """SELECT job_id FROM optimization_jobs WHERE workspace_id = $1 AND start_line_id = $2 AND status IN ('pending', 'running')
            ORDER BY job_id LIMIT 1""",
        workspace_id,
        line_id,
    )
    return job_id


async def schedules_there(tx: Tx, workspace_id: UUID, line_id: UUID, *, snapshot: str | None = None) -> Use | None:
    """Schedules whose searches begin in this line; with `snapshot`, those that name it."""
    row = await tx.fetchrow(
        """SELECT count(*) AS count, (array_agg(schedule_id::text ORDER BY schedule_id))[1:$4] AS first FROM optimization_schedules
            WHERE workspace_id = $1 AND request -> 'start' ->> 'line_id' = $2::uuid::text
              AND ($3::text IS NULL OR request -> 'start' ->> 'snapshot' = $3)""",
        workspace_id,
        line_id,
        snapshot,
        NAMED_MOST,
    )
    return Use("schedule", row["count"], row["first"]) if row is not None and row["count"] else None


async def remove_line(tx: Tx, workspace_id: UUID, line_id: UUID) -> int:
    """With all that it holds. Returns how many generations those were. What was made of its candidates stays."""
    await tx.execute(
        """DELETE FROM candidate_edges e USING lineage_candidates c
            WHERE e.workspace_id = $1 AND c.workspace_id = $1 AND c.line_id = $2 AND c.candidate_id IN (e.child_id, e.parent_id)""",
        workspace_id,
        line_id,
    )
    for table in ("generation_snapshots", "lineage_candidates"):
        await tx.execute(f"DELETE FROM {table} WHERE workspace_id = $1 AND line_id = $2", workspace_id, line_id)
    count: int = await tx.fetchval(
        "WITH gone AS (DELETE FROM generations WHERE workspace_id = $1 AND line_id = $2 RETURNING 1) SELECT count(*) FROM gone",
        workspace_id,
        line_id,
    )
    await tx.execute("DELETE FROM generation_lines WHERE workspace_id = $1 AND line_id = $2", workspace_id, line_id)
    return count
