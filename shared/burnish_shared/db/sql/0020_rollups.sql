-- Sums by experiment, allocation epoch, arm and unit; apps and keys by the minute; feedback on sessions.
-- Lock order: ... -> rollup_end_users -> experiment_units -> experiment_sums -> label_feedback ..., each sorted by key.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Touches only what `b` has: a batch fills a few dozen of some hundred buckets.
CREATE OR REPLACE FUNCTION add_histograms(a integer[], b integer[]) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_temp AS $$
DECLARE n integer := 0; x integer;
BEGIN
  IF cardinality(b) > cardinality(a) THEN a := a || array_fill(0, ARRAY[cardinality(b) - cardinality(a)]); END IF;
  FOREACH x IN ARRAY b LOOP
    n := n + 1;
    IF x <> 0 THEN a[n] := a[n] + x; END IF;
  END LOOP;
  RETURN a;
END $$;

-- Apps and keys by the minute too.
ALTER TABLE rollup_sets DROP CONSTRAINT rollup_sets_grain_check;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_grain_check CHECK (grain IN ('hour', 'day') OR (grain = 'minute' AND dimension IN ('app', 'api_key')));

-- What an execution took part in: at most one experiment. `unit`: `user:<end user>`, `session:<session>` or `execution:<id>`.
ALTER TABLE execution_facts ADD COLUMN session_id text, ADD COLUMN experiment_id uuid, ADD COLUMN arm text, ADD COLUMN allocation_epoch integer, ADD COLUMN unit text;
ALTER TABLE execution_facts ADD CONSTRAINT execution_facts_experiment CHECK ((experiment_id IS NULL) = (unit IS NULL) AND (experiment_id IS NULL) = (arm IS NULL)
  AND (experiment_id IS NULL) = (allocation_epoch IS NULL));
CREATE INDEX execution_facts_by_experiment ON execution_facts (experiment_id, workspace_id) WHERE experiment_id IS NOT NULL;
CREATE INDEX execution_facts_by_session ON execution_facts (session_id, workspace_id, execution_id) WHERE session_id IS NOT NULL;

-- A ratio metric of one unit: x observations that add up to y. Sums, so that what was added can be taken back; numeric, so that they are exact.
-- metric: success | latency_ms | cost_nusd | satisfaction | metric:<name>.
CREATE TABLE experiment_units (
  workspace_id     uuid NOT NULL,
  experiment_id    uuid NOT NULL,
  allocation_epoch integer NOT NULL,
  arm              text NOT NULL,
  metric           text NOT NULL,
  unit             text NOT NULL,
  x                bigint NOT NULL,
  y                numeric NOT NULL,
  seen_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, experiment_id, allocation_epoch, arm, metric, unit)) WITH (fillfactor = 70);
CREATE INDEX experiment_units_by_unit ON experiment_units (workspace_id, unit);
CALL make_tenant_table('experiment_units', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- The same over all units of an arm: what a test reads (delta method). Always the sums over experiment_units with x > 0.
CREATE TABLE experiment_sums (
  workspace_id     uuid NOT NULL,
  experiment_id    uuid NOT NULL,
  allocation_epoch integer NOT NULL,
  arm              text NOT NULL,
  metric           text NOT NULL,
  units            bigint NOT NULL,
  sum_x            numeric NOT NULL,
  sum_y            numeric NOT NULL,
  sum_xx           numeric NOT NULL,
  sum_yy           numeric NOT NULL,
  sum_xy           numeric NOT NULL,
  PRIMARY KEY (workspace_id, experiment_id, allocation_epoch, arm, metric)) WITH (fillfactor = 50);
CALL make_tenant_table('experiment_sums', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- A unit that is an end user or a session and was silent for the workspace's days loses its name; it stays one unit. Up to p_most rows; 0: all done.
CREATE FUNCTION forget_units(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  WITH old AS (SELECT x.unit FROM experiment_units x WHERE x.workspace_id = p_ws AND x.unit ~ '^(user|session):($|[^~])'
                GROUP BY x.unit HAVING max(x.seen_at) < cutoff ORDER BY x.unit LIMIT p_most),
       named AS MATERIALIZED (SELECT o.unit, split_part(o.unit, ':', 1) || ':' || nameless('x') AS nobody FROM old o)
  UPDATE experiment_units u SET unit = d.nobody FROM named d WHERE u.workspace_id = p_ws AND u.unit = d.unit;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

-- Sessions of the person of an erasure, while its pass knows them: one that goes on is then two units, of which nobody can tell.
CREATE FUNCTION erase_session_units(p_erasure uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; n integer;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR cardinality(e.sessions) = 0 THEN RETURN 0; END IF;
  WITH named AS MATERIALIZED (SELECT 'session:' || s AS unit, 'session:' || nameless('x') AS nobody FROM unnest(e.sessions) s)
  UPDATE experiment_units u SET unit = d.nobody FROM named d WHERE u.workspace_id = e.workspace_id AND u.unit = d.unit;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'experiment_units', n) WHERE erasure_id = p_erasure; END IF;
  RETURN n;
END $$;

-- The same for the person of an erasure, in pages by name: looks at up to p_most units after p_after, returns the last one; NULL: no more.
CREATE FUNCTION erase_units(p_erasure uuid, p_after text, p_most integer) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_names text[]; n integer; v_inner bytea; v_outer bytea; v_nobody text;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  v_nobody := 'user:' || nameless('x');
  SELECT array_agg(x.unit ORDER BY x.unit) INTO v_names
    FROM (SELECT DISTINCT u.unit FROM experiment_units u WHERE u.workspace_id = e.workspace_id AND u.unit > p_after ORDER BY u.unit LIMIT p_most) x;
  UPDATE experiment_units u SET unit = v_nobody
   WHERE u.workspace_id = e.workspace_id AND u.seen_at < e.requested_at AND u.unit LIKE 'user:%' AND u.unit = ANY (v_names)
     AND keyed_hash(v_inner, v_outer, substr(u.unit, 6)) = e.subject_digest;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'experiment_units', n) WHERE erasure_id = p_erasure; END IF;
  RETURN v_names[cardinality(v_names)];
END $$;
REVOKE ALL ON FUNCTION forget_units(uuid, integer), erase_units(uuid, text, integer), erase_session_units(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_units(uuid, integer), erase_units(uuid, text, integer), erase_session_units(uuid) TO burnish_worker;

-- Sessions and units of executions are forgotten with their persons: on their way, and where they are kept.
CREATE OR REPLACE FUNCTION without_subject(p_body bytea, p_ws uuid, p_inner bytea, p_outer bytea, p_digest bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE SET search_path = burnish, pg_temp AS $$
DECLARE v jsonb := as_json(p_body); items jsonb;
BEGIN
  IF v IS NULL OR jsonb_typeof(v -> 'items') IS DISTINCT FROM 'array' OR NOT names_subject(v, p_inner, p_outer, p_digest) THEN RETURN NULL; END IF;
  SELECT coalesce(jsonb_agg(CASE WHEN is_theirs THEN i || '{"end_user": null, "session_id": null, "experiment_id": null, "arm": null, "allocation_epoch": null, "unit": null}' ELSE i END) FILTER (WHERE i ? 'end_user' OR NOT is_theirs), '[]') INTO items
    FROM (SELECT i, i ->> 'workspace_id' = p_ws::text AND keyed_hash(p_inner, p_outer, coalesce(i ->> 'user_id', i ->> 'end_user', '')) = p_digest AS is_theirs
            FROM jsonb_array_elements(v -> 'items') i) x;
  RETURN convert_to((v || jsonb_build_object('items', items))::text, 'UTF8');
END $$;

CREATE OR REPLACE FUNCTION forget_these(p_ws uuid, p_among uuid[], p_ids uuid[], OUT contents integer, OUT persons integer) LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE lo uuid := p_among[1]; hi uuid := p_among[cardinality(p_among)]; n integer; v_judges uuid[];
BEGIN
  DELETE FROM score_tasks t WHERE t.workspace_id = p_ws AND t.execution_id = ANY (p_ids);
  WITH gone AS (
    UPDATE scores s SET reason = '', forgotten_at = clock_timestamp(),
           votes = (SELECT coalesce(jsonb_agg(v || '{"reason": ""}'), '[]') FROM jsonb_array_elements(s.votes) v)
     WHERE s.workspace_id = p_ws AND s.execution_id = ANY (p_ids) AND s.forgotten_at IS NULL RETURNING s.judge_executions)
  SELECT array_agg(j ORDER BY j) INTO v_judges FROM gone, unnest(gone.judge_executions) j;
  DELETE FROM execution_contents c WHERE c.execution_id BETWEEN lo AND hi AND c.execution_id = ANY (p_ids) AND c.workspace_id = p_ws;
  GET DIAGNOSTICS contents = ROW_COUNT;
  IF v_judges IS NOT NULL THEN PERFORM forget_judges(p_ws, v_judges); END IF;
  UPDATE executions e SET end_user = NULL, session_id = NULL, request_id = NULL,
         error = CASE WHEN e.error ? 'message' THEN e.error || '{"message": ""}' ELSE e.error END,
         attempts = CASE WHEN jsonb_typeof(e.attempts) = 'array' THEN (SELECT coalesce(jsonb_agg(a - 'error'), '[]') FROM jsonb_array_elements(e.attempts) a) ELSE '[]' END
   WHERE e.execution_id BETWEEN lo AND hi AND e.execution_id = ANY (p_ids) AND e.workspace_id = p_ws
     AND (e.end_user IS NOT NULL OR e.session_id IS NOT NULL OR e.request_id IS NOT NULL OR e.error ->> 'message' <> '' OR e.attempts @? '$[*].error');
  GET DIAGNOSTICS persons = ROW_COUNT;
  UPDATE execution_facts f SET end_user = NULL, session_id = NULL, unit = CASE WHEN f.unit ~ '^(user|session):[^~]' THEN split_part(f.unit, ':', 1) || ':' || nameless('x') ELSE f.unit END
   WHERE f.execution_id BETWEEN lo AND hi AND f.execution_id = ANY (p_ids) AND f.workspace_id = p_ws
     AND (f.end_user IS NOT NULL OR f.session_id IS NOT NULL OR f.unit ~ '^(user|session):[^~]');
  GET DIAGNOSTICS n = ROW_COUNT; persons := greatest(persons, n);
END $$;

-- Feedback on a session counts for the newest of its executions that was known when the two met: `session_execution_id`, for good.
ALTER TABLE feedback ADD COLUMN session_execution_id uuid;
CREATE INDEX feedback_waiting_sessions ON feedback (workspace_id, target_id) WHERE joined_at IS NULL AND target_kind = 'session';

-- The recount of a day finds what counts for its executions.
CREATE INDEX feedback_by_session_execution ON feedback (workspace_id, session_execution_id) WHERE session_execution_id IS NOT NULL;

-- Feedback that waits although its execution, or one of its session, is here: of p_most rows that wait, after (p_ws, p_after). The last row
-- is where the next page begins, when this one is_full. In the order of the index a page costs what it holds, however much waits (no sort).
DROP FUNCTION joinable_feedback(integer, integer);
CREATE FUNCTION joinable_feedback(p_ws uuid, p_after uuid, p_days integer, p_most integer) RETURNS TABLE (workspace_id uuid, execution_id uuid, is_here boolean, is_full boolean) LANGUAGE sql STABLE SECURITY DEFINER SET enable_seqscan = off SET enable_sort = off SET search_path = burnish, pg_temp AS $$
  WITH page AS MATERIALIZED (
         SELECT f.workspace_id, f.execution_id AS name, f.received_at > clock_timestamp() - p_days * interval '1 day' AS is_young FROM feedback f
          WHERE f.joined_at IS NULL AND f.execution_id IS NOT NULL AND (f.workspace_id, f.execution_id) > (p_ws, p_after)
          ORDER BY f.workspace_id, f.execution_id LIMIT p_most),
       names AS (SELECT p.workspace_id, p.name, p.is_young AND EXISTS (SELECT FROM (SELECT e.workspace_id FROM execution_facts e WHERE e.execution_id = p.name OFFSET 0) e WHERE e.workspace_id = p.workspace_id) AS is_here
                   FROM (SELECT x.workspace_id, x.name, bool_or(x.is_young) AS is_young FROM page x GROUP BY 1, 2) p)
  SELECT n.*, (SELECT count(*) FROM page) = p_most FROM names n
   WHERE n.is_here OR (n.workspace_id, n.name) = (SELECT x.workspace_id, x.name FROM names x ORDER BY 1 DESC, 2 DESC LIMIT 1) ORDER BY 1, 2 $$;
CREATE FUNCTION joinable_sessions(p_ws uuid, p_after text, p_days integer, p_most integer) RETURNS TABLE (workspace_id uuid, session_id text, is_here boolean, is_full boolean) LANGUAGE sql STABLE SECURITY DEFINER SET enable_seqscan = off SET enable_sort = off SET search_path = burnish, pg_temp AS $$
  WITH page AS MATERIALIZED (
         SELECT f.workspace_id, f.target_id AS name, f.received_at > clock_timestamp() - p_days * interval '1 day' AS is_young FROM feedback f
          WHERE f.joined_at IS NULL AND f.target_kind = 'session' AND (f.workspace_id, f.target_id) > (p_ws, p_after)
          ORDER BY f.workspace_id, f.target_id LIMIT p_most),
       names AS (SELECT p.workspace_id, p.name, p.is_young AND EXISTS (SELECT FROM execution_facts e WHERE e.session_id = p.name AND e.workspace_id = p.workspace_id) AS is_here
                   FROM (SELECT x.workspace_id, x.name, bool_or(x.is_young) AS is_young FROM page x GROUP BY 1, 2) p)
  SELECT n.*, (SELECT count(*) FROM page) = p_most FROM names n
   WHERE n.is_here OR (n.workspace_id, n.name) = (SELECT x.workspace_id, x.name FROM names x ORDER BY 1 DESC, 2 DESC LIMIT 1) ORDER BY 1, 2 $$;
CALL make_lookup_function('joinable_feedback(uuid, uuid, integer, integer)', app => false, worker => true);
CALL make_lookup_function('joinable_sessions(uuid, text, integer, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
