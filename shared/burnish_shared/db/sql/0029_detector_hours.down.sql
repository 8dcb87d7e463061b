SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

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
DROP FUNCTION erase_top_users(uuid, text, integer), forget_top_users(uuid, integer);
DROP TABLE rollup_top_users;
DROP FUNCTION judges_of(uuid, uuid[]);
DROP INDEX execution_contents_judged;
DROP TABLE detector_hours;

RESET ROLE;
SET LOCAL search_path = public;
