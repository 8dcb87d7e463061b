-- Test runs of whole chains: each item is a run of the chain, and each call of a step an evaluation beside the answer of the whole.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_runs ALTER COLUMN prompt_id DROP NOT NULL, ALTER COLUMN slug DROP NOT NULL, ALTER COLUMN model DROP NOT NULL;
ALTER TABLE test_runs ADD COLUMN chain_id uuid;                    -- NULL: a prompt is tested; else `version` is the chain's
ALTER TABLE test_runs ADD COLUMN chain jsonb;                      -- the chain as it stood then: its form, and what each step ran
ALTER TABLE test_runs ADD CONSTRAINT test_runs_of_one CHECK (
  num_nulls(chain_id, chain) IN (0, 2) AND num_nulls(prompt_id, slug, model) = CASE WHEN chain_id IS NULL THEN 0 ELSE 3 END);
ALTER TABLE test_runs ADD CONSTRAINT test_runs_chain_version
  FOREIGN KEY (workspace_id, chain_id, version) REFERENCES chain_versions (workspace_id, chain_id, version);
CREATE INDEX test_runs_of_chain ON test_runs (workspace_id, chain_id, test_run_id DESC) WHERE chain_id IS NOT NULL;
ALTER TABLE evaluations ADD COLUMN step text;                      -- of a chain under test: whose call this is; NULL: the answer to an item, or no chain

-- An optimizer of the release before knows no chain in a test run, and leaves those to the ones of this release.
CREATE FUNCTION claim_work(p_worker text, p_lease_s integer, p_most integer, p_judges boolean, p_chains boolean)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH due AS (
    SELECT t.test_run_id AS one FROM test_runs t
     WHERE t.status IN ('pending', 'running') AND (t.leased_until IS NULL OR t.leased_until < clock_timestamp())
       AND (t.paused_at IS NULL OR t.cancel_requested) AND (p_judges OR t.judge_model IS NULL AND NOT t.open_ended)
       AND (p_chains OR t.chain_id IS NULL)
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
CALL make_lookup_function('claim_work(text, integer, integer, boolean, boolean)', app => false, worker => true);

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION claim_work(p_worker text, p_lease_s integer, p_most integer, p_judges boolean)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT c.kind, c.id, c.workspace_id, c.fence FROM claim_work(p_worker, p_lease_s, p_most, p_judges, false) c;
END $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
