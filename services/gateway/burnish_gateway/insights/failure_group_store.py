"""Rows of `failure_groups`: the gateway asks, analytics groups. Words of examples are read where they lie."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

ALL_PROMPTS: Final = ""
"""The slug of groups over all prompts."""

COLUMNS: Final = (
    "status, requested_at, computed_at, result - 'members' AS result, coalesce(leased_until > clock_timestamp(), false) AS is_begun"
)


async def prompt_exists(tx: Tx, slug: str) -> bool:
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM prompts WHERE slug = $1)", slug))


async def find(tx: Tx, slug: str, *, days: int) -> Record | None:
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM failure_groups WHERE slug = $1 AND days = $2", slug, days)


async def ask(tx: Tx, workspace_id: UUID, slug: str, *, days: int, older_than: datetime) -> None:
    """Has groups made that are not there, failed, or were made before `older_than`. What is asked for already stays so."""
    await tx.execute(
        """INSERT INTO failure_groups AS f (workspace_id, slug, days) VALUES ($1, $2, $3)
           ON CONFLICT (workspace_id, slug, days) DO UPDATE SET status = 'pending', requested_at = clock_timestamp()
            WHERE f.status <> 'pending' AND (f.computed_at IS NULL OR f.computed_at < $4)""",
        workspace_id,
        slug,
        days,
        older_than,
    )


async def reactions(tx: Tx, examples: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """(execution, feedback id) → what was said of it, as far as it is not forgotten."""
    rows = await tx.fetch(
        """SELECT f.target_id, f.feedback_id::text AS feedback_id, max(f.comment) AS comment, max(f.correction) AS correction
             FROM unnest($1::text[], $2::uuid[]) w (target_id, feedback_id)
             JOIN feedback f ON f.target_kind = 'execution' AND f.target_id = w.target_id AND f.feedback_id = w.feedback_id
            WHERE f.forgotten_at IS NULL AND NOT f.is_taken_back GROUP BY 1, 2""",
        [one for one, _ in examples],
        [UUID(one) for _, one in examples],
    )
    return {(row["target_id"], row["feedback_id"]): {"comment": row["comment"], "correction": row["correction"]} for row in rows}


async def contents(tx: Tx, executions: Sequence[str]) -> dict[str, Record]:
    """Execution → variables, messages, output, as far as they are kept."""
    rows = await tx.fetch(
        "SELECT execution_id::text AS id, variables, messages, output FROM execution_contents WHERE execution_id = ANY ($1::uuid[])",
        [UUID(one) for one in executions],
    )
    return {row["id"]: row for row in rows}


async def cases(tx: Tx, items: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """(test run, item) → the failed case."""
    rows = await tx.fetch(
        """SELECT t.test_run_id::text AS run, c.failed
             FROM test_runs t, jsonb_array_elements(CASE jsonb_typeof(t.result -> 'failed_cases') WHEN 'array'
                                                    THEN t.result -> 'failed_cases' ELSE '[]' END) c (failed)
            WHERE t.test_run_id = ANY ($1::uuid[]) AND c.failed ->> 'item_id' = ANY ($2::text[])""",
        [UUID(one) for one in sorted({run for run, _ in items})],
        [item for _, item in items],
    )
    return {(row["run"], row["failed"]["item_id"]): row["failed"] for row in rows}


async def verdicts(tx: Tx, scored: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(execution, evaluator) → why it did not pass."""
    rows = await tx.fetch(
        """SELECT s.execution_id::text AS execution, s.evaluator_id::text AS evaluator, max(s.reason) AS reason
             FROM unnest($1::uuid[], $2::uuid[]) w (execution_id, evaluator_id)
             JOIN scores s ON s.execution_id = w.execution_id AND s.evaluator_id = w.evaluator_id GROUP BY 1, 2""",
        [UUID(one) for one, _ in scored],
        [UUID(one) for _, one in scored],
    )
    return {(row["execution"], row["evaluator"]): row["reason"] for row in rows}
