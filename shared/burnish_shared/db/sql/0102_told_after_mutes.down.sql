SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION alerts_unmuted(timestamptz, integer);
ALTER TABLE alerts DROP COLUMN unmuted_at;

RESET ROLE;
SET LOCAL search_path = public;
