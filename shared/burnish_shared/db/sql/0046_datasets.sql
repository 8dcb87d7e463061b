-- Test runs that wait, and that belong together; items that were made up, which no test split may hold.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_runs ADD COLUMN paused_at timestamptz;            -- nobody works on it until it is resumed; what it has stays
ALTER TABLE test_runs ADD COLUMN group_id uuid;                    -- runs that one request started: versions by models
CREATE INDEX test_runs_of_group ON test_runs (workspace_id, group_id) WHERE group_id IS NOT NULL;
GRANT UPDATE (paused_at) ON test_runs TO burnish_app;

-- Made up, by a model or from other items: said in the metadata, so that it goes wherever they go. Not of items that are there already.
ALTER TABLE dataset_items ADD COLUMN synthetic boolean GENERATED ALWAYS AS (coalesce(metadata->'synthetic' = 'true'::jsonb, false)) STORED;
ALTER TABLE dataset_items ADD CONSTRAINT dataset_items_tested_on_real_ones CHECK (NOT synthetic OR split <> 'test') NOT VALID;

-- As before, but for runs that are paused; one that is to be cancelled is claimed all the same, so that it ends.
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
     ORDER BY j.job_id LIMIT p_most FOR UPDATE SKIP LOCKED)
  UPDATE optimization_jobs j SET status = 'running', fence = j.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second',
         started_at = coalesce(j.started_at, clock_timestamp())
    FROM due WHERE j.job_id = due.one RETURNING 'optimization'::text, j.job_id, j.workspace_id, j.fence;
END $$;
CALL make_lookup_function('claim_work(text, integer, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
