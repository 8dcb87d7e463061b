"""Rows of `execution_facts`: what is there has been counted."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_analytics.core.finished import traffic_of
from burnish_analytics.core.rollup import Fact
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.db.session import Tx

COLUMNS: Final = (
    "execution_id", "workspace_id", "prompt_id", "slug", "version", "label", "model", "provider", "app", "api_key_id", "provider_key_id",
    "end_user", "job_id", "traffic", "status", "input_tokens", "output_tokens", "cached_input_tokens", "cost_nusd", "latency_ms",
    "first_token_ms", "cached", "simulated", "finished_at",
)  # fmt: skip

STAGE: Final = "facts_stage"

# Copied there first: COPY may not write into a table with row-level security, and is four times as fast as arrays. A session's own table,
# emptied by each commit; behind a pooler a transaction may find another session's, which is then made.
MAKE_STAGE: Final = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS {STAGE} ON COMMIT DELETE ROWS AS SELECT {", ".join(COLUMNS)} FROM execution_facts WITH NO DATA"""

# Which of them are new is asked for only where some are not: most batches are new from end to end.
INSERT: Final = f"""
WITH added AS (INSERT INTO execution_facts ({", ".join(COLUMNS)})
               SELECT * FROM {STAGE} ON CONFLICT DO NOTHING RETURNING execution_id, workspace_id),
     counted AS (SELECT count(*) AS n FROM added)
SELECT c.n, ARRAY(SELECT a.execution_id || ' ' || a.workspace_id FROM added a WHERE c.n < $1) AS some FROM counted c"""

SELECT: Final = """
SELECT e.* FROM unnest($1::uuid[], $2::uuid[]) u(w, id) CROSS JOIN LATERAL
  (SELECT f.execution_id, f.workspace_id, f.slug, f.version, f.label, f.model, f.traffic, f.status, f.finished_at, f.latency_ms,
          f.first_token_ms, f.input_tokens, f.output_tokens, f.cached_input_tokens, f.cost_nusd, f.cached, f.simulated, f.api_key_id,
          f.end_user, f.app, f.provider, f.provider_key_id
     FROM execution_facts f WHERE f.execution_id = u.id AND f.execution_id BETWEEN $3 AND $4 OFFSET 0) e
 WHERE e.workspace_id = u.w"""
"""OFFSET 0: each is looked up by its key. Joined freely, a plan made for a new partition compares every execution with every other; and with
the workspace inside, it may choose the index that begins with it. The bounds leave out days."""


async def add_facts(tx: Tx, rows: FinishedColumns) -> FinishedColumns:
    """Writes what is not there yet and returns just that. Repeats of an execution, here or before, are left alone."""
    await tx.execute(MAKE_STAGE)
    await tx.copy_into(STAGE, records(rows), columns=COLUMNS)
    found = await tx.fetchrow(INSERT, len(rows))
    if found is None or found["n"] == len(rows):
        return rows
    new = set(found["some"])
    taken: list[int] = []
    for n, key in enumerate(map("{} {}".format, rows.execution_id, rows.workspace_id)):
        if key in new:
            new.discard(key)
            taken.append(n)
    return rows.take(taken)


async def find_facts(tx: Tx, wanted: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Fact]:
    """(workspace, execution) → fact, for those that are there. An execution of another workspace is never found."""
    if not wanted:
        return {}
    executions = [one for _, one in wanted]
    rows = await tx.fetch(SELECT, [one for one, _ in wanted], executions, min(executions), max(executions))
    return {(row["workspace_id"], row["execution_id"]): Fact(**dict(row)) for row in rows}


def records(rows: FinishedColumns) -> Iterable[tuple[Any, ...]]:
    """One tuple a row, in order of COLUMNS. A dimension that is absent is an empty text there, an absent version 0."""
    made = {
        "slug": [one or "" for one in rows.slug],
        "version": [one or 0 for one in rows.version],
        "label": [one or "" for one in rows.label],
        "traffic": map(traffic_of, rows.lane),
        "latency_ms": [one if one > 0 else 0 for one in rows.latency_ms],
        "finished_at": map(datetime.fromisoformat, rows.finished_at),
    }
    return zip(*(made.get(name) or getattr(rows, name) for name in COLUMNS), strict=True)
