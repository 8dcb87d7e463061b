SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION policy_starts_due(integer), end_user_hours_due(timestamptz, integer), alerts_over(integer), forget_alert_notices(integer, integer), claim_alert_notices(integer, integer);
DROP INDEX alerts_open_by_kind, rollups_hour_by_label;
DELETE FROM alert_acknowledgements k USING alerts a WHERE (a.workspace_id, a.alert_id) = (k.workspace_id, k.alert_id) AND a.slug IS NULL;
DELETE FROM alerts WHERE slug IS NULL;                             -- kinds that the version before does not know
ALTER TABLE alerts
  DROP CONSTRAINT alerts_kind_check, ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('feedback_threshold', 'degradation')),
  ALTER COLUMN slug SET NOT NULL, ALTER COLUMN label SET NOT NULL, ALTER COLUMN version SET NOT NULL, DROP COLUMN severity, DROP COLUMN subject;
ALTER TABLE alert_rules DROP COLUMN start_optimization;
DROP TABLE policy_starts, end_user_hours, alert_mutes, alert_notices, alert_channels;
RESET ROLE;
SET LOCAL search_path = public;
