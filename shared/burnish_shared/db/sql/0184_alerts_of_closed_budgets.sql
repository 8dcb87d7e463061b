-- The alert of a budget for each end user ends when that is closed: its own account keeps its mark then, and a period without end (0145).
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
-- As in 0093, and of budgets that are closed.
CREATE OR REPLACE FUNCTION alerts_over(p_most integer) RETURNS TABLE (workspace_id uuid, incident_key text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT a.workspace_id, a.incident_key FROM alerts a
   WHERE a.resolved_at IS NULL
     AND CASE WHEN a.kind IN ('budget', 'credits') THEN
                NOT EXISTS (SELECT FROM accounts c WHERE c.workspace_id = a.workspace_id AND c.account_id::text = a.subject
                               AND c.crossed >= CASE a.metric WHEN 'exhausted' THEN 2 ELSE 1 END AND (c.kind <> 2 OR (c.resets_at > clock_timestamp() AND isfinite(c.resets_at))))
              WHEN a.kind = 'provider_key' THEN
                NOT EXISTS (SELECT FROM provider_keys k WHERE k.workspace_id = a.workspace_id AND k.provider_key_id::text = a.subject AND k.status = 'set_aside')
              WHEN a.kind = 'model' THEN
                NOT EXISTS (SELECT FROM workspace_models m WHERE m.workspace_id = a.workspace_id AND m.model = a.subject AND m.active
                               AND starts_with(a.incident_key, ending_incident(m.model, m.sunset_at)))
                AND NOT EXISTS (SELECT FROM platform_models m WHERE m.model = a.subject AND m.active AND starts_with(a.incident_key, ending_incident(m.model, m.sunset_at)))
              WHEN a.kind = 'provider' THEN
                EXISTS (SELECT FROM rollups r WHERE r.workspace_id = a.workspace_id AND r.grain = 'minute' AND r.bucket > a.raised_at AND r.traffic = 'live'
                           AND r.successes > r.cached AND r.model IN (SELECT m.model FROM models_of_provider(a.workspace_id, a.subject) m))
                OR (a.raised_at < clock_timestamp() - interval '1 day'
                    AND NOT EXISTS (SELECT FROM rollups r WHERE r.workspace_id = a.workspace_id AND r.grain = 'hour' AND r.bucket > now() - interval '1 day'
                                       AND r.traffic = 'live' AND r.model IN (SELECT m.model FROM models_of_provider(a.workspace_id, a.subject) m))
                    AND NOT EXISTS (SELECT FROM executions e WHERE e.workspace_id = a.workspace_id AND e.attempts <> '[]'
                                       AND e.execution_id > moment_bound(now() - interval '1 day') AND e.lane IN ('interactive', 'background')
                                       AND e.job_id IS NULL AND e.attempts @> jsonb_build_array(jsonb_build_object('provider', a.subject))))
              ELSE false END
   LIMIT p_most $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
