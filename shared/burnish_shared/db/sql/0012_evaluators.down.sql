SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
ALTER TABLE test_runs DROP COLUMN evaluator_ids;
DROP TABLE evaluators;
RESET ROLE;
SET LOCAL search_path = public;
