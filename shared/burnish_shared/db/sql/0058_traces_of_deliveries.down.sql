SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE webhook_deliveries DROP COLUMN traceparent;

RESET ROLE;
SET LOCAL search_path = public;
