-- By itself, since it reads a whole table: who reads goes on meanwhile. PostgreSQL before 18 cannot skip from one dimension to the next within a range.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
CREATE INDEX rollup_sets_whole ON rollup_sets (workspace_id, grain, bucket, traffic) WHERE dimension = 'workspace';
RESET ROLE;
SET LOCAL search_path = public;
