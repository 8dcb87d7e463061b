"""What shadow arms and backtests came to is read execution by execution, however many days there are."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_gateway.experiments import backtest_store, store
from burnish_shared.db.session import Database, Tx
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1")]


class Explained:
    """A transaction that keeps how many rows of executions and of their contents the last query read."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.read = 0

    async def fetch(self, sql: str, *values: Any) -> Any:
        (row,) = await self.tx.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
        self.read = _read(row[0][0]["Plan"])
        return await self.tx.fetch(sql, *values)


def _read(node: dict[str, Any]) -> int:
    own = 0
    if node.get("Relation Name", "").startswith("execution"):
        own = round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
    return own + sum(_read(part) for part in node.get("Plans", []))


async def _execution(superuser: asyncpg.Connection, ws: UUID, *, job: UUID | None = None, details: dict[str, Any] | None = None) -> UUID:
    execution_id = new_uuid()
    await superuser.execute(
        """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, model, provider, input_tokens, output_tokens,
             cached_input_tokens, usage_source, cost_nusd, latency_ms, attempts, finished_at, job_id, details)
           VALUES ($1, $2, 1, 'batch', 'success', 'm', 'p', 1, 1, 0, 'provider', 10, 5, '[]', clock_timestamp(), $3, $4)""",
        execution_id, ws, job, json.dumps(details or {}),
    )  # fmt: skip
    await superuser.execute(
        """INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, output, metadata)
           VALUES ($1, $2, '[]', '{}', '{}', 'yes', '{}')""",
        execution_id, ws,
    )  # fmt: skip
    return execution_id


async def test_figures_of_shadows_and_backtests_look_up_each_execution_by_itself(
    db_for: Callable[[str], Awaitable[Database]], database_urls: DatabaseUrls, workspace: Workspace
) -> None:
    ws, experiment_id, batch_id, pairs = workspace.workspace_id, new_uuid(), new_uuid(), 5
    async with as_superuser(database_urls["superuser"]) as superuser:
        await superuser.execute("SET session_replication_role = replica")  # lines of a batch that is not there
        for line in range(pairs):
            live = await _execution(superuser, ws)
            shadow = await _execution(superuser, ws, job=experiment_id, details={"experiment": {"arm": "quiet", "shadow_of": str(live)}})
            await superuser.execute(
                "INSERT INTO batch_lines (workspace_id, batch_id, line, custom_id, execution_id, status, answered_at)"
                " VALUES ($1, $2, $3, $4, $5, 'success', clock_timestamp())",
                ws, batch_id, line, f"0:{live}", shadow,
            )  # fmt: skip
        for _ in range(300):
            await _execution(superuser, ws)
    async with (await db_for("gateway")).unit_of_work(workspace=ws, read_only=True) as tx:
        watched: Any = Explained(tx)
        (shadows,) = await store.shadow_figures(watched, ws, experiment_id)
        assert (shadows["arm"], shadows["answered"], shadows["live_successes"], shadows["same_answer"]) == ("quiet", pairs, pairs, pairs)
        assert watched.read <= 4 * pairs
        (figures,) = await backtest_store.figures(watched, ws, batch_id)
        assert (figures["arm"], figures["answered"], figures["before_mean_cost_nusd"], figures["same_answer"]) == (0, pairs, 10, pairs)
        assert watched.read <= 4 * pairs
