SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_runs DROP COLUMN item_ids, DROP COLUMN failed_of;

RESET ROLE;
SET LOCAL search_path = public;
