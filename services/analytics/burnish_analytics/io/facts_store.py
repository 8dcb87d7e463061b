"""Rows of `execution_facts`: what is there has been counted."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_analytics.core.finished import traffic_of
from burnish_analytics.core.rollup import Fact
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.db.session import Tx

COLUMNS: Final = {
    "execution_id": "uuid", "workspace_id": "uuid", "prompt_id": "uuid", "slug": "text", "version": "integer", "label": "text",
    "model": "text", "provider": "text", "app": "text", "api_key_id": "text", "provider_key_id": "uuid", "end_user": "text",
    "job_id": "uuid", "traffic": "text", "status": "text", "input_tokens": "bigint", "output_tokens": "bigint",
    "cached_input_tokens": "bigint", "cost_nusd": "bigint", "latency_ms": "bigint", "first_token_ms": "bigint", "cached": "boolean",
    "simulated": "boolean", "finished_at": "timestamptz", "session_id": "text", "experiment_id": "uuid", "arm": "text",
    "allocation_epoch": "integer", "unit": "text", "slow": "boolean", "group_key": "text",
}  # fmt: skip

EXPERIMENT: Final = ("arm", "allocation_epoch", "unit")

STAGED_FROM: Final = 200
"""From so many rows on they are copied: below it, making a table costs more than COPY saves."""

STAGE: Final = "facts_stage"

# COPY may not write into a table with row-level security, and is four times as fast as arrays: into a table of this transaction, then.
MAKE_STAGE: Final = f"""
CREATE TEMPORARY TABLE facts_stage ON COMMIT DROP AS SELECT {", ".join(COLUMNS)} FROM execution_facts WITH NO DATA"""


def _insert(source: str) -> str:
    """In order of key, so that two batches with the same executions cannot wait for each other in a circle. Which of them are new is
    asked for only where some are not: most batches are new from end to end.
    """
    return f"""
WITH added AS (INSERT INTO execution_facts ({", ".join(COLUMNS)})
               SELECT * FROM {source} ORDER BY execution_id, workspace_id ON CONFLICT DO NOTHING RETURNING execution_id, workspace_id),
     counted AS (SELECT count(*) AS n FROM added)
SELECT c.n, ARRAY(SELECT a.execution_id || ' ' || a.workspace_id FROM added a WHERE c.n < $1) AS some FROM counted c"""


INSERT_STAGED: Final = _insert(STAGE)
_ARRAYS: Final = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(COLUMNS.values(), 2))
INSERT: Final = _insert(f"unnest({_ARRAYS}) u({', '.join(COLUMNS)})")

SELECT: Final = """
SELECT e.* FROM unnest($1::uuid[], $2::uuid[]) u(w, id) CROSS JOIN LATERAL
  (SELECT f.execution_id, f.workspace_id, f.slug, f.version, f.label, f.model, f.traffic, f.status, f.finished_at, f.latency_ms,
          f.first_token_ms, f.input_tokens, f.output_tokens, f.cached_input_tokens, f.cost_nusd, f.cached, f.simulated, f.api_key_id,
          f.end_user, f.app, f.provider, f.provider_key_id, f.experiment_id, f.arm, f.allocation_epoch, f.unit, f.slow
     FROM execution_facts f WHERE f.execution_id = u.id AND f.execution_id BETWEEN $3 AND $4 OFFSET 0) e
 WHERE e.workspace_id = u.w"""
"""OFFSET 0: each is looked up by its key. Joined freely, a plan made for a new partition compares every execution with every other; and
with the workspace inside, it may choose the index that begins with it. The bounds leave out days."""

# Sessions of other workspaces may have the same name, very many of them. In the order of its columns the index of sessions is the one to
# read, from the end, and its first row is the answer.
NEWEST: Final = """
SELECT u.w AS workspace_id, u.s AS session_id, e.execution_id FROM unnest($1::uuid[], $2::text[]) u(w, s) CROSS JOIN LATERAL
  (SELECT f.execution_id FROM execution_facts f WHERE f.session_id = u.s AND f.workspace_id = u.w
    ORDER BY f.session_id DESC, f.workspace_id DESC, f.execution_id DESC LIMIT 1) e"""


async def add_facts(tx: Tx, rows: FinishedColumns) -> FinishedColumns:
    """Writes what is not there yet and returns just that. Repeats of an execution, here or before, are left alone."""
    if len(rows) < STAGED_FROM:
        found = await tx.fetchrow(INSERT, len(rows), *zip(*records(rows), strict=True))
    else:
        await tx.execute(MAKE_STAGE)
        await tx.copy_into(STAGE, records(rows), columns=list(COLUMNS))
        found = await tx.fetchrow(INSERT_STAGED, len(rows))
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


async def newest_of_sessions(tx: Tx, sessions: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    """(workspace, session) → its newest execution, for sessions that have one."""
    if not sessions:
        return {}
    rows = await tx.fetch(NEWEST, [one for one, _ in sessions], [one for _, one in sessions])
    return {(row["workspace_id"], row["session_id"]): row["execution_id"] for row in rows}


def records(rows: FinishedColumns) -> Iterable[tuple[Any, ...]]:
    """One tuple a row, in order of COLUMNS. A dimension that is absent is an empty text there, an absent version 0."""
    # An experiment of which a part is missing is none: it would cost its neighbours the transaction.
    parts = zip(rows.experiment_id, rows.arm, rows.allocation_epoch, rows.unit, strict=True)
    whole = [one[0] if None not in one else None for one in parts]
    made = {
        "slug": [one or "" for one in rows.slug],
        "version": [one or 0 for one in rows.version],
        "label": [one or "" for one in rows.label],
        "traffic": map(traffic_of, rows.lane),
        "latency_ms": [one if one > 0 else 0 for one in rows.latency_ms],
        "finished_at": map(datetime.fromisoformat, rows.finished_at),
        "experiment_id": whole,
        **{name: [one if known else None for one, known in zip(getattr(rows, name), whole, strict=True)] for name in EXPERIMENT},
    }
    return zip(*(made.get(name) or getattr(rows, name) for name in COLUMNS), strict=True)
