-- Absolute targets of alert rules (contracts/targets.py), and the kind of the alerts that they raise.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE alert_rules ADD COLUMN targets jsonb CHECK (jsonb_typeof(targets) = 'array');     -- NULL: as all prompts
ALTER TABLE alerts
  DROP CONSTRAINT alerts_kind_check,
  ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('feedback_threshold', 'degradation', 'budget', 'credits', 'provider_key', 'usage', 'model', 'provider', 'target'));

CREATE FUNCTION workspaces_with_targets() RETURNS TABLE (workspace_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT r.workspace_id FROM alert_rules r WHERE r.targets <> '[]'
   UNION SELECT a.workspace_id FROM alerts a WHERE a.kind = 'target' AND a.resolved_at IS NULL $$;
CALL make_lookup_function('workspaces_with_targets()', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
