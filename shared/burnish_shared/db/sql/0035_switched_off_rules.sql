-- Open alerts end when their rule is switched off, of every kind: until now only those about a target did.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Open alerts whose prompt's rule, or the workspace's, is off. Those about a target end where feedback is judged.
CREATE FUNCTION alerts_switched_off(p_most integer) RETURNS TABLE (workspace_id uuid, incident_key text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT a.workspace_id, a.incident_key FROM alerts a
   WHERE a.resolved_at IS NULL AND a.kind <> 'feedback_threshold'
     AND EXISTS (SELECT FROM alert_rules r WHERE r.workspace_id = a.workspace_id AND r.slug IN ('', coalesce(a.slug, '')) AND NOT r.enabled)
   LIMIT p_most $$;
CALL make_lookup_function('alerts_switched_off(integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
