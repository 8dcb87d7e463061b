-- Days of end users are due by themselves, whatever their last hour had.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Days whose heaviest end users were counted, also where no one was named any more.
CREATE TABLE end_user_days (
  workspace_id uuid NOT NULL,
  day          timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, day));
CALL make_tenant_table('end_user_days', app => 'SELECT', worker => 'SELECT, INSERT, DELETE', writer => 'analytics');

-- The same of days before, as they stand.
INSERT INTO end_user_days SELECT DISTINCT t.workspace_id, t.bucket FROM rollup_top_users t WHERE t.grain = 'day';

-- (workspace, day) of the p_days days before p_before in which end users did something, and that were not counted yet, the oldest first.
CREATE FUNCTION end_user_days_due(p_before timestamptz, p_days integer, p_most integer) RETURNS TABLE (workspace_id uuid, day timestamptz) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id, r.bucket FROM workspaces w CROSS JOIN LATERAL
    (SELECT x.bucket FROM rollup_end_users x
      WHERE x.workspace_id = w.workspace_id AND x.grain = 'day' AND x.slug = '*' AND x.bucket >= p_before - p_days * interval '24 hours' AND x.bucket < p_before OFFSET 0) r
   WHERE NOT EXISTS (SELECT FROM end_user_days d WHERE d.workspace_id = w.workspace_id AND d.day = r.bucket)
   ORDER BY 2, 1 LIMIT p_most $$;
CALL make_lookup_function('end_user_days_due(timestamptz, integer, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
