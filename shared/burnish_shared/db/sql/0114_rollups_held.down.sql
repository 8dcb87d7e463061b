SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE OR REPLACE FUNCTION forget_scores(p_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n bigint; done bigint := 0; old constant uuid := moment_bound(clock_timestamp() - interval '400 days');
BEGIN
  DELETE FROM scores s USING workspaces w WHERE s.workspace_id = w.workspace_id AND NOT w.legal_hold AND s.ctid IN
    (SELECT x.ctid FROM workspaces v, LATERAL (SELECT y.ctid FROM scores y WHERE y.workspace_id = v.workspace_id AND y.execution_id < old LIMIT p_most) x
      WHERE NOT v.legal_hold LIMIT p_most);
  GET DIAGNOSTICS done = ROW_COUNT;
  DELETE FROM rollup_scores r WHERE r.ctid IN (SELECT x.ctid FROM rollup_scores x WHERE x.bucket < clock_timestamp() - interval '25 months' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION forget_rollups(p_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n bigint; done bigint := 0; old constant timestamptz := clock_timestamp() - interval '25 months'; one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['rollup_sets', 'rollup_metrics', 'rollup_end_users'] LOOP
    EXECUTE format('DELETE FROM %1$I WHERE ctid IN (SELECT ctid FROM %1$I WHERE bucket < $1 LIMIT $2)', one) USING old, p_most;
    GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  END LOOP;
  DELETE FROM recounts r WHERE r.ctid IN (SELECT x.ctid FROM recounts x WHERE x.finished_at < clock_timestamp() - interval '90 days' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;
DROP FUNCTION forget_old_rollups(text, integer);

RESET ROLE;
SET LOCAL search_path = public;
