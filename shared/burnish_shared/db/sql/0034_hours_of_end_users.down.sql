SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION end_user_hours_due(timestamptz, integer);
CREATE FUNCTION end_user_hours_due(p_hour timestamptz, p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id FROM workspaces w
   WHERE NOT EXISTS (SELECT FROM end_user_hours h WHERE h.workspace_id = w.workspace_id AND h.hour = p_hour)
     AND (EXISTS (SELECT FROM execution_facts f WHERE f.workspace_id = w.workspace_id AND f.finished_at >= p_hour AND f.finished_at < p_hour + interval '1 hour' AND f.end_user <> '')
       OR EXISTS (SELECT FROM alerts a WHERE a.workspace_id = w.workspace_id AND a.kind = 'usage' AND a.resolved_at IS NULL AND a.raised_at < p_hour + interval '2 hours'))
   ORDER BY 1 LIMIT p_most $$;
CALL make_lookup_function('end_user_hours_due(timestamptz, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
