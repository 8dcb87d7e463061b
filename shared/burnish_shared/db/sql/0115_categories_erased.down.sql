SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE OR REPLACE FUNCTION forget_items_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_ws uuid; v_items uuid[]; v_owners uuid[]; v_ids uuid[];
BEGIN
  SELECT (array_agg(g.workspace_id))[1], array_agg(g.item_id) INTO v_ws, v_items FROM gone g;
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

DROP FUNCTION with_categories_named(jsonb, jsonb), with_keys_named(jsonb, jsonb), category_named(text);

RESET ROLE;
SET LOCAL search_path = public;
