-- What an item expects is the name of a category in the figures of test runs and suggestions. A correction that somebody wrote was one, and stood there
-- after the person and the item were erased. Where no other item of the dataset expects the same, the category gets a name that says nothing.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Keys of an object by their new names, where they have one.
CREATE FUNCTION with_keys_named(p_object jsonb, p_names jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(coalesce(p_names ->> k, k), v), '{}') FROM jsonb_each(p_object) x(k, v) $$;

-- A test run's result with other names of categories.
CREATE FUNCTION with_categories_named(p_result jsonb, p_names jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path = burnish, pg_temp AS $$
DECLARE v jsonb := p_result;
BEGIN
  IF jsonb_typeof(v #> '{metrics,category_stats}') = 'object' THEN
    v := jsonb_set(v, '{metrics,category_stats}', with_keys_named(v #> '{metrics,category_stats}', p_names));
  END IF;
  IF jsonb_typeof(v -> 'confusion_matrix') = 'object' THEN
    v := jsonb_set(v, '{confusion_matrix}', (SELECT coalesce(jsonb_object_agg(coalesce(p_names ->> k, k), with_keys_named(answered, p_names)), '{}')
                                               FROM jsonb_each(v -> 'confusion_matrix') x(k, answered)));
  END IF;
  RETURN v;
END $$;
REVOKE ALL ON FUNCTION with_keys_named(jsonb, jsonb), with_categories_named(jsonb, jsonb) FROM PUBLIC;

-- What an item expects as figures name it: without blanks around it, as Python's strip() has them.
CREATE FUNCTION category_named(p_expected text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_temp AS $$
  SELECT btrim(p_expected, E'\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f\u0020\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000') $$;
REVOKE ALL ON FUNCTION category_named(text) FROM PUBLIC;

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

RESET ROLE;
SET LOCAL search_path = public;
