-- When the last backup was taken, of each kind: a backup that fails night after night was seen by nobody until it was needed.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE backups (
  kind     text PRIMARY KEY CHECK (kind IN ('whole', 'erasures')),
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp());                 -- when it was complete, on its disk
CALL make_system_table('backups', app => '', worker => 'SELECT', writer => 'burnish backup, as the owner');

RESET ROLE;
SET LOCAL search_path = public;
