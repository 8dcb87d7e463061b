-- Hours of end users are found by their sketches, which have one row for each hour, instead of by executions, which may have millions.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Workspaces whose end users did something in that hour, or that have an open alert about it, and where nobody looked yet.
DROP FUNCTION end_user_hours_due(timestamptz, integer);
CREATE FUNCTION end_user_hours_due(p_hour timestamptz, p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id FROM workspaces w
   WHERE NOT EXISTS (SELECT FROM end_user_hours h WHERE h.workspace_id = w.workspace_id AND h.hour = p_hour)
     AND (EXISTS (SELECT FROM rollup_end_users r WHERE r.workspace_id = w.workspace_id AND r.grain = 'hour' AND r.bucket = p_hour)
       OR EXISTS (SELECT FROM alerts a WHERE a.workspace_id = w.workspace_id AND a.kind = 'usage' AND a.resolved_at IS NULL AND a.raised_at < p_hour + interval '2 hours'))
   ORDER BY 1 LIMIT p_most $$;
CALL make_lookup_function('end_user_hours_due(timestamptz, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
