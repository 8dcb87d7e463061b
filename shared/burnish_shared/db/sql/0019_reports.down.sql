SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DELETE FROM alert_notices WHERE event_type IN ('report.ready', 'webhook.endpoint_disabled');
ALTER TABLE alert_notices
  DROP CONSTRAINT alert_notices_event_type_check,
  ADD CONSTRAINT alert_notices_event_type_check CHECK (event_type IN ('alert.raised', 'alert.acknowledged', 'alert.resolved', 'test'));
DROP FUNCTION erase_reports(uuid), forget_reports(uuid, integer), failure_groups_due(integer), report_schedules_due(integer);
DROP TABLE failure_groups, report_schedules, reports;
RESET ROLE;
SET LOCAL search_path = public;
