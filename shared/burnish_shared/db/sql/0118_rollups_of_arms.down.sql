SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

LOCK TABLE rollup_sets IN SHARE ROW EXCLUSIVE MODE;
DELETE FROM rollup_sets WHERE dimension = 'arm';
ALTER TABLE rollup_sets DROP CONSTRAINT rollup_sets_dimension_check;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_dimension_check CHECK (dimension IN ('app', 'api_key', 'provider', 'provider_key', 'workspace')) NOT VALID;
RESET ROLE;
