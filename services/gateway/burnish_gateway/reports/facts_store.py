"""What a report reads besides rollups: alerts, test runs, failure groups, and the usage of one end user."""

from collections.abc import Sequence
from datetime import date, datetime

from asyncpg import Record

from burnish_gateway.reports.target import Target
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST


async def exists(tx: Tx, target: Target) -> bool:
    """Is there such a prompt, version, key or model? One that calls named counts, too. End users are whatever calls named."""
    if target.kind == "model":
        return bool(
            await tx.fetchval(
                """SELECT EXISTS (SELECT FROM platform_models WHERE model = $1) OR EXISTS (SELECT FROM workspace_models WHERE model = $1)
                       OR EXISTS (SELECT FROM rollups WHERE model = $1)""",
                target.name,
            )
        )
    if target.kind == "api_key":
        return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM api_keys WHERE api_key_id::text = $1)", target.name))
    if target.slug is None:
        return True
    return bool(
        await tx.fetchval(
            """SELECT EXISTS (SELECT FROM prompts
                               WHERE slug = $1 AND ($2::integer IS NULL OR greatest(latest_version, branched_version) >= $2))""",
            target.slug,
            target.filters.version,
        )
    )


async def alerts(tx: Tx, *, start: datetime, end: datetime, slug: str | None, at_most: int) -> tuple[Sequence[Record], int]:
    """Raised in this time, newest first, and how many there were."""
    rows = await tx.fetch(
        """SELECT alert_id, kind, metric, severity, slug AS prompt, summary, raised_at, resolved_at, count(*) OVER () AS all_of_them
             FROM alerts WHERE raised_at >= $1 AND raised_at < $2 AND ($3::text IS NULL OR slug = $3)
            ORDER BY raised_at DESC, alert_id LIMIT $4""",
        start,
        end,
        slug,
        at_most,
    )
    return rows, rows[0]["all_of_them"] if rows else 0


async def test_runs(
    tx: Tx, *, start: datetime, end: datetime, slug: str | None, version: int | None, model: str | None, at_most: int
) -> Sequence[Record]:
    """Ended in this time, newest first; without a slug those of chains, too."""
    return await tx.fetch(
        """SELECT test_run_id, slug AS prompt, chain ->> 'slug' AS chain, version, model,
                  (result #>> '{metrics,overall_accuracy}')::float8 AS accuracy, total, simulated, finished_at
             FROM test_runs WHERE status = 'completed' AND failed_of IS NULL AND finished_at >= $1 AND finished_at < $2
              AND ($3::text IS NULL OR slug = $3)
              AND ($4::integer IS NULL OR version = $4) AND ($5::text IS NULL OR model = $5)
            ORDER BY finished_at DESC, test_run_id LIMIT $6""",
        start,
        end,
        slug,
        version,
        model,
        at_most,
    )


async def experiments(tx: Tx, *, start: datetime, end: datetime, slug: str | None, at_most: int) -> Sequence[Record]:
    """Ended in this time, newest first."""
    return await tx.fetch(
        """SELECT experiment_id, name, slug AS prompt, metric, verdict ->> 'outcome' AS outcome, winner,
                  coalesce(verdict ->> 'sentence', '') AS sentence, coalesce(verdict ->> 'decided_by', '') AS decided_by, completed_at
             FROM experiments WHERE status = 'completed' AND verdict IS NOT NULL AND completed_at >= $1 AND completed_at < $2
              AND ($3::text IS NULL OR slug = $3)
            ORDER BY completed_at DESC, experiment_id LIMIT $4""",
        start,
        end,
        slug,
        at_most,
    )


async def failure_groups(tx: Tx, *, slug: str | None) -> Sequence[Record]:
    """(slug, groups) of each prompt, as they were last found."""
    return await tx.fetch(
        """SELECT DISTINCT ON (slug) slug, result -> 'groups' AS groups FROM failure_groups
            WHERE result IS NOT NULL AND slug <> '' AND ($1::text IS NULL OR slug = $1) ORDER BY slug, computed_at DESC""",
        slug,
    )


async def end_user_days(tx: Tx, end_user: str, *, start: date, end: date) -> Sequence[Record]:
    """Days of one end user, `end` not included: closed ones from their sums, open ones from executions."""
    return await tx.fetch(
        f"""SELECT day, sum(executions)::bigint AS executions, sum(successes)::bigint AS successes,
                  sum(input_tokens)::bigint AS input_tokens, sum(cached_input_tokens)::bigint AS cached_input_tokens,
                  sum(output_tokens)::bigint AS output_tokens,
                  least(sum(cost_nusd), {SUM_MOST})::bigint AS cost_nusd, sum(simulated)::bigint AS simulated
             FROM (SELECT day, executions, successes, input_tokens, cached_input_tokens, output_tokens, cost_nusd, simulated
                     FROM usage_user_days
                    WHERE end_user = $1 AND day >= $2 AND day < $3
                      AND day <= coalesce((SELECT through FROM usage_closings), '-infinity')
                   UNION ALL
                   SELECT day_of(execution_id), 1, (status = 'success')::integer, input_tokens, cached_input_tokens, output_tokens,
                          cost_nusd, simulated::integer
                     FROM executions
                    WHERE end_user = $1 AND execution_id < day_bound($3)
                      AND execution_id >= day_bound(greatest($2, coalesce((SELECT through FROM usage_closings) + 1, '-infinity')))) u
            GROUP BY day ORDER BY day""",
        end_user, start, end,
    )  # fmt: skip


async def end_user_reactions(tx: Tx, end_user: str, *, start: datetime, end: datetime) -> Record:
    """Thumbs and scores of one end user, by when they came."""
    [row] = await tx.fetch(
        """SELECT count(*) AS reactions, count(*) FILTER (WHERE kind = 'thumb' AND value = 1) AS thumbs_up,
                  count(*) FILTER (WHERE kind = 'thumb' AND value = 0) AS thumbs_down, count(*) FILTER (WHERE kind = 'score') AS scores,
                  coalesce(round(1000000 * sum(value) FILTER (WHERE kind = 'score')), 0)::bigint AS score_sum_micro
             FROM feedback
            WHERE end_user = $1 AND accepted_at >= $2 AND accepted_at < $3 AND forgotten_at IS NULL AND NOT is_taken_back""",
        end_user,
        start,
        end,
    )
    return row
