SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX optimization_jobs_of_dataset, test_runs_of_dataset;
DROP TABLE dataset_versions;

RESET ROLE;
SET LOCAL search_path = public;
