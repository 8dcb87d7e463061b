-- An erasure took the calls of a person's sessions, and left what runs of chains of these sessions keep where a run names no user.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Each step of an erasure asks again, for up to tens of thousands of sessions.
CREATE INDEX chain_runs_of_session ON chain_runs (workspace_id, session_id) WHERE session_id IS NOT NULL;

-- What runs of chains in the person's sessions keep, as `erase_chain_runs` takes it. To be called in the transaction of each `erase_step`: it does so
-- once a pass, when all sessions are known and none is forgotten yet. Returns how many runs.
CREATE FUNCTION erase_session_chain_runs(p_erasure uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; n integer; v_runs uuid[];
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.stage <> 'feedback' OR e.at_time IS NOT NULL OR cardinality(e.sessions) = 0 THEN RETURN 0; END IF;
  WITH gone AS (
    UPDATE chain_runs r SET keeps_text = false, variables = NULL, output = NULL, error = r.error - 'message', end_user = NULL, session_id = NULL, metadata = '{}',
           cancel_requested = cancel_requested OR status IN ('queued', 'running')
     WHERE r.workspace_id = e.workspace_id AND r.created_at < e.requested_at AND r.session_id IN (SELECT unnest(e.sessions)) RETURNING r.run_id)
  SELECT array_agg(run_id) INTO v_runs FROM gone;
  n := coalesce(cardinality(v_runs), 0);
  UPDATE chain_run_steps s SET result = NULL, error = s.error - 'message' WHERE s.workspace_id = e.workspace_id AND s.run_id = ANY (v_runs);
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'chain_runs', n) WHERE erasure_id = p_erasure; END IF;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION erase_session_chain_runs(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_session_chain_runs(uuid) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
