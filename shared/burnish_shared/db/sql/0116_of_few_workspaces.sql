-- Two looks that analytics takes every 30 s called functions for each workspace by itself. Attempts that failed are still looked for in each, and what was
-- given of a month's allowance for each home of one, both by an index. And what is given back says so rightly.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- The last minutes of all workspaces. Nothing that it holds, nor what it is narrowed by, ever changes, so that counting stays within the page (HOT).
CREATE INDEX rollups_minute_lately ON rollups_minute (bucket) WHERE traffic = 'live';
CREATE INDEX accounts_of_allowances ON accounts (workspace_id) WHERE kind = 11;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
-- As in 0093; where calls failed is found by when they did.
CREATE OR REPLACE FUNCTION providers_not_answering(p_calls integer, p_for interval, p_most integer)
  RETURNS TABLE (workspace_id uuid, provider text, calls bigint, saved bigint, since timestamptz, code text, http_status integer, models text, simulated boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH silent AS (
    SELECT f.workspace_id, coalesce(o.provider, p.provider) AS provider
      FROM (SELECT DISTINCT r.workspace_id, r.model FROM rollups r
             WHERE r.grain = 'minute' AND r.bucket > now() - interval '10 minutes' AND r.traffic = 'live' AND r.errors + r.timeouts + r.rate_limited > 0) f
      LEFT JOIN workspace_models o ON o.workspace_id = f.workspace_id AND o.model = f.model
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

-- As in 0007, in one statement.
CREATE OR REPLACE FUNCTION allowances_due(p_month date, p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH left_over AS MATERIALIZED (
    SELECT a.workspace_id FROM accounts a WHERE a.kind = 11 AND a.limit_nusd - a.spent_nusd - a.held_nusd > 0
       AND NOT EXISTS (SELECT FROM transfers t WHERE t.workspace_id = a.workspace_id AND t.kind IN ('allowance', 'allowance_expired')
                          AND t.reference = to_char(p_month, 'YYYY-MM')))
  SELECT w.workspace_id FROM workspaces w JOIN organizations o USING (organization_id) JOIN plans p USING (plan)
   WHERE w.suspended_at IS NULL AND NOT EXISTS (SELECT FROM workspace_erasures e WHERE e.workspace_id = w.workspace_id)
     AND (o.brings_credit AND o.home_workspace_id = w.workspace_id AND p.platform_allowance_nusd > coalesce((
            SELECT sum(t.amount_nusd) FROM transfers t WHERE t.workspace_id = w.workspace_id AND t.kind = 'allowance'
               AND t.reference >= (SELECT to_char(p_month, 'YYYY-MM')) AND t.reference < (SELECT to_char(p_month + interval '1 month', 'YYYY-MM'))), 0)
          OR w.workspace_id IN (SELECT l.workspace_id FROM left_over l))
   ORDER BY w.workspace_id LIMIT p_most $$;

-- As in 0061: also of what the books let in too late, which no executor was ever asked to take.
CREATE OR REPLACE FUNCTION abandon(p_exec uuid, p_ws uuid, p_route text, p_key text, p_body bytea) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_fence integer; v_lane text; v_made uuid[];
BEGIN
  SELECT fence, lane INTO v_fence, v_lane FROM holds WHERE execution_id = p_exec AND workspace_id = p_ws FOR UPDATE;
  v_made := settle(ARRAY[ended_without_answer(p_exec, p_ws, coalesce(v_fence, 1), coalesce(v_lane, 'interactive'), 'error', 'not_dispatched', 'It was given to no executor: no model was asked, and nothing is charged.', about_of(p_body))],
                   'executor', 'abandoned:' || p_exec::text);
  IF cardinality(v_made) > 0 AND p_key IS NOT NULL THEN
    DELETE FROM idempotency_keys WHERE workspace_id = p_ws AND route = p_route AND key = p_key AND execution_id = p_exec;
  END IF;
  RETURN cardinality(v_made) > 0;
END $$;

-- As in 0005, and it says when, as whoever gives back a single one does: a worker that starts takes it at once, and nothing waits for it until then.
CREATE OR REPLACE FUNCTION release_work(p_worker text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; m integer;
BEGIN
  UPDATE test_runs SET leased_until = clock_timestamp(), leased_by = NULL WHERE leased_by = p_worker AND status = 'running';
  GET DIAGNOSTICS n = ROW_COUNT;
  UPDATE optimization_jobs SET leased_until = clock_timestamp(), leased_by = NULL WHERE leased_by = p_worker AND status = 'running';
  GET DIAGNOSTICS m = ROW_COUNT;
  RETURN n + m;
END $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
