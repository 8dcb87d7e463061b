-- Rollups of a workspace under a legal hold stay, as all else of it does. Its rows of prompts did, those of the whole workspace, its apps, keys, named metrics,
-- end users and scores went: what is read from both then told two things. By workspace and grain, as their keys are: each round read all of the tables.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE FUNCTION forget_old_rollups(p_table text, p_most integer) RETURNS bigint LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE n bigint;
BEGIN
  EXECUTE format('DELETE FROM %1$I WHERE ctid = ANY (ARRAY(
    SELECT x.ctid FROM workspaces w CROSS JOIN unnest(ARRAY[''minute'', ''hour'', ''day'']) g(grain)
     CROSS JOIN LATERAL (SELECT r.ctid FROM %1$I r WHERE r.workspace_id = w.workspace_id AND r.grain = g.grain AND r.bucket < $1 LIMIT $2) x
     WHERE NOT w.legal_hold LIMIT $2))', p_table) USING clock_timestamp() - interval '25 months', p_most;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION forget_old_rollups(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_old_rollups(text, integer) TO burnish_lookup;

CREATE OR REPLACE FUNCTION forget_scores(p_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE done bigint := 0; old constant uuid := moment_bound(clock_timestamp() - interval '400 days');
BEGIN
  DELETE FROM scores s USING workspaces w WHERE s.workspace_id = w.workspace_id AND NOT w.legal_hold AND s.ctid IN
    (SELECT x.ctid FROM workspaces v, LATERAL (SELECT y.ctid FROM scores y WHERE y.workspace_id = v.workspace_id AND y.execution_id < old LIMIT p_most) x
      WHERE NOT v.legal_hold LIMIT p_most);
  GET DIAGNOSTICS done = ROW_COUNT;
  RETURN done + forget_old_rollups('rollup_scores', p_most);
END $$;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION forget_rollups(p_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n bigint; done bigint := 0; one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['rollup_sets', 'rollup_metrics', 'rollup_end_users'] LOOP
    done := done + forget_old_rollups(one, p_most);
  END LOOP;
  DELETE FROM recounts r WHERE r.ctid IN (SELECT x.ctid FROM recounts x WHERE x.finished_at < clock_timestamp() - interval '90 days' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
