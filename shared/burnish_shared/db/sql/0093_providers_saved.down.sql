SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION providers_down(integer, interval, integer), attempt_says_down(jsonb);
-- Providers of which so many calls of a workspace failed since the last that was answered, over at least so long, within the last hour and up to
-- the last minutes. Minutes of rollups say which workspaces to look at, and when a call was answered; our cache answers for no provider.
CREATE FUNCTION providers_down(p_calls integer, p_for interval, p_most integer)
  RETURNS TABLE (workspace_id uuid, provider text, calls bigint, since timestamptz, code text, http_status integer, models text, simulated boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH silent AS (
    SELECT DISTINCT w.workspace_id, coalesce(o.provider, p.provider) AS provider
      FROM workspaces w CROSS JOIN LATERAL (
        SELECT r.model FROM rollups r
         WHERE r.workspace_id = w.workspace_id AND r.grain = 'minute' AND r.bucket > clock_timestamp() - interval '10 minutes' AND r.traffic = 'live'
         GROUP BY r.model HAVING sum(r.errors + r.timeouts + r.rate_limited) > 0) f
      LEFT JOIN workspace_models o ON o.workspace_id = w.workspace_id AND o.model = f.model
      LEFT JOIN platform_models p ON p.model = f.model),
  suspect AS MATERIALIZED (
    SELECT s.workspace_id, s.provider,
           (SELECT max(r.bucket) + interval '1 minute' FROM rollups r
             WHERE r.workspace_id = s.workspace_id AND r.grain = 'minute' AND r.bucket > clock_timestamp() - interval '1 hour' AND r.traffic = 'live'
               AND r.successes > r.cached AND r.model IN (SELECT m.model FROM models_of_provider(s.workspace_id, s.provider) m)) AS answered_at
      FROM silent s
     WHERE s.provider IS NOT NULL
       AND NOT EXISTS (SELECT FROM alert_rules x WHERE x.workspace_id = s.workspace_id AND x.slug = '' AND NOT x.enabled)
       AND NOT EXISTS (SELECT FROM alerts a WHERE a.workspace_id = s.workspace_id AND a.incident_key = 'provider:' || s.provider AND a.resolved_at IS NULL))
  SELECT s.workspace_id, s.provider, f.calls, f.since, f.code, f.http_status, f.models, f.simulated
    FROM suspect s CROSS JOIN LATERAL (
      SELECT count(*) AS calls, min(e.finished_at) AS since, mode() WITHIN GROUP (ORDER BY e.error->>'code') AS code,
             (mode() WITHIN GROUP (ORDER BY e.error->>'provider_status'))::integer AS http_status,
             string_agg(DISTINCT e.model, ', ' ORDER BY e.model) AS models, bool_and(e.simulated) AS simulated
        FROM executions e
       WHERE e.workspace_id = s.workspace_id AND e.status IN ('error', 'timeout', 'rate_limited') AND e.provider = s.provider
         AND e.execution_id > moment_bound(clock_timestamp() - interval '1 hour') AND e.lane IN ('interactive', 'background') AND e.job_id IS NULL
         AND (s.answered_at IS NULL OR e.finished_at >= s.answered_at) AND says_down(e.error) IS NOT NULL
      HAVING count(*) >= p_calls AND bool_and(says_down(e.error)) AND max(e.finished_at) - min(e.finished_at) >= p_for
         AND max(e.finished_at) > clock_timestamp() - interval '10 minutes') f
   WHERE s.answered_at IS NULL OR s.answered_at < clock_timestamp()
   ORDER BY f.since LIMIT p_most $$;
CALL make_lookup_function('providers_down(integer, interval, integer)', app => false, worker => true);

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
-- As in 0026, and of providers: a call was answered after the minute of the alert, or none is made for a day.
CREATE OR REPLACE FUNCTION alerts_over(p_most integer) RETURNS TABLE (workspace_id uuid, incident_key text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT a.workspace_id, a.incident_key FROM alerts a
   WHERE a.resolved_at IS NULL
     AND CASE WHEN a.kind IN ('budget', 'credits') THEN
                NOT EXISTS (SELECT FROM accounts c WHERE c.workspace_id = a.workspace_id AND c.account_id::text = a.subject
                               AND c.crossed >= CASE a.metric WHEN 'exhausted' THEN 2 ELSE 1 END AND (c.kind <> 2 OR c.resets_at > clock_timestamp()))
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
                    AND NOT EXISTS (SELECT FROM rollups r WHERE r.workspace_id = a.workspace_id AND r.grain = 'hour' AND r.bucket > clock_timestamp() - interval '1 day'
                                       AND r.traffic = 'live' AND r.model IN (SELECT m.model FROM models_of_provider(a.workspace_id, a.subject) m)))
              ELSE false END
   LIMIT p_most $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

DROP INDEX executions_tried_more;

RESET ROLE;
SET LOCAL search_path = public;
