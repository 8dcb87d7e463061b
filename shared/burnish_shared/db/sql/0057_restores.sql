-- What was restored from a backup, and when an operator let messages to others go out again. While a row has no released_at, the webhooks
-- service sends nothing: what stood as pending at the time of the backup may have been sent since.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE restores (
  restore_id  uuid PRIMARY KEY,
  taken_at    timestamptz NOT NULL,                                -- of the backup
  restored_at timestamptz NOT NULL DEFAULT clock_timestamp(),      -- what has an older id came with it
  released_at timestamptz);
CALL make_system_table('restores', app => '', worker => 'SELECT', writer => 'burnish restore and burnish webhooks release, as the owner');

RESET ROLE;
SET LOCAL search_path = public;
