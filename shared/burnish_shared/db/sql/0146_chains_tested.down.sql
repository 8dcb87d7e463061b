SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION claim_work(p_worker text, p_lease_s integer, p_most integer, p_judges boolean)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH due AS (
    SELECT t.test_run_id AS one FROM test_runs t
     WHERE t.status IN ('pending', 'running') AND (t.leased_until IS NULL OR t.leased_until < clock_timestamp())
       AND (t.paused_at IS NULL OR t.cancel_requested) AND (p_judges OR t.judge_model IS NULL AND NOT t.open_ended)
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
DROP FUNCTION claim_work(text, integer, integer, boolean, boolean);
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

-- The release before knows no test run of a chain. What was paid for stays in the books; what is left of the funding goes back.
SELECT close_funding(funding_account_id) FROM test_runs WHERE chain_id IS NOT NULL AND status IN ('pending', 'running');
DELETE FROM evaluations e USING test_runs t WHERE t.chain_id IS NOT NULL AND e.workspace_id = t.workspace_id AND e.owner_id = t.test_run_id;
DELETE FROM test_looks l USING test_runs t WHERE t.chain_id IS NOT NULL AND l.workspace_id = t.workspace_id AND l.owner_id = t.test_run_id;
DELETE FROM test_runs WHERE chain_id IS NOT NULL;
ALTER TABLE evaluations DROP COLUMN step;
DROP INDEX test_runs_of_chain;
ALTER TABLE test_runs DROP CONSTRAINT test_runs_of_one, DROP CONSTRAINT test_runs_chain_version;
ALTER TABLE test_runs DROP COLUMN chain_id, DROP COLUMN chain;
ALTER TABLE test_runs ALTER COLUMN prompt_id SET NOT NULL, ALTER COLUMN slug SET NOT NULL, ALTER COLUMN model SET NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
