-- The operator sends dead letters again, and gives them up, by the API too: until now by the command line alone, on the machine itself.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT UPDATE (replayed_at), DELETE ON dead_letters TO burnish_app;
CREATE INDEX dead_letters_newest ON dead_letters (at DESC, dead_letter_id DESC);
COMMENT ON TABLE dead_letters IS 'system table, writer: every consumer, through bus.batch; the operator, through bus.dead_letters';

-- A delivery that nobody wants any more could be sent again, and nothing else: an endpoint's dead letters never ended.
GRANT UPDATE (status, reason) ON webhook_deliveries TO burnish_app;
COMMENT ON TABLE webhook_deliveries IS 'writer: webhooks, and gateway for dead letters that are dismissed';

-- What was sent and came back beside the bodies, in at most 4,000 characters each; a value of null is a secret.
ALTER TABLE webhook_attempts ADD COLUMN request_headers jsonb, ADD COLUMN response_headers jsonb;

-- Chats and mail hear of rollouts and their end, and that an endpoint which was switched off is on again, or gone.
ALTER TABLE alert_notices
  DROP CONSTRAINT alert_notices_event_type_check,
  ADD CONSTRAINT alert_notices_event_type_check CHECK (event_type IN ('alert.raised', 'alert.acknowledged', 'alert.resolved', 'report.ready', 'webhook.endpoint_disabled', 'test', 'webhook.endpoint_enabled', 'webhook.endpoint_deleted',
    'experiment.started', 'experiment.advanced', 'experiment.held', 'experiment.decided', 'experiment.rolled_back'));
COMMENT ON TABLE alert_notices IS 'writer: webhooks, and gateway for tests and for endpoints that are on again or deleted';

RESET ROLE;
SET LOCAL search_path = public;
