SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE OR REPLACE FUNCTION forget_items_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_ws uuid; v_items uuid[]; v_owners uuid[]; v_ids uuid[]; v_dataset uuid; v_names jsonb; v_old text[];
BEGIN
  SELECT (array_agg(g.workspace_id))[1], array_agg(g.item_id) INTO v_ws, v_items FROM gone g;
  -- Before anything is looked up by who asked about the items: two items that expect the same may go one after the other, asked by different runs.
  FOR v_dataset, v_names IN
    SELECT o.dataset_id, jsonb_object_agg(o.category, o.name) || jsonb_object_agg(w.written, o.name)
      FROM (SELECT g.dataset_id, category_named(g.expected) AS category, array_agg(DISTINCT g.expected) AS as_written,
                   '(erased ' || left(gen_random_uuid()::text, 8) || ')' AS name
              FROM gone g GROUP BY 1, 2) o CROSS JOIN LATERAL unnest(o.as_written) w(written)
     WHERE NOT EXISTS (SELECT FROM dataset_items d
                        WHERE d.workspace_id = v_ws AND d.dataset_id = o.dataset_id AND category_named(d.expected) = o.category)
       AND NOT EXISTS (SELECT FROM workspace_erasures e WHERE e.workspace_id = v_ws)  -- of which all of this goes
     GROUP BY o.dataset_id
  LOOP
    v_old := ARRAY(SELECT jsonb_object_keys(v_names));
    UPDATE test_runs t SET result = with_categories_named(t.result, v_names)
     WHERE t.workspace_id = v_ws AND t.dataset_id = v_dataset
       AND (t.result #> '{metrics,category_stats}' ?| v_old OR t.result -> 'confusion_matrix' ?| v_old);
    UPDATE suggestions s SET evidence = jsonb_set(s.evidence, '{per_category}', (
             SELECT coalesce(jsonb_agg(c || jsonb_build_object('category', coalesce(v_names ->> (c ->> 'category'), c ->> 'category'))), '[]')
               FROM jsonb_array_elements(s.evidence -> 'per_category') c))
      FROM optimization_jobs j
     WHERE s.workspace_id = v_ws AND j.workspace_id = v_ws AND j.job_id = s.job_id AND j.dataset_id = v_dataset
       AND EXISTS (SELECT FROM jsonb_array_elements(CASE jsonb_typeof(s.evidence -> 'per_category') WHEN 'array' THEN s.evidence -> 'per_category' END) c
                    WHERE v_names ? (c ->> 'category'));
  END LOOP;
  SELECT array_agg(o.id) INTO v_owners
    FROM (SELECT t.test_run_id AS id
            FROM test_runs t
            JOIN gone g ON g.workspace_id = t.workspace_id AND g.dataset_id = t.dataset_id AND g.added_version <= t.dataset_version
           UNION
          SELECT j.job_id
            FROM optimization_jobs j
            JOIN gone g ON g.workspace_id = j.workspace_id AND g.dataset_id = j.dataset_id AND g.added_version <= j.dataset_version) o
   WHERE EXISTS (SELECT FROM evaluations v WHERE v.workspace_id = v_ws AND v.owner_id = o.id AND v.item_id = ANY (v_items));
  IF v_owners IS NULL THEN RETURN NULL; END IF;
  SELECT array_agg(x.execution_id ORDER BY x.execution_id) INTO v_ids
    FROM executions x
   WHERE x.workspace_id = v_ws AND x.job_id = ANY (v_owners)
     AND NOT EXISTS (SELECT FROM evaluations v WHERE v.workspace_id = v_ws AND v.execution_id = x.execution_id
                        AND v.item_id <> '00000000-0000-0000-0000-000000000000' AND v.item_id <> ALL (v_items));
  IF v_ids IS NOT NULL THEN PERFORM forget_these(v_ws, v_ids, v_ids); END IF;
  RETURN NULL;
END $$;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION claim_work(p_worker text, p_lease_s integer, p_most integer, p_judges boolean)
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
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

ALTER TABLE evaluations DROP COLUMN scores;
ALTER TABLE test_runs DROP COLUMN open_ended;
DROP INDEX dataset_items_open;
UPDATE dataset_items SET expected = '' WHERE expected IS NULL;
ALTER TABLE dataset_items ALTER COLUMN expected SET NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
