SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE suggestions DROP COLUMN policy_refused;

RESET ROLE;
SET LOCAL search_path = public;
