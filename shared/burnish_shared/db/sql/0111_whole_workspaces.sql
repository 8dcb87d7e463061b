-- Figures of whole workspaces in rows of their own, and until when everything is counted (docs/decisions/0093).
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- One more dimension, whose only value is '' and whose rows name no prompt: all of a workspace's traffic of one kind. The rows that are there meet it already.
ALTER TABLE rollup_sets DROP CONSTRAINT rollup_sets_dimension_check, DROP CONSTRAINT rollup_sets_grain_check;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_dimension_check CHECK (dimension IN ('app', 'api_key', 'provider', 'provider_key', 'workspace')) NOT VALID;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_grain_check
  CHECK (grain IN ('hour', 'day') OR (grain = 'minute' AND dimension IN ('app', 'api_key', 'workspace'))) NOT VALID;

-- How far analytics has come in adding up such rows of what was counted before there were any; one row. Twice through everything, since services of the
-- release before may have counted during the first time. Until then whole workspaces are read from `rollups`.
CREATE TABLE whole_rollups (
  one             boolean PRIMARY KEY DEFAULT true CHECK (one),
  passes          smallint NOT NULL CHECK (passes BETWEEN 0 AND 2),      -- 2: every row is there
  pass_ended_at   timestamptz,
  after_workspace uuid,                                                  -- all before it is done in this pass; NULL: it begins
  after_day       timestamptz);                                          -- and of it all days until this one; NULL: it begins
CALL make_system_table('whole_rollups', app => 'SELECT', worker => 'SELECT, UPDATE', writer => 'analytics');
INSERT INTO whole_rollups (passes) SELECT CASE WHEN EXISTS (SELECT FROM rollups) THEN 0 ELSE 2 END;

CREATE FUNCTION has_whole_rollups() RETURNS boolean LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$ SELECT passes = 2 FROM whole_rollups $$;
REVOKE ALL ON FUNCTION has_whole_rollups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION has_whole_rollups() TO burnish_app, burnish_worker, burnish_lookup;

-- Until when all that was published to a consumer of analytics is counted, as analytics last saw it.
CREATE TABLE counted_through (
  consumer text PRIMARY KEY,
  through  timestamptz NOT NULL,
  said_at  timestamptz NOT NULL);
CALL make_system_table('counted_through', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

RESET ROLE;
SET LOCAL search_path = public;
