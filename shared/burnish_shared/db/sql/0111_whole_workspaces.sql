-- Figures of whole workspaces in rows of their own, and until when everything is counted (docs/decisions/0093).
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- In the order in which analytics writes them: who holds `rollups` and waits for `rollup_sets` is waited for here, before anything is held.
LOCK TABLE rollups IN SHARE ROW EXCLUSIVE MODE;

-- Of which workspaces such rows hold all that `rollups` hold; of the others figures are read from `rollups`. Analytics adds up what lacks.
CREATE TABLE whole_rollups (
  workspace_id uuid PRIMARY KEY,
  is_whole     boolean NOT NULL DEFAULT false,
  marks        bigint NOT NULL DEFAULT 0,                                -- how often somebody wrote `rollups` alone
  after_day    timestamptz,                                              -- all days until this one are added up; NULL: it begins
  tried_at     timestamptz);                                             -- when it was worked on last
CALL make_system_table('whole_rollups', app => '', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics, and mark_not_whole');
GRANT INSERT, UPDATE, DELETE ON whole_rollups TO burnish_lookup;

CREATE FUNCTION has_whole_rollups() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT EXISTS (SELECT FROM whole_rollups WHERE is_whole AND workspace_id = ANY (string_to_array(
    coalesce(nullif(current_setting('app.workspace', true), ''), nullif(current_setting('app.workspaces', true), '')), ',')::uuid[])) $$;
CALL make_lookup_function('has_whole_rollups()', app => true, worker => true);

-- A release that knows no such rows writes `rollups` alone, in an update beside this one, or after a return to it: what it writes to is not whole any more.
-- Who writes both says so for its transaction (app.writes_whole).
CREATE FUNCTION mark_not_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  IF current_setting('app.writes_whole', true) = 'on' THEN RETURN NULL; END IF;
  INSERT INTO whole_rollups AS w (workspace_id, marks) SELECT DISTINCT workspace_id, 1 FROM written ORDER BY 1
  ON CONFLICT (workspace_id) DO UPDATE SET is_whole = false, marks = w.marks + 1, after_day = NULL;
  RETURN NULL;
END $$;
CALL make_lookup_function('mark_not_whole()', app => false, worker => true);
CREATE TRIGGER whole_of_new AFTER INSERT ON rollups REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION mark_not_whole();
CREATE TRIGGER whole_of_changed AFTER UPDATE ON rollups REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION mark_not_whole();

-- One more dimension, whose only value is '' and whose rows name no prompt: all of a workspace's traffic of one kind. The rows that are there meet it already.
ALTER TABLE rollup_sets DROP CONSTRAINT rollup_sets_dimension_check, DROP CONSTRAINT rollup_sets_grain_check;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_dimension_check CHECK (dimension IN ('app', 'api_key', 'provider', 'provider_key', 'workspace')) NOT VALID;
ALTER TABLE rollup_sets ADD CONSTRAINT rollup_sets_grain_check
  CHECK (grain IN ('hour', 'day') OR (grain = 'minute' AND dimension IN ('app', 'api_key', 'workspace'))) NOT VALID;

-- Until when all that was published to a consumer of analytics is counted, as analytics last saw it.
CREATE TABLE counted_through (
  consumer text PRIMARY KEY,
  through  timestamptz NOT NULL,
  said_at  timestamptz NOT NULL);
CALL make_system_table('counted_through', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

RESET ROLE;
SET LOCAL search_path = public;
