SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE webhook_attempts DROP COLUMN request_headers, DROP COLUMN response_headers;

COMMENT ON TABLE webhook_deliveries IS 'writer: webhooks';
REVOKE UPDATE (status, reason) ON webhook_deliveries FROM burnish_app;

COMMENT ON TABLE dead_letters IS 'system table, writer: every consumer, through bus.batch';
DROP INDEX dead_letters_newest;
REVOKE UPDATE (replayed_at), DELETE ON dead_letters FROM burnish_app;

DELETE FROM alert_notices WHERE event_type LIKE 'experiment.%' OR event_type IN ('webhook.endpoint_enabled', 'webhook.endpoint_deleted');
ALTER TABLE alert_notices
  DROP CONSTRAINT alert_notices_event_type_check,
  ADD CONSTRAINT alert_notices_event_type_check CHECK (event_type IN ('alert.raised', 'alert.acknowledged', 'alert.resolved', 'report.ready', 'webhook.endpoint_disabled', 'test'));
COMMENT ON TABLE alert_notices IS 'writer: webhooks, and gateway for tests';

RESET ROLE;
SET LOCAL search_path = public;
