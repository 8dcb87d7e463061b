"""The SQL of what is set up, or under way, to call a model. It runs in the caller's transaction, whose policies admit one workspace."""

from typing import Final
from uuid import UUID

from burnish_gateway.uses import NAMED_MOST, Use
from burnish_shared.db.session import Tx

WHOLE_WORKSPACE = "the workspace's own"
"""How settings are named that are no prompt's."""


USES: Final = """WITH named AS (SELECT jsonb_build_object('model', $2::text) AS it),
  searched_chains AS (
    SELECT s.request -> 'chain' AS place FROM optimization_schedules s WHERE s.workspace_id = $1
     UNION SELECT r.start_optimization #> '{search,chain}' FROM alert_rules r WHERE r.workspace_id = $1),
  chains_in_use AS (
    SELECT c.slug, c.chain_id, v.version, v.content::jsonb AS content
      FROM chains c JOIN chain_versions v ON v.workspace_id = c.workspace_id AND v.chain_id = c.chain_id
     WHERE c.workspace_id = $1 AND c.archived_at IS NULL
       AND (v.version = c.latest_version
            OR EXISTS (SELECT FROM chain_labels l
                        WHERE l.workspace_id = v.workspace_id AND l.chain_id = v.chain_id AND l.version = v.version)
            OR (c.slug, v.version) IN (SELECT place ->> 'slug', (place ->> 'version')::integer FROM searched_chains))),
  of_experiments AS (
    SELECT x.experiment_id, x.prompt_id, a.version, a.model
      FROM experiments x JOIN experiment_arms a ON a.workspace_id = x.workspace_id AND a.experiment_id = x.experiment_id
     WHERE x.workspace_id = $1 AND x.status IN ('draft', 'running', 'paused')),
  by_slug AS (
    SELECT s.slug, s.at_version::text AS version
      FROM chains_in_use c JOIN chain_uses s ON s.workspace_id = $1 AND s.chain_id = c.chain_id AND s.version = c.version
     UNION
    SELECT r.slug, jsonb_path_query(r.rules, '$[*].use.version') #>> '{}' FROM routing_policies r WHERE r.workspace_id = $1),
  pinned AS (
    SELECT prompt_id, latest_version AS version FROM prompts WHERE workspace_id = $1
     UNION SELECT prompt_id, version FROM prompt_labels WHERE workspace_id = $1
     UNION SELECT prompt_id, version FROM prompt_branches WHERE workspace_id = $1
     UNION SELECT prompt_id, version FROM of_experiments
     UNION SELECT prompt_id, (request ->> 'version')::integer FROM optimization_schedules WHERE workspace_id = $1
     UNION SELECT p.prompt_id, b.version::integer FROM by_slug b JOIN prompts p ON p.workspace_id = $1 AND p.slug = b.slug
            WHERE b.version ~ '^[0-9]{1,9}$'),
  in_use AS (
    SELECT p.slug, v.prompt_id, v.model, v.content::jsonb AS content
      FROM pinned n
      JOIN prompts p ON p.workspace_id = $1 AND p.prompt_id = n.prompt_id AND p.archived_at IS NULL
      JOIN prompt_versions v ON v.workspace_id = $1 AND v.prompt_id = n.prompt_id AND v.version = n.version),
  called AS (
    SELECT slug, model, content FROM in_use
     UNION ALL
    SELECT u.slug, v.model, v.content::jsonb
      FROM in_use u
      JOIN prompt_versions v
        ON v.workspace_id = $1 AND v.prompt_id = u.prompt_id AND v.version = (u.content ->> 'fallback_version')::integer),
  uses AS (
    SELECT DISTINCT 'prompt' AS kind, slug AS name FROM called WHERE model = $2 OR content -> 'fallback_models' ? $2
     UNION ALL
    SELECT DISTINCT 'chain', c.slug FROM chains_in_use c, named
     WHERE jsonb_path_exists(c.content, '$.** ? (exists (@.id) && exists (@.prompt)).model ? (@ == $model)', named.it)
     UNION ALL
    SELECT 'evaluator', e.name FROM evaluators e
     WHERE e.workspace_id = $1 AND e.archived_at IS NULL
       AND (e.settings ->> 'model' = $2 OR e.settings ->> 'judge' = $2 OR e.settings::jsonb -> 'models' ? $2)
     UNION ALL
    SELECT 'routing_rules', coalesce(nullif(r.slug, ''), $4) FROM routing_policies r, named
     WHERE r.workspace_id = $1 AND jsonb_path_exists(r.rules, '$[*].use.model ? (@ == $model)', named.it)
     UNION ALL
    SELECT 'model', m.model FROM workspace_models m
     WHERE m.workspace_id = $1 AND m.active AND m.model <> $2 AND $2 IN (m.fallback_model, m.successor)
     UNION ALL
    SELECT DISTINCT 'experiment', experiment_id::text FROM of_experiments WHERE model = $2
     UNION ALL
    SELECT 'schedule', s.schedule_id::text FROM optimization_schedules s, named
     WHERE s.workspace_id = $1
       AND (jsonb_path_exists(s.request, '$.models.* ? (@ == $model)', named.it)
            OR jsonb_path_exists(s.request, '$.**.space.model ? (@ == $model)', named.it))
     UNION ALL
    SELECT 'alert_rule', r.slug FROM alert_rules r, named
     WHERE r.workspace_id = $1
       AND (jsonb_path_exists(r.start_optimization, '$.search.models.* ? (@ == $model)', named.it)
            OR jsonb_path_exists(r.start_optimization, '$.search.settings.space.model ? (@ == $model)', named.it))
     UNION ALL
    SELECT 'model_migration', g.migration_id::text FROM model_migrations g, named
     WHERE g.workspace_id = $1 AND g.status = 'running'
       AND ($2 IN (g.from_model, g.to_model) OR jsonb_path_exists(g.search, '$.models.* ? (@ == $model)', named.it))
     UNION ALL
    SELECT 'assistant', $4 FROM assistant_settings s WHERE s.workspace_id = $1 AND $2 IN (s.ask_model, s.write_model)
     UNION ALL
    SELECT 'test_run', t.test_run_id::text FROM test_runs t, named
     WHERE t.workspace_id = $1 AND t.status NOT IN ('completed', 'failed', 'cancelled')
       AND (t.model = $2 OR jsonb_path_exists(t.chain, '$.prompts.*.model ? (@ == $model)', named.it))
     UNION ALL
    SELECT 'optimization', j.job_id::text FROM optimization_jobs j, named
     WHERE j.workspace_id = $1 AND j.status NOT IN ('completed', 'failed', 'cancelled')
       AND ($2 IN (j.task_model, j.reflect_model) OR jsonb_path_exists(j.search, '$.** ? (@ == $model)', named.it))
     UNION ALL
    SELECT 'batch', b.batch_id::text FROM batches b
     WHERE b.workspace_id = $1 AND b.status IN ('pending', 'running', 'paused')
       AND EXISTS (SELECT FROM batch_lines l
                    WHERE l.workspace_id = b.workspace_id AND l.batch_id = b.batch_id AND l.status IS NULL AND l.model = $2))
  SELECT u.kind, count(*) AS count, (array_agg(u.name ORDER BY u.name))[1:$3] AS first
    FROM uses u GROUP BY u.kind ORDER BY u.kind"""


async def uses_of(tx: Tx, workspace_id: UUID, model: str) -> list[Use]:
    """Whatever would call the model by itself, or send a caller to it.

    Of prompts and chains that are not archived, the versions in use: the newest, where labels and branches stand, and those that a chain,
    a rule, an experiment, a schedule, an alert's policy or a version in use names by number. Then chains, evaluators, routing rules,
    fallback and successor of other models, experiments and moves that are not over, schedules, the assistant; and test runs,
    optimizations and batches that are not over. A search that is planned names models as its own and in the settings that it tries; its
    chain and the evaluators among its metrics are uses of their own, and texts that it tries name none.
    """
    rows = await tx.fetch(
        USES,
        workspace_id,
        model,
        NAMED_MOST,
        WHOLE_WORKSPACE,
    )
    return [Use(row["kind"], row["count"], row["first"]) for row in rows]
