-- A prompt that is removed takes its answers as a step of chains under test along; what they cost and how they did stays.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE OR REPLACE FUNCTION purge_prompt(p_ws uuid, p_prompt uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  one text; v_versions integer; v_left text[]; v_next text[];
  kept constant text[] := ARRAY['executions', 'execution_facts', 'prompts'];
BEGIN
  IF p_ws IS DISTINCT FROM nullif(current_setting('app.workspace', true), '')::uuid
     OR NOT EXISTS (SELECT FROM prompts WHERE workspace_id = p_ws AND prompt_id = p_prompt AND archived_at IS NOT NULL) THEN RETURN NULL; END IF;
  SELECT count(*) INTO v_versions FROM prompt_versions WHERE workspace_id = p_ws AND prompt_id = p_prompt;
  DELETE FROM lineage_edges WHERE workspace_id = p_ws AND parent_prompt_id = p_prompt;
  DELETE FROM evaluations e USING test_runs r WHERE r.workspace_id = p_ws AND r.prompt_id = p_prompt AND e.workspace_id = p_ws AND e.owner_id = r.test_run_id;
  DELETE FROM evaluations e USING optimization_jobs j WHERE j.workspace_id = p_ws AND j.prompt_id = p_prompt AND e.workspace_id = p_ws AND e.owner_id = j.job_id;
  DELETE FROM optimization_candidates c USING optimization_jobs j WHERE j.workspace_id = p_ws AND j.prompt_id = p_prompt AND c.workspace_id = p_ws AND c.job_id = j.job_id;
  UPDATE evaluations e SET output = NULL, error = NULL
    FROM test_runs r CROSS JOIN LATERAL jsonb_each(r.chain -> 'prompts') s (step, runs)
   WHERE r.workspace_id = p_ws AND r.chain_id IS NOT NULL AND s.runs ->> 'prompt_id' = p_prompt::text
     AND e.workspace_id = p_ws AND e.owner_id = r.test_run_id AND e.step = s.step AND (e.output IS NOT NULL OR e.error IS NOT NULL);
  DELETE FROM routing_policies r USING prompts p WHERE p.workspace_id = p_ws AND p.prompt_id = p_prompt AND r.workspace_id = p_ws AND r.slug = p.slug;
  SELECT array_agg(c.relname ORDER BY c.relname) INTO v_left
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'prompt_id' AND NOT a.attisdropped
   WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> ALL (kept);
  WHILE cardinality(v_left) > 0 LOOP
    v_next := '{}';
    FOREACH one IN ARRAY v_left LOOP
      BEGIN
        EXECUTE format('DELETE FROM %I WHERE workspace_id = $1 AND prompt_id = $2', one) USING p_ws, p_prompt;
      EXCEPTION WHEN foreign_key_violation THEN                    -- what refers to it goes first
        v_next := v_next || one;
      END;
    END LOOP;
    IF v_next = v_left THEN RAISE EXCEPTION 'prompt % is still referred to from %', p_prompt, v_left USING ERRCODE = 'foreign_key_violation'; END IF;
    v_left := v_next;
  END LOOP;
  DELETE FROM prompts WHERE workspace_id = p_ws AND prompt_id = p_prompt;
  RETURN v_versions;
END $$;

RESET ROLE;
SET LOCAL search_path = public;
