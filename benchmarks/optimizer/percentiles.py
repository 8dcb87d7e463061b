"""How long an experiment's percentiles of latency take to read (decision 63), from a PostgreSQL of its own.

`python -m benchmarks.optimizer.percentiles --rows 500000`: answers of a fifth as many users, two arms, three epochs, log-normal.
"""

import argparse
import asyncio
import time
from uuid import UUID

import asyncpg

from benchmarks.pipeline.servers import PASSWORD, servers
from burnish_optimizer.io.experiments_store import ExperimentClaim
from burnish_optimizer.io.latencies_store import read_percentiles
from burnish_shared.db.session import Database

WORKSPACE, EXPERIMENT = UUID(int=63), UUID(int=64)
STATEMENT_MOST_S = 600.0
REACH = 3.5
TIMES = 3

FILL = """
INSERT INTO execution_facts (execution_id, workspace_id, slug, version, label, model, provider, traffic, status, input_tokens, output_tokens,
       cached_input_tokens, cost_nusd, latency_ms, cached, simulated, finished_at, experiment_id, arm, allocation_epoch, unit)
SELECT gen_random_uuid(), $1, 'routing', 1, 'production', 'model', 'provider', 'live', CASE WHEN random() < 0.97 THEN 'success' ELSE 'error' END,
       100, 100, 0, 1000, round(exp(6 + 0.5 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())))::bigint, false, false, now(), $2,
       CASE WHEN u % 2 = 0 THEN 'control' ELSE 'candidate' END, 1 + n * 3 / $3, 'user:' || u
  FROM (SELECT n, floor($3 / 5.0 * random())::integer AS u FROM generate_series(0, $3 - 1) n) x"""


async def measure(rows: int) -> None:
    async with servers() as ours:
        connection = await asyncpg.connect(ours.postgres.url("burnish"), server_settings={"search_path": "burnish"})
        await connection.execute("SELECT setseed(0.63)")
        await connection.execute(FILL, WORKSPACE, EXPERIMENT, rows)
        await connection.execute("ANALYZE execution_facts")
        await connection.close()
        url = ours.postgres.url("burnish", user="burnish_optimizer", password=PASSWORD)
        db, held = await Database.open(url, application_name="percentiles", max_size=1), ExperimentClaim(EXPERIMENT, WORKSPACE, 1)
        for _ in range(TIMES):
            began = time.perf_counter()
            async with db.unit_of_work(workspace=WORKSPACE, read_only=True, statement_most_s=STATEMENT_MOST_S) as tx:
                found = await read_percentiles(tx, held, reach=REACH)
            print(f"{rows:,} answers: {len(found)} percentiles in {time.perf_counter() - began:.1f} s", flush=True)
        await db.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    asyncio.run(measure(parser.parse_args().rows))
