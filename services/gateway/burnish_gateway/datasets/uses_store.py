"""The SQL of what uses a dataset. Each function runs in the caller's transaction, whose policies admit one workspace."""

from uuid import UUID

from burnish_gateway.uses import NAMED_MOST, Use
from burnish_shared.db.session import Tx

ALL_PROMPTS = "all prompts"
"""How the workspace's own review settings are named."""


async def uses_of(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> list[Use]:
    """Whatever was measured with it, was proven by it, or is set up to go on with it.

    A schedule or rule of what people said of a prompt uses the dataset of that prompt's newest search from feedback.
    """
    rows = await tx.fetch(
        """WITH of_feedback AS (
             SELECT n.prompt_id, n.slug
               FROM (SELECT DISTINCT ON (j.prompt_id) j.prompt_id, j.slug, j.dataset_id FROM optimization_jobs j
                      WHERE j.workspace_id = $1 AND j.search ->> 'source' = 'feedback' ORDER BY j.prompt_id, j.created_at DESC) n
              WHERE n.dataset_id = $2),
           uses AS (
             SELECT 'test_run' AS kind, t.test_run_id::text AS name FROM test_runs t WHERE t.workspace_id = $1 AND t.dataset_id = $2
              UNION ALL
             SELECT 'optimization', j.job_id::text FROM optimization_jobs j WHERE j.workspace_id = $1 AND j.dataset_id = $2
              UNION ALL
             SELECT 'suggestion', s.suggestion_id::text
               FROM suggestions s JOIN optimization_jobs j ON j.workspace_id = s.workspace_id AND j.job_id = s.job_id
              WHERE s.workspace_id = $1 AND j.dataset_id = $2
              UNION ALL
             SELECT 'schedule', s.schedule_id::text FROM optimization_schedules s
              WHERE s.workspace_id = $1
                AND (s.request ->> 'dataset_id' = $2::text
                     OR s.request ->> 'source' = 'feedback' AND s.prompt_id IN (SELECT f.prompt_id FROM of_feedback f))
              UNION ALL
             SELECT 'alert_rule', r.slug FROM alert_rules r
              WHERE r.workspace_id = $1
                AND (r.start_optimization ->> 'dataset_id' = $2::text
                     OR r.start_optimization ->> 'source' = 'feedback' AND r.slug IN (SELECT f.slug FROM of_feedback f))
              UNION ALL
             SELECT 'review_settings', coalesce(nullif(r.slug, ''), $4) FROM review_settings r
              WHERE r.workspace_id = $1 AND r.dataset_id = $2
              UNION ALL
             SELECT DISTINCT 'model_migration', m.migration_id::text
               FROM model_migrations m JOIN model_migration_steps s ON s.workspace_id = m.workspace_id AND s.migration_id = m.migration_id
              WHERE m.workspace_id = $1 AND m.status = 'running' AND s.dataset_id = $2 AND s.state IN ('pending', 'measuring', 'searching'))
           SELECT u.kind, count(*) AS count, (array_agg(u.name ORDER BY u.name))[1:$3] AS first FROM uses u GROUP BY u.kind""",
        workspace_id,
        dataset_id,
        NAMED_MOST,
        ALL_PROMPTS,
    )
    return [Use(row["kind"], row["count"], row["first"]) for row in rows]
