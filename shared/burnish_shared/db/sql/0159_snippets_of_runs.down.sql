SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_runs DROP COLUMN snippets;

RESET ROLE;
SET LOCAL search_path = public;
