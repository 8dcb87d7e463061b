"""Rows of `execution_facts`: what is there has been counted."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from burnish_analytics.core.rollup import Fact, fact_of
from burnish_shared.contracts.executions import CompletedItem
from burnish_shared.db.session import Tx

COLUMNS: Final = {
    "execution_id": "uuid",
    "workspace_id": "uuid",
    "prompt_id": "uuid",
    "slug": "text",
    "version": "integer",
    "label": "text",
    "model": "text",
    "provider": "text",
    "app": "text",
    "api_key_id": "text",
    "provider_key_id": "uuid",
    "end_user": "text",
    "job_id": "uuid",
    "traffic": "text",
    "status": "text",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "cached_input_tokens": "bigint",
    "cost_nusd": "bigint",
    "latency_ms": "bigint",
    "first_token_ms": "bigint",
    "cached": "boolean",
    "simulated": "boolean",
    "finished_at": "timestamptz",
}

INSERT: Final = f"""
INSERT INTO execution_facts ({", ".join(COLUMNS)})
SELECT * FROM unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(COLUMNS.values(), 1))})
ON CONFLICT DO NOTHING RETURNING execution_id, workspace_id"""

SELECT: Final = """
SELECT e.execution_id, e.workspace_id, e.slug, e.version, e.label, e.model, e.traffic, e.status, e.finished_at, e.latency_ms,
       e.first_token_ms, e.input_tokens, e.output_tokens, e.cached_input_tokens, e.cost_nusd, e.cached, e.simulated, e.api_key_id,
       e.end_user, e.app, e.provider, e.provider_key_id
  FROM execution_facts e JOIN unnest($1::uuid[], $2::uuid[]) u(w, id) ON e.workspace_id = u.w AND e.execution_id = u.id
 WHERE e.execution_id BETWEEN $3 AND $4"""


async def add_facts(tx: Tx, items: Sequence[CompletedItem]) -> list[Fact]:
    """Writes what is not there yet and returns just that, in order of id. Repeats of an execution are left alone."""
    distinct = {(one.execution_id, one.workspace_id): one for one in items}
    ordered = [distinct[key] for key in sorted(distinct)]
    rows = [_row(one) for one in ordered]
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True))
    added = {(row["execution_id"], row["workspace_id"]) for row in await tx.fetch(INSERT, *columns)}
    return [fact_of(one) for one in ordered if (one.execution_id, one.workspace_id) in added]


async def find_facts(tx: Tx, wanted: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Fact]:
    """(workspace, execution) → fact, for those that are there. An execution of another workspace is never found."""
    if not wanted:
        return {}
    workspaces, executions = [one for one, _ in wanted], [one for _, one in wanted]
    rows = await tx.fetch(SELECT, workspaces, executions, min(executions), max(executions))
    return {(row["workspace_id"], row["execution_id"]): Fact(**dict(row)) for row in rows}


def _row(item: CompletedItem) -> tuple[Any, ...]:
    fact = fact_of(item)
    outer = {
        "prompt_id": item.prompt_id,
        "job_id": item.job_id,
    }
    return tuple(outer[name] if name in outer else getattr(fact, name) for name in COLUMNS)
