-- The texts of one execution go at once where somebody asks for it, by what retention and erasure take them with; and its metadata may be
-- said anew.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Of an execution of the workspace of this transaction that has ended. 'deleted': by this call; 'before': they were; 'held': a legal hold is
-- on; NULL: it is not there. Locks in the order of retention: its texts, its row, then its feedback.
CREATE FUNCTION delete_texts(p_execution uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  v_ws constant uuid := nullif(current_setting('app.workspace', true), '')::uuid; v_one constant uuid[] := ARRAY[p_execution];
  v_lane text; v_job uuid; v_said uuid[]; v_told boolean;
BEGIN
  SELECT e.lane, e.job_id INTO v_lane, v_job FROM executions e WHERE e.execution_id = p_execution AND e.workspace_id = v_ws;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = v_ws AND w.legal_hold) THEN RETURN 'held'; END IF;

  PERFORM forget_these(v_ws, v_one, v_one);
  UPDATE executions e SET details = coalesce(e.details, '{}') || jsonb_build_object('texts_deleted_at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
   WHERE e.execution_id = p_execution AND e.workspace_id = v_ws AND NOT coalesce(e.details ? 'texts_deleted_at', false);
  v_told := FOUND;

  SELECT array_agg(x.feedback_id) INTO v_said FROM (
    SELECT f.feedback_id FROM feedback f WHERE f.workspace_id = v_ws AND f.target_kind = 'execution' AND f.target_id = p_execution::text AND f.forgotten_at IS NULL AND f.feedback_id IS NOT NULL
    UNION SELECT h.feedback_id FROM feedback_history h WHERE h.workspace_id = v_ws AND h.target_kind = 'execution' AND h.target_id = p_execution::text) x;
  IF v_said IS NOT NULL THEN
    PERFORM forget_ids(v_ws, v_said, 'infinity');                  -- locked first, as ingestion does
    UPDATE feedback f SET end_user = nameless(f.end_user), comment = NULL, correction = NULL, context = NULL, digest = uuid_send(gen_random_uuid()), forgotten_at = clock_timestamp()
     WHERE f.workspace_id = v_ws AND f.target_kind = 'execution' AND f.target_id = p_execution::text AND f.forgotten_at IS NULL AND f.feedback_id = ANY (v_said);
    DELETE FROM feedback_history h WHERE h.workspace_id = v_ws AND h.target_kind = 'execution' AND h.target_id = p_execution::text;
  END IF;

  UPDATE evaluations v SET output = NULL, error = NULL WHERE v.workspace_id = v_ws AND v.execution_id = p_execution AND (v.output IS NOT NULL OR v.error IS NOT NULL);
  UPDATE test_runs t SET result = jsonb_set(t.result, '{failed_cases}', (SELECT jsonb_agg(CASE WHEN c ->> 'execution_id' = p_execution::text
           THEN without_answers(jsonb_build_object('failed_cases', jsonb_build_array(c))) -> 'failed_cases' -> 0 ELSE c END ORDER BY at)
      FROM jsonb_array_elements(t.result -> 'failed_cases') WITH ORDINALITY x(c, at)))
   WHERE t.workspace_id = v_ws AND t.test_run_id = v_job AND t.result @> jsonb_build_object('failed_cases', jsonb_build_array(jsonb_build_object('execution_id', p_execution)));
  DELETE FROM review_items r WHERE r.workspace_id = v_ws AND r.execution_id = p_execution AND r.decided_at IS NULL;
  UPDATE review_items r SET expected = NULL, note = NULL, forgotten_at = clock_timestamp() WHERE r.workspace_id = v_ws AND r.execution_id = p_execution AND r.forgotten_at IS NULL;
  DELETE FROM prompt_comments c WHERE c.workspace_id = v_ws AND c.execution_id = p_execution;             -- they may quote it

  IF v_lane = 'background' AND moment_of(p_execution) > clock_timestamp() - interval '31 days' THEN        -- its request stays a day where it was sent from; the gateway's clock may be ahead
    DELETE FROM outbox o WHERE o.sent_at >= moment_of(p_execution) - interval '1 hour' AND o.subject = 'burnish.v1.executions.requested.background.' || v_ws AND starts_with(o.message_id, p_execution || ':');
    DELETE FROM dead_letters d WHERE d.subject = 'burnish.v1.executions.requested.background.' || v_ws AND starts_with(d.message_id, p_execution || ':');
  END IF;
  RETURN CASE WHEN v_told THEN 'deleted' ELSE 'before' END;
END $$;
REVOKE ALL ON FUNCTION delete_texts(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION delete_texts(uuid) TO burnish_app;

-- False: no text of it is kept, or it is not of the workspace of this transaction.
CREATE FUNCTION set_metadata(p_execution uuid, p_metadata jsonb) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  UPDATE execution_contents c SET metadata = p_metadata WHERE c.execution_id = p_execution AND c.workspace_id = nullif(current_setting('app.workspace', true), '')::uuid;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION set_metadata(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_metadata(uuid, jsonb) TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
