SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TABLE counted_through;
DROP TRIGGER whole_of_new ON rollups;
DROP TRIGGER whole_of_changed ON rollups;
DROP FUNCTION mark_not_whole(), has_whole_rollups();
DROP TABLE whole_rollups;
LOCK TABLE rollup_sets IN SHARE ROW EXCLUSIVE MODE;
DELETE FROM rollup_sets WHERE dimension = 'workspace';
ALTER TABLE rollup_sets DROP CONSTRAINT rollup_sets_dimension_check, DROP CONSTRAINT rollup_sets_grain_check;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_dimension_check CHECK (dimension IN ('app', 'api_key', 'provider', 'provider_key')) NOT VALID;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_grain_check
  CHECK (grain IN ('hour', 'day') OR (grain = 'minute' AND dimension IN ('app', 'api_key'))) NOT VALID;

RESET ROLE;
SET LOCAL search_path = public;
