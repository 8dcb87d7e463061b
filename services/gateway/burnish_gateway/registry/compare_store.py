"""Reads what stands beside each other for versions of a prompt: figures from rollups, reviews, test runs. No raw row is counted."""

from collections.abc import Sequence
from typing import Final

from asyncpg import Record

from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.store import SUMS, Totals
from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST

RUNS_MOST: Final = 20
"""Test runs that are told of one version."""

_WHERE = "r.grain = $1 AND r.bucket >= $2 AND r.bucket < $3 AND r.slug = $4 AND r.version = ANY ($5) AND r.traffic = 'live'"


async def figures_by_model(tx: Tx, wanted: Range, prompt: Prompt, versions: Sequence[int]) -> dict[tuple[int, str], Totals]:
    """(version, model) → sums of live traffic; the most used model of each version first."""
    arguments = (wanted.grain, wanted.start, wanted.end, prompt.slug, list(versions))
    rows = await tx.fetch(
        f"""SELECT r.version, r.model, {", ".join(f"least(sum(r.{one}), {SUM_MOST})::bigint AS {one}" for one in SUMS)}
              FROM rollups r WHERE {_WHERE} GROUP BY 1, 2 ORDER BY executions DESC, 1, 2""",
        *arguments,
    )
    found = {(row["version"], row["model"]): Totals(sums={one: row[one] for one in SUMS}) for row in rows}
    for name in ("latency", "first_token"):
        counts = await tx.fetch(
            f"""SELECT version, model, array_agg(n ORDER BY place) AS counts
                  FROM (SELECT r.version, r.model, u.place, sum(u.n)::bigint AS n
                          FROM rollups r, unnest(r.{name}) WITH ORDINALITY u(n, place) WHERE {_WHERE} GROUP BY 1, 2, 3) b
                 GROUP BY 1, 2""",
            *arguments,
        )
        for row in counts:
            setattr(found[row["version"], row["model"]], name, row["counts"])
    return found


async def open_reviews(tx: Tx, prompt: Prompt, versions: Sequence[int]) -> dict[int, str]:
    """Version → `in_review` or `approved`; drafts are left out."""
    rows = await tx.fetch(
        """SELECT version, status FROM prompt_reviews
            WHERE workspace_id = $1 AND prompt_id = $2 AND version = ANY ($3) AND status IN ('in_review', 'approved')""",
        prompt.workspace_id,
        prompt.prompt_id,
        list(versions),
    )
    return {row["version"]: row["status"] for row in rows}


async def newest_runs(tx: Tx, prompt: Prompt, versions: Sequence[int]) -> list[Record]:
    """Of each version the newest completed run over each dataset, split and model; those that finished last first."""
    return list(
        await tx.fetch(
            """SELECT * FROM (
                 SELECT t.*, row_number() OVER (PARTITION BY t.version ORDER BY t.finished_at DESC) AS place FROM (
                   SELECT DISTINCT ON (version, dataset_id, split, model) version, test_run_id, dataset_id, split, model, total, simulated,
                          finished_at, (result #>> '{metrics,overall_accuracy}')::float8 AS accuracy
                     FROM test_runs WHERE workspace_id = $1 AND prompt_id = $2 AND version = ANY ($3) AND status = 'completed'
                      AND failed_of IS NULL
                    ORDER BY version, dataset_id, split, model, test_run_id DESC) t) p
                WHERE place <= $4 ORDER BY version, place""",
            prompt.workspace_id,
            prompt.prompt_id,
            list(versions),
            RUNS_MOST,
        )
    )
