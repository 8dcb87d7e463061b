-- The trace that an event belongs to (W3C Trace Context), for the header of its deliveries. NULL: none is known.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE webhook_deliveries ADD COLUMN traceparent text CHECK (length(traceparent) <= 64);

RESET ROLE;
SET LOCAL search_path = public;
