-- A prompt has one optimization at a time: a later one waits until those that were asked for before it are over.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE INDEX optimization_jobs_open_of_prompt ON optimization_jobs (workspace_id, prompt_id, job_id) WHERE status IN ('pending', 'running');

DROP FUNCTION claim_work(text, integer, integer);
CREATE FUNCTION claim_work(p_worker text, p_lease_s integer, p_most integer)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH due AS (
    SELECT t.test_run_id AS one FROM test_runs t
     WHERE t.status IN ('pending', 'running') AND (t.leased_until IS NULL OR t.leased_until < clock_timestamp())
       AND (t.paused_at IS NULL OR t.cancel_requested)
     ORDER BY t.test_run_id LIMIT p_most FOR UPDATE SKIP LOCKED)
  UPDATE test_runs t SET status = 'running', fence = t.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second',
         started_at = coalesce(t.started_at, clock_timestamp())
    FROM due WHERE t.test_run_id = due.one RETURNING 'test_run'::text, t.test_run_id, t.workspace_id, t.fence;
  RETURN QUERY
  WITH due AS (
    SELECT j.job_id AS one FROM optimization_jobs j
     WHERE j.status IN ('pending', 'running') AND (j.leased_until IS NULL OR j.leased_until < clock_timestamp())
       AND (j.cancel_requested OR NOT EXISTS (
         SELECT FROM optimization_jobs o WHERE o.workspace_id = j.workspace_id AND o.prompt_id = j.prompt_id
            AND o.status IN ('pending', 'running') AND o.job_id < j.job_id))
     ORDER BY j.job_id LIMIT p_most FOR UPDATE SKIP LOCKED)
  UPDATE optimization_jobs j SET status = 'running', fence = j.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second',
         started_at = coalesce(j.started_at, clock_timestamp())
    FROM due WHERE j.job_id = due.one RETURNING 'optimization'::text, j.job_id, j.workspace_id, j.fence;
END $$;
CALL make_lookup_function('claim_work(text, integer, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
