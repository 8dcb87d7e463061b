"""The SQL of comparing two test runs. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from burnish_gateway.optimization.store import asked_of
from burnish_shared.db.session import Tx

BEFORE_ALL: Final = (-1, -1, UUID(int=0))
"""Before the first of `compared_items`."""

GONE: Final = 2**31 - 1
"""The place of items that were erased: behind all others."""

BLANKS: Final = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What `str.strip` takes off, by which categories are named."""

NO_CALL: Final = UUID(int=0)
"""In place of the execution of a chain that asked nothing."""

SHOWN_CHARS: Final = 300
"""Of each text in a list."""


async def scores_of(tx: Tx, workspace_id: UUID, *, run_id: UUID, base_id: UUID) -> list[asyncpg.Record]:
    """For each item of either run: how often it was asked and answered rightly in both; 0 where a run has not asked it."""
    rows = await tx.fetch(
        f"""SELECT e.item_id, i.expected,
                  count(*) FILTER (WHERE e.owner_id = $3) AS base_n,
                  count(*) FILTER (WHERE e.owner_id = $3 AND e.score >= 1) AS base_right,
                  count(*) FILTER (WHERE e.owner_id = $2) AS run_n,
                  count(*) FILTER (WHERE e.owner_id = $2 AND e.score >= 1) AS run_right
             FROM evaluations e LEFT JOIN dataset_items i ON i.workspace_id = $1 AND i.item_id = e.item_id
            WHERE e.workspace_id = $1 AND e.owner_id IN ($2, $3) AND e.answered_at IS NOT NULL AND e.score IS NOT NULL
              AND {asked_of("e")}
            GROUP BY e.item_id, i.expected, i.position ORDER BY i.position, e.item_id""",
        workspace_id,
        run_id,
        base_id,
    )
    return list(rows)


async def evaluator_scores(
    tx: Tx, workspace_id: UUID, evaluator_ids: Sequence[UUID], *, run_id: UUID, base_id: UUID
) -> list[asyncpg.Record]:  # fmt: skip
    """For each evaluator and item that it scored in both runs the mean score of its repeats in each; of `pairwise` ones nothing."""
    rows = await tx.fetch(
        """SELECT * FROM (
             SELECT v.evaluator_id, e.item_id, avg(n.score) FILTER (WHERE e.owner_id = $3) AS base,
                    avg(n.score) FILTER (WHERE e.owner_id = $2) AS run
               FROM evaluations e
               JOIN evaluators v ON v.workspace_id = $1 AND v.evaluator_id = ANY ($4) AND v.kind <> 'pairwise'
                AND e.scores ? v.evaluator_id::text
              CROSS JOIN LATERAL (SELECT (e.scores -> v.evaluator_id::text ->> 'score')::float8 AS score) n
              WHERE e.workspace_id = $1 AND e.owner_id IN ($2, $3) AND e.step IS NULL
              GROUP BY v.evaluator_id, e.item_id) s
            WHERE base IS NOT NULL AND run IS NOT NULL ORDER BY evaluator_id, item_id""",
        workspace_id,
        run_id,
        base_id,
        list(evaluator_ids),
    )
    return list(rows)


async def cases_of(tx: Tx, workspace_id: UUID, item_ids: Sequence[UUID], *, run_id: UUID, base_id: UUID) -> dict[UUID, asyncpg.Record]:
    """The items with the first answers of both runs."""
    rows = await tx.fetch(
        """SELECT n.item_id, i.input, i.expected, b.output AS base_output, a.output AS run_output,
                  nullif(b.execution_id, $5) AS base_execution_id, nullif(a.execution_id, $5) AS run_execution_id
             FROM unnest($2::uuid[]) n(item_id)
             LEFT JOIN dataset_items i ON i.workspace_id = $1 AND i.item_id = n.item_id
             LEFT JOIN evaluations b ON b.workspace_id = $1 AND b.owner_id = $3 AND b.item_id = n.item_id AND b.repeat = 0
              AND b.step IS NULL
             LEFT JOIN evaluations a ON a.workspace_id = $1 AND a.owner_id = $4 AND a.item_id = n.item_id AND a.repeat = 0
              AND a.step IS NULL""",
        workspace_id,
        item_ids,
        base_id,
        run_id,
        NO_CALL,
    )
    return {row["item_id"]: row for row in rows}


async def compared_items(
    tx: Tx,
    workspace_id: UUID,
    *,
    run_id: UUID,
    base_id: UUID,
    kind: int | None,
    category: str | None,
    only: UUID | None = None,
    after: tuple[int, int, UUID],
    limit: int,
) -> list[asyncpg.Record]:
    """Items that both runs answered, with the beginnings of their texts, by (kind, place, item). Kind 0: fewer right answers than in the
    base; 1: more; 2: as many. `category`: only what expects it, after trimming. `only`: this item. `after`: BEFORE_ALL at first."""
    rows = await tx.fetch(
        f"""WITH asked AS (
              SELECT e.item_id,
                     count(*) FILTER (WHERE e.owner_id = $3) AS base_n,
                     count(*) FILTER (WHERE e.owner_id = $3 AND e.score >= 1) AS base_right,
                     (array_agg(e.question) FILTER (WHERE e.owner_id = $3))[1] AS base_question,
                     (array_agg(e.question) FILTER (WHERE e.owner_id = $2))[1] AS run_question,
                     count(*) FILTER (WHERE e.owner_id = $2) AS run_n,
                     count(*) FILTER (WHERE e.owner_id = $2 AND e.score >= 1) AS run_right
                FROM evaluations e
               WHERE e.workspace_id = $1 AND e.owner_id IN ($2, $3) AND e.answered_at IS NOT NULL AND e.score IS NOT NULL
                 AND {asked_of("e")} AND ($6::uuid IS NULL OR e.item_id = $6)
               GROUP BY e.item_id),
            placed AS (
              SELECT a.*, i.input, i.expected, coalesce(i.position, {GONE}) AS place,
                     CASE sign(a.run_right * a.base_n - a.base_right * a.run_n) WHEN -1 THEN 0 WHEN 1 THEN 1 ELSE 2 END AS kind
                FROM asked a LEFT JOIN dataset_items i ON i.workspace_id = $1 AND i.item_id = a.item_id
               WHERE a.base_n > 0 AND a.run_n > 0),
            page AS (
              SELECT * FROM placed
               WHERE ($4::integer IS NULL OR kind = $4) AND ($5::text IS NULL OR btrim(expected, $11) = $5)
                 AND (kind, place, item_id) > ($7::integer, $8::integer, $9::uuid)
               ORDER BY kind, place, item_id LIMIT $10)
            SELECT p.item_id, p.kind, p.place, p.base_n, p.base_right, p.run_n, p.run_right, left(p.expected, {SHOWN_CHARS}) AS expected,
                   left(CASE jsonb_typeof(p.input) WHEN 'object' THEN (SELECT string_agg(v.value, E'\\n') FROM jsonb_each_text(p.input) v)
                        ELSE p.input #>> '{{}}' END, {SHOWN_CHARS}) AS input,
                   (SELECT left(b.output, {SHOWN_CHARS}) FROM evaluations b
                     WHERE b.workspace_id = $1 AND b.owner_id = $3 AND b.question = p.base_question AND b.item_id = p.item_id
                      AND b.answered_at IS NOT NULL ORDER BY b.repeat LIMIT 1) AS base_output,
                   (SELECT left(r.output, {SHOWN_CHARS}) FROM evaluations r
                     WHERE r.workspace_id = $1 AND r.owner_id = $2 AND r.question = p.run_question AND r.item_id = p.item_id
                      AND r.answered_at IS NOT NULL ORDER BY r.repeat LIMIT 1) AS run_output
              FROM page p ORDER BY p.kind, p.place, p.item_id""",
        workspace_id,
        run_id,
        base_id,
        kind,
        category,
        only,
        *after,
        limit,
        BLANKS,
    )
    return list(rows)


async def answers_of_item(
    tx: Tx, workspace_id: UUID, item_id: UUID, *, owners: Sequence[UUID], repeat: int
) -> dict[UUID, asyncpg.Record]:  # fmt: skip
    """Run → its answer to the item in this repeat; a run that has none is not in it."""
    rows = await tx.fetch(
        """SELECT owner_id, nullif(execution_id, $5) AS execution_id, output, score >= 1 AS correct, status, error, spent_nusd AS cost_nusd,
                  latency_ms, answered_at
             FROM evaluations
            WHERE workspace_id = $1 AND owner_id = ANY ($2) AND item_id = $3 AND repeat = $4 AND answered_at IS NOT NULL
              AND step IS NULL""",
        workspace_id,
        list(owners),
        item_id,
        repeat,
        NO_CALL,
    )
    return {row["owner_id"]: row for row in rows}


async def item_of(tx: Tx, workspace_id: UUID, item_id: UUID) -> asyncpg.Record | None:
    """The item, also where it was corrected or taken out since; None: it was erased."""
    return await tx.fetchrow(
        "SELECT input, expected, metadata FROM dataset_items WHERE workspace_id = $1 AND item_id = $2", workspace_id, item_id
    )


async def test_reads(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> int:
    """How often test runs have read the test split as it is now."""
    reads: int = await tx.fetchval(
        """SELECT count(*) FROM test_looks l JOIN datasets d ON d.workspace_id = l.workspace_id AND d.dataset_id = l.dataset_id
            WHERE l.workspace_id = $1 AND l.dataset_id = $2 AND l.test_version = d.test_version AND l.number IS NULL""",
        workspace_id,
        dataset_id,
    )
    return reads
