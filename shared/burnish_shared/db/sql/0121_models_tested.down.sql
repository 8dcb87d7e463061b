SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX test_runs_of_model;

RESET ROLE;
SET LOCAL search_path = public;
