"""What a dashboard's questions take with few and with many executions in the tables.

The many are written by PostgreSQL itself, and rolled up by one statement: reading does not ask who counted.
"""

import time
from datetime import timedelta
from uuid import UUID

import asyncpg

from benchmarks.pipeline.servers import Servers
from benchmarks.pipeline.traffic import MIDNIGHT
from burnish_analytics.core.rollup import SUMS
from burnish_analytics.io.recount_store import COUNTED
from burnish_gateway.insights import store
from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.store import Filters
from burnish_shared.db.session import Database

DAYS = 3
READS = 25

FILL = """
INSERT INTO execution_facts (execution_id, workspace_id, slug, version, label, model, provider, app, end_user, traffic, status, input_tokens,
                             output_tokens, cached_input_tokens, cost_nusd, latency_ms, first_token_ms, cached, simulated, finished_at)
SELECT gen_random_uuid(), $1, 'p' || n % 8, 1, 'production', 'm' || n % 2, 'simulated', 'app-' || n % 3, 'user-' || n % 1000, 'live', 'success',
       n % 2000, n % 400, 0, n % 1000000, 50 + n % 5000, 40, false, false, $2::timestamptz - interval '1 second' * (n * ($4::float8 / $3))
  FROM generate_series(1, $3) n"""

_SUMS = ", ".join(f"coalesce({COUNTED.get(name, '0')}, 0)::bigint" for name in SUMS)

ROLL_UP = f"""
WITH cells AS (
       SELECT date_trunc($2, finished_at, 'UTC') AS bucket, slug, version, label, model, traffic, {_SUMS}
         FROM execution_facts WHERE workspace_id = $1 GROUP BY 1, 2, 3, 4, 5, 6)
INSERT INTO rollups (bucket, slug, version, label, model, traffic, {", ".join(SUMS)}, workspace_id, grain, latency, first_token)
SELECT c.*, $1, $2, array_fill(0, ARRAY[100]) || array_fill(1, ARRAY[120]), array_fill(0, ARRAY[95]) || 1 FROM cells c"""

WHOLE = f"""
INSERT INTO rollup_sets (workspace_id, grain, bucket, dimension, value, slug, traffic, {", ".join(SUMS)}, latency, first_token)
SELECT workspace_id, grain, bucket, 'workspace', '', '', traffic, {", ".join(f"sum({one})" for one in SUMS)}, max(latency), max(first_token)
  FROM rollups WHERE workspace_id = $1 GROUP BY 1, 2, 3, 7"""


async def fill(at: Servers, rows: int) -> UUID:
    """A workspace with so many executions over DAYS."""
    workspace_id = await at.make_workspace()
    connection = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish", "synchronous_commit": "off"})
    await connection.execute(FILL, workspace_id, MIDNIGHT, rows, DAYS * 86_400.0, timeout=3600)
    for grain in ("minute", "hour", "day"):
        await connection.execute(ROLL_UP, workspace_id, grain, timeout=3600)
    await connection.execute(WHOLE, workspace_id, timeout=3600)
    for table in ("rollups", "rollup_sets"):
        await connection.execute(f"VACUUM ANALYZE {table}", timeout=3600)
    await connection.close()
    return workspace_id


async def read_ms(at: Servers, few: UUID, many: UUID) -> tuple[float, float]:
    """Medians of what a dashboard asks for, in turns: the range's sums, and its hours by prompt."""
    db = await Database.open(at.dsn("gateway"), application_name="bench-read", max_size=2)
    wanted = Range(MIDNIGHT - timedelta(days=DAYS), MIDNIGHT, "hour")
    times: dict[UUID, list[float]] = {few: [], many: []}
    for turn in range(READS):
        for workspace_id in (few, many) if turn % 2 else (many, few):
            began_at = time.monotonic()
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                await store.totals(tx, wanted, Filters(), by_step=False, group_by=None)
                await store.totals(tx, wanted, Filters(), by_step=True, group_by="prompt")
            times[workspace_id].append((time.monotonic() - began_at) * 1000)
    await db.close()
    return sorted(times[few])[READS // 2], sorted(times[many])[READS // 2]
