SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION joinable_sessions(uuid, text, integer, integer), joinable_feedback(uuid, uuid, integer, integer);
CREATE FUNCTION joinable_feedback(p_days integer, p_most integer) RETURNS TABLE (workspace_id uuid, execution_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT DISTINCT f.workspace_id, f.execution_id FROM feedback f
   WHERE f.joined_at IS NULL AND f.execution_id IS NOT NULL AND f.received_at > clock_timestamp() - p_days * interval '1 day'
     AND EXISTS (SELECT FROM execution_facts e WHERE e.execution_id = f.execution_id AND e.workspace_id = f.workspace_id)
   LIMIT p_most $$;
CALL make_lookup_function('joinable_feedback(integer, integer)', app => false, worker => true);
DROP INDEX feedback_waiting_sessions, feedback_by_session_execution;
ALTER TABLE feedback DROP COLUMN session_execution_id;
CREATE OR REPLACE FUNCTION without_subject(p_body bytea, p_ws uuid, p_inner bytea, p_outer bytea, p_digest bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE SET search_path = burnish, pg_temp AS $$
DECLARE v jsonb := as_json(p_body); items jsonb;
BEGIN
  IF v IS NULL OR jsonb_typeof(v -> 'items') IS DISTINCT FROM 'array' OR NOT names_subject(v, p_inner, p_outer, p_digest) THEN RETURN NULL; END IF;
  SELECT coalesce(jsonb_agg(CASE WHEN is_theirs THEN i || '{"end_user": null}' ELSE i END) FILTER (WHERE i ? 'end_user' OR NOT is_theirs), '[]') INTO items
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
  UPDATE execution_facts f SET end_user = NULL
   WHERE f.execution_id BETWEEN lo AND hi AND f.execution_id = ANY (p_ids) AND f.workspace_id = p_ws AND f.end_user IS NOT NULL;
  GET DIAGNOSTICS n = ROW_COUNT; persons := greatest(persons, n);
END $$;
DROP FUNCTION erase_session_units(uuid), erase_units(uuid, text, integer), forget_units(uuid, integer);
DROP TABLE experiment_sums, experiment_units;
ALTER TABLE execution_facts DROP CONSTRAINT execution_facts_experiment;
ALTER TABLE execution_facts DROP COLUMN session_id, DROP COLUMN experiment_id, DROP COLUMN arm, DROP COLUMN allocation_epoch, DROP COLUMN unit;
DELETE FROM rollup_sets WHERE grain = 'minute';
ALTER TABLE rollup_sets DROP CONSTRAINT rollup_sets_grain_check;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_grain_check CHECK (grain IN ('hour', 'day'));
CREATE OR REPLACE FUNCTION add_histograms(a integer[], b integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT coalesce(u.x, 0) + coalesce(u.y, 0) FROM unnest(a, b) WITH ORDINALITY u(x, y, o) ORDER BY u.o);
RESET ROLE;
SET LOCAL search_path = public;
