SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION workspaces_with_targets();
DELETE FROM alert_acknowledgements k USING alerts a WHERE a.workspace_id = k.workspace_id AND a.alert_id = k.alert_id AND a.kind = 'target';
DELETE FROM alerts WHERE kind = 'target';
ALTER TABLE alerts
  DROP CONSTRAINT alerts_kind_check,
  ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('feedback_threshold', 'degradation', 'budget', 'credits', 'provider_key', 'usage', 'model', 'provider'));
ALTER TABLE alert_rules DROP COLUMN targets;

RESET ROLE;
SET LOCAL search_path = public;
