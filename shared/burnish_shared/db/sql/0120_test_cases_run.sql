-- Test cases of a version are run: as a dataset that is made of them, and judged by their criteria where they have some.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_runs ADD COLUMN judge_model text;                                             -- of items with criteria; NULL: none has any
ALTER TABLE test_runs ADD COLUMN cases_digest bytea CHECK (length(cases_digest) = 32);         -- SHA-256 of the version's test cases that it is about; NULL: of a dataset
CREATE INDEX test_runs_of_cases ON test_runs (workspace_id, prompt_id, cases_digest) WHERE cases_digest IS NOT NULL;

ALTER TABLE dataset_versions DROP CONSTRAINT dataset_versions_done_check;
ALTER TABLE dataset_versions ADD CONSTRAINT dataset_versions_done_check
  CHECK (done IN ('uploaded', 'from_executions', 'from_failures', 'from_feedback', 'from_test_cases', 'made_up', 'reviewed', 'review_taken_back',
                  'imported', 'corrected', 'removed'));

-- An optimizer of the release before knows no criteria, and would compare answers with them: it claims by the old name, and leaves to those
-- of this release what is to be judged.
CREATE FUNCTION claim_work(p_worker text, p_lease_s integer, p_most integer, p_judges boolean)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH due AS (
    SELECT t.test_run_id AS one FROM test_runs t
     WHERE t.status IN ('pending', 'running') AND (t.leased_until IS NULL OR t.leased_until < clock_timestamp())
       AND (t.paused_at IS NULL OR t.cancel_requested) AND (p_judges OR t.judge_model IS NULL)
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
CALL make_lookup_function('claim_work(text, integer, integer, boolean)', app => false, worker => true);

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION claim_work(p_worker text, p_lease_s integer, p_most integer)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT c.kind, c.id, c.workspace_id, c.fence FROM claim_work(p_worker, p_lease_s, p_most, false) c;
END $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
