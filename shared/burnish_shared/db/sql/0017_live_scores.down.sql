SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DELETE FROM platform_models WHERE model IN ('simulated/judge-strict', 'simulated/judge-lenient');
CREATE OR REPLACE FUNCTION forget_these(p_ws uuid, p_among uuid[], p_ids uuid[], OUT contents integer, OUT persons integer) LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE lo uuid := p_among[1]; hi uuid := p_among[cardinality(p_among)]; n integer;
BEGIN
  DELETE FROM execution_contents c WHERE c.execution_id BETWEEN lo AND hi AND c.execution_id = ANY (p_ids) AND c.workspace_id = p_ws;
  GET DIAGNOSTICS contents = ROW_COUNT;
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
DROP FUNCTION forget_judges(uuid, uuid[]), claim_live_evaluations(text, integer, integer), release_live_evaluations(text), uncounted_scores(), forget_scores(integer);
DROP TABLE quality_states, rollup_scores, scores, score_tasks, live_evaluations, evaluator_versions;
ALTER TABLE test_runs DROP COLUMN compare_with;
ALTER TABLE evaluators DROP COLUMN version;
REVOKE UPDATE (settings) ON evaluators FROM burnish_app;
REVOKE DELETE ON evaluations FROM burnish_worker;
RESET ROLE;
SET LOCAL search_path = public;
