SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TABLE inbound_refusals;
REVOKE UPDATE (name, header, prefix, encoding, mapping, secret_sealed, previous_secret_sealed, previous_secret_until, updated_at)
  ON inbound_endpoints FROM burnish_app;
ALTER TABLE inbound_endpoints DROP COLUMN previous_secret_sealed, DROP COLUMN previous_secret_until, DROP COLUMN updated_at;

RESET ROLE;
SET LOCAL search_path = public;
