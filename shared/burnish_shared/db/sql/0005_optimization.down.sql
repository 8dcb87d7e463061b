SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION claim_work(text, integer, integer);
DROP FUNCTION release_work(text);
DROP TABLE test_looks, suggestions, optimization_candidates, evaluations, optimization_jobs, test_runs, dataset_items, datasets;
RESET ROLE;
SET LOCAL search_path = public;
