-- What queries cost by the hour, for detectors; the heaviest end users by hour and day; and calls of judges that no score names are forgotten
-- with what they read.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Costs of live executions of a label by the hour in which they were counted, as a histogram: four weeks of each label that is in use.
CREATE TABLE detector_hours (
  workspace_id uuid NOT NULL,
  slug         text NOT NULL,
  label        text NOT NULL,
  bucket       timestamptz NOT NULL,
  cost         integer[] NOT NULL,
  PRIMARY KEY (workspace_id, slug, label, bucket)) WITH (fillfactor = 70);
CALL make_tenant_table('detector_hours', app => '', worker => 'SELECT, INSERT, UPDATE, DELETE', writer => 'analytics');

-- A call of a judge says in its metadata what it judges. A score names its calls too, where there is one: not for an answer that was bought and
-- could not be used, nor after a crash between the two.
CREATE INDEX execution_contents_judged ON execution_contents ((metadata ->> 'judged')) WHERE metadata ? 'judged';

-- Calls that say that they judge one of these. Whose they really are, forget_judges looks at: metadata is what callers say.
CREATE FUNCTION judges_of(p_ws uuid, p_ids uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT c.execution_id FROM unnest(p_ids) i CROSS JOIN LATERAL
    (SELECT x.execution_id, x.workspace_id FROM execution_contents x WHERE x.metadata ? 'judged' AND x.metadata ->> 'judged' = i::text OFFSET 0) c
   WHERE c.workspace_id = p_ws $$;
REVOKE ALL ON FUNCTION judges_of(uuid, uuid[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION forget_these(p_ws uuid, p_among uuid[], p_ids uuid[], OUT contents integer, OUT persons integer) LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE lo uuid := p_among[1]; hi uuid := p_among[cardinality(p_among)]; n integer; v_judges uuid[];
BEGIN
  DELETE FROM score_tasks t WHERE t.workspace_id = p_ws AND t.execution_id = ANY (p_ids);
  WITH gone AS (
    UPDATE scores s SET reason = '', forgotten_at = clock_timestamp(),
           votes = (SELECT coalesce(jsonb_agg(v || '{"reason": ""}'), '[]') FROM jsonb_array_elements(s.votes) v)
     WHERE s.workspace_id = p_ws AND s.execution_id = ANY (p_ids) AND s.forgotten_at IS NULL RETURNING s.judge_executions)
  SELECT array_agg(j ORDER BY j) INTO v_judges FROM (SELECT unnest(gone.judge_executions) AS j FROM gone UNION SELECT judges_of(p_ws, p_ids)) x;
  DELETE FROM execution_contents c WHERE c.execution_id BETWEEN lo AND hi AND c.execution_id = ANY (p_ids) AND c.workspace_id = p_ws;
  GET DIAGNOSTICS contents = ROW_COUNT;
  IF v_judges IS NOT NULL THEN
    PERFORM forget_judges(p_ws, v_judges);
    UPDATE evaluations v SET output = NULL, error = NULL WHERE v.workspace_id = p_ws AND v.execution_id = ANY (v_judges) AND (v.output IS NOT NULL OR v.error IS NOT NULL);
  END IF;
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

-- Live traffic. Written once, when the hour or day is over: exact as of then. `others_…`: the most that anybody had who is not told of, so that
-- who is missing in a range had at most the sum of these. Names go with the workspace's days and by erasure.
CREATE TABLE rollup_top_users (
  workspace_id        uuid NOT NULL,
  grain               text NOT NULL CHECK (grain IN ('hour', 'day')),
  bucket              timestamptz NOT NULL,
  end_user            text NOT NULL,
  executions          bigint NOT NULL,
  successes           bigint NOT NULL,
  errors              bigint NOT NULL,
  timeouts            bigint NOT NULL,
  rate_limited        bigint NOT NULL,
  cancelled           bigint NOT NULL,
  blocked             bigint NOT NULL,
  cached              bigint NOT NULL,
  simulated           bigint NOT NULL,
  input_tokens        bigint NOT NULL,
  output_tokens       bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  cost_nusd           bigint NOT NULL,
  latency_sum_ms      bigint NOT NULL,
  reactions           bigint NOT NULL,
  thumbs_up           bigint NOT NULL,
  thumbs_down         bigint NOT NULL,
  scores              bigint NOT NULL,
  score_sum_micro     bigint NOT NULL,
  latency             integer[] NOT NULL,
  first_token         integer[] NOT NULL,
  others_executions   bigint NOT NULL,
  others_cost_nusd    bigint NOT NULL,
  PRIMARY KEY (workspace_id, grain, bucket, end_user));
CREATE INDEX rollup_top_users_by_user ON rollup_top_users (workspace_id, end_user);
CALL make_tenant_table('rollup_top_users', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE, DELETE', writer => 'analytics');

-- Up to p_most rows that are older than the workspace's days, and hours of more than 20 days ago; returns how many. 0: all done.
CREATE FUNCTION forget_top_users(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  DELETE FROM rollup_top_users t WHERE t.workspace_id = p_ws AND (t.grain, t.bucket, t.end_user) IN
    (SELECT x.grain, x.bucket, x.end_user FROM rollup_top_users x
      WHERE x.workspace_id = p_ws AND (x.grain = 'day' AND x.bucket < cutoff OR x.grain = 'hour' AND x.bucket < greatest(cutoff, clock_timestamp() - interval '20 days'))
      LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

-- The person of an erasure, in pages by name: looks at up to p_most names after p_after, returns the last one; NULL: no more.
CREATE FUNCTION erase_top_users(p_erasure uuid, p_after text, p_most integer) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_names text[]; n integer; v_inner bytea; v_outer bytea;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  SELECT array_agg(x.end_user ORDER BY x.end_user) INTO v_names
    FROM (SELECT DISTINCT t.end_user FROM rollup_top_users t WHERE t.workspace_id = e.workspace_id AND t.end_user > p_after ORDER BY t.end_user LIMIT p_most) x;
  UPDATE rollup_top_users t SET end_user = nameless(t.end_user)
   WHERE t.workspace_id = e.workspace_id AND t.bucket < e.requested_at AND t.end_user = ANY (v_names)
     AND keyed_hash(v_inner, v_outer, t.end_user) = e.subject_digest;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'rollup_top_users', n) WHERE erasure_id = p_erasure; END IF;
  RETURN v_names[cardinality(v_names)];
END $$;
REVOKE ALL ON FUNCTION forget_top_users(uuid, integer), erase_top_users(uuid, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_top_users(uuid, integer), erase_top_users(uuid, text, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
