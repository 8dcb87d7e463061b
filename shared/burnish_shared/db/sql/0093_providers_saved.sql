-- A provider whose calls fallbacks answer: they are booked on the fallback's model, and what was tried before it stands in `attempts` alone.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE INDEX executions_tried_more ON executions (workspace_id, execution_id) WHERE attempts <> '[]';

-- What one attempt says of its provider, as says_down of a call: an answer that a fallback had to mend is an answer.
CREATE FUNCTION attempt_says_down(p_attempt jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_temp AS $$
  SELECT CASE WHEN p_attempt->>'status' IN ('success', 'output_invalid') THEN false
              ELSE says_down(jsonb_build_object('code', p_attempt->>'code', 'provider_status', p_attempt->>'http_status')) END $$;

-- As providers_down of 0090, also of calls that were answered elsewhere (`saved`). One of which several attempts failed is one call. The function
-- without them stays for the release before, which takes no column that it does not know. From when on is looked by now(): by a volatile
-- clock_timestamp() no index serves, and all that ever failed would be read each time.
CREATE FUNCTION providers_not_answering(p_calls integer, p_for interval, p_most integer)
  RETURNS TABLE (workspace_id uuid, provider text, calls bigint, saved bigint, since timestamptz, code text, http_status integer, models text, simulated boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH silent AS (
    SELECT w.workspace_id, coalesce(o.provider, p.provider) AS provider
      FROM workspaces w CROSS JOIN LATERAL (
        SELECT r.model FROM rollups r
         WHERE r.workspace_id = w.workspace_id AND r.grain = 'minute' AND r.bucket > now() - interval '10 minutes' AND r.traffic = 'live'
         GROUP BY r.model HAVING sum(r.errors + r.timeouts + r.rate_limited) > 0) f
      LEFT JOIN workspace_models o ON o.workspace_id = w.workspace_id AND o.model = f.model
      LEFT JOIN platform_models p ON p.model = f.model
    UNION
    SELECT w.workspace_id, f.provider
      FROM workspaces w CROSS JOIN LATERAL (
        SELECT DISTINCT t->>'provider' AS provider FROM executions e CROSS JOIN LATERAL jsonb_array_elements(e.attempts) t
         WHERE e.workspace_id = w.workspace_id AND e.attempts <> '[]' AND e.execution_id > moment_bound(now() - interval '10 minutes')
           AND e.lane IN ('interactive', 'background') AND e.job_id IS NULL AND attempt_says_down(t)) f),
  suspect AS MATERIALIZED (
    SELECT s.workspace_id, s.provider,
           (SELECT max(r.bucket) + interval '1 minute' FROM rollups r
             WHERE r.workspace_id = s.workspace_id AND r.grain = 'minute' AND r.bucket > now() - interval '1 hour' AND r.traffic = 'live'
               AND r.successes > r.cached AND r.model IN (SELECT m.model FROM models_of_provider(s.workspace_id, s.provider) m)) AS answered_at
      FROM silent s
     WHERE s.provider IS NOT NULL
       AND NOT EXISTS (SELECT FROM alert_rules x WHERE x.workspace_id = s.workspace_id AND x.slug = '' AND NOT x.enabled)
       AND NOT EXISTS (SELECT FROM alerts a WHERE a.workspace_id = s.workspace_id AND a.incident_key = 'provider:' || s.provider AND a.resolved_at IS NULL))
  SELECT s.workspace_id, s.provider, f.calls, f.saved, f.since, f.code, f.http_status, f.models,
         coalesce((SELECT v.simulated FROM providers v WHERE v.provider = s.provider), false)
         AND NOT EXISTS (SELECT FROM workspace_models o WHERE o.workspace_id = s.workspace_id AND o.model = ANY (f.asked) AND o.base_url <> '')
    FROM suspect s CROSS JOIN LATERAL (
      SELECT count(DISTINCT c.execution_id) AS calls, count(DISTINCT c.execution_id) FILTER (WHERE c.status = 'success') AS saved, min(c.finished_at) AS since,
             mode() WITHIN GROUP (ORDER BY c.code) AS code, (mode() WITHIN GROUP (ORDER BY c.http_status))::integer AS http_status,
             string_agg(DISTINCT c.model, ', ' ORDER BY c.model) AS models, array_agg(DISTINCT c.model) AS asked
        FROM (SELECT e.execution_id, e.finished_at, e.status, e.model, e.error->>'code' AS code, e.error->>'provider_status' AS http_status, says_down(e.error) AS is_down
                FROM executions e
               WHERE e.workspace_id = s.workspace_id AND e.status IN ('error', 'timeout', 'rate_limited') AND e.provider = s.provider
                 AND e.execution_id > moment_bound(now() - interval '1 hour') AND e.lane IN ('interactive', 'background') AND e.job_id IS NULL
                 AND (s.answered_at IS NULL OR e.finished_at >= s.answered_at)
              UNION ALL
              SELECT e.execution_id, e.finished_at, e.status, t->>'model', t->>'code', t->>'http_status', attempt_says_down(t)
                FROM executions e CROSS JOIN LATERAL jsonb_array_elements(e.attempts) t
               WHERE e.workspace_id = s.workspace_id AND e.attempts <> '[]' AND t->>'provider' = s.provider
                 AND e.execution_id > moment_bound(now() - interval '1 hour') AND e.lane IN ('interactive', 'background') AND e.job_id IS NULL
                 AND (s.answered_at IS NULL OR e.finished_at >= s.answered_at)) c
       WHERE c.is_down IS NOT NULL
      HAVING count(DISTINCT c.execution_id) >= p_calls AND bool_and(c.is_down) AND max(c.finished_at) - min(c.finished_at) >= p_for
         AND max(c.finished_at) > clock_timestamp() - interval '10 minutes') f
   WHERE (s.answered_at IS NULL OR s.answered_at < clock_timestamp())
     -- What was tried stands in the books at once, what was answered at once comes to rollups later, and after a standstill much later.
     AND NOT EXISTS (SELECT FROM executions e WHERE e.workspace_id = s.workspace_id AND e.provider = s.provider AND e.status = 'success' AND NOT e.cached
                        AND e.execution_id > moment_bound(now() - interval '1 hour') AND e.lane IN ('interactive', 'background') AND e.job_id IS NULL
                        AND e.finished_at >= f.since)
   ORDER BY f.since LIMIT p_most $$;
CALL make_lookup_function('providers_not_answering(integer, interval, integer)', app => false, worker => true);

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
-- As in 0090, where calls that a fallback answered are calls of the provider that was asked before it, too.
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
