SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION forget_ticket_windows();
DROP FUNCTION borrow_tickets(uuid[], bigint[], bigint[], bigint[], bigint[], integer[], integer[], bigint[], bigint[], integer);
DROP TABLE ticket_windows;
ALTER TABLE provider_keys DROP COLUMN requests_per_minute, DROP COLUMN tokens_per_minute;

RESET ROLE;
SET LOCAL search_path = public;
