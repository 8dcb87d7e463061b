"""The SQL of what is set up to call a model. The function runs in the caller's transaction, whose policies admit one workspace."""

from uuid import UUID

from burnish_gateway.uses import NAMED_MOST, Use
from burnish_shared.db.session import Tx

WHOLE_WORKSPACE = "the workspace's own"
"""How settings are named that are no prompt's."""


async def uses_of(tx: Tx, workspace_id: UUID, model: str) -> list[Use]:
    """Whatever would call the model by itself, or send a caller to it: versions that a label names or that are the newest of a prompt or
    chain which is not archived, evaluators, routing rules, other models' fallback and successor, experiments, schedules, alert rules and
    moves that are not over, the assistant."""
    rows = await tx.fetch(
        """WITH named AS (SELECT jsonb_build_object('model', $2::text) AS it),
           uses AS (
             SELECT DISTINCT 'prompt' AS kind, p.slug AS name
               FROM prompts p JOIN prompt_versions v ON v.workspace_id = p.workspace_id AND v.prompt_id = p.prompt_id
              WHERE p.workspace_id = $1 AND p.archived_at IS NULL
                AND (v.version = p.latest_version
                     OR EXISTS (SELECT FROM prompt_labels l
                                 WHERE l.workspace_id = v.workspace_id AND l.prompt_id = v.prompt_id AND l.version = v.version))
                AND (v.model = $2 OR v.content::jsonb -> 'fallback_models' ? $2)
              UNION ALL
             SELECT DISTINCT 'chain', c.slug
               FROM chains c JOIN chain_versions v ON v.workspace_id = c.workspace_id AND v.chain_id = c.chain_id, named
              WHERE c.workspace_id = $1 AND c.archived_at IS NULL
                AND (v.version = c.latest_version
                     OR EXISTS (SELECT FROM chain_labels l
                                 WHERE l.workspace_id = v.workspace_id AND l.chain_id = v.chain_id AND l.version = v.version))
                AND jsonb_path_exists(v.content::jsonb, '$.**.model ? (@ == $model)', named.it)
              UNION ALL
             SELECT 'evaluator', e.name FROM evaluators e, named
              WHERE e.workspace_id = $1 AND e.archived_at IS NULL AND jsonb_path_exists(e.settings::jsonb, '$.* ? (@ == $model)', named.it)
              UNION ALL
             SELECT 'routing_rules', coalesce(nullif(r.slug, ''), $4) FROM routing_policies r, named
              WHERE r.workspace_id = $1 AND jsonb_path_exists(r.rules, '$[*].use.model ? (@ == $model)', named.it)
              UNION ALL
             SELECT 'model', m.model FROM workspace_models m
              WHERE m.workspace_id = $1 AND m.active AND m.model <> $2 AND $2 IN (m.fallback_model, m.successor)
              UNION ALL
             SELECT DISTINCT 'experiment', x.experiment_id::text
               FROM experiments x JOIN experiment_arms a ON a.workspace_id = x.workspace_id AND a.experiment_id = x.experiment_id
              WHERE x.workspace_id = $1 AND x.status IN ('draft', 'running', 'paused') AND a.model = $2
              UNION ALL
             SELECT 'schedule', s.schedule_id::text FROM optimization_schedules s, named
              WHERE s.workspace_id = $1 AND jsonb_path_exists(s.request, '$.** ? (@ == $model)', named.it)
              UNION ALL
             SELECT 'alert_rule', r.slug FROM alert_rules r, named
              WHERE r.workspace_id = $1 AND jsonb_path_exists(r.start_optimization, '$.** ? (@ == $model)', named.it)
              UNION ALL
             SELECT 'model_migration', g.migration_id::text FROM model_migrations g
              WHERE g.workspace_id = $1 AND g.status = 'running' AND $2 IN (g.from_model, g.to_model)
              UNION ALL
             SELECT 'assistant', $4 FROM assistant_settings s WHERE s.workspace_id = $1 AND $2 IN (s.ask_model, s.write_model))
           SELECT u.kind, count(*) AS count, (array_agg(u.name ORDER BY u.name))[1:$3] AS first
             FROM uses u GROUP BY u.kind ORDER BY u.kind""",
        workspace_id,
        model,
        NAMED_MOST,
        WHOLE_WORKSPACE,
    )
    return [Use(row["kind"], row["count"], row["first"]) for row in rows]
