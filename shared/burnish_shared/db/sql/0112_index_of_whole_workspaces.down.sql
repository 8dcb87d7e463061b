SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP INDEX rollup_sets_whole;
RESET ROLE;
SET LOCAL search_path = public;
