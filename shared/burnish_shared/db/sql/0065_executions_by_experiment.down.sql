SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX executions_by_experiment;

RESET ROLE;
SET LOCAL search_path = public;
