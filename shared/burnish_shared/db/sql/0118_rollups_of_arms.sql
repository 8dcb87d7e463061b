-- Arms of experiments as one more dimension, by hour and day. The rows that are there meet it already.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE rollup_sets DROP CONSTRAINT rollup_sets_dimension_check;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_dimension_check
  CHECK (dimension IN ('app', 'api_key', 'provider', 'provider_key', 'arm', 'workspace')) NOT VALID;
RESET ROLE;
