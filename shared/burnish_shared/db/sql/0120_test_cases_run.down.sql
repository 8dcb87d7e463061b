SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

UPDATE dataset_versions SET done = 'uploaded' WHERE done = 'from_test_cases';
ALTER TABLE dataset_versions DROP CONSTRAINT dataset_versions_done_check;
ALTER TABLE dataset_versions ADD CONSTRAINT dataset_versions_done_check
  CHECK (done IN ('uploaded', 'from_executions', 'from_failures', 'from_feedback', 'made_up', 'reviewed', 'review_taken_back', 'imported', 'corrected',
                  'removed'));

DROP INDEX test_runs_of_cases;
ALTER TABLE test_runs DROP COLUMN judge_model, DROP COLUMN cases_digest;

RESET ROLE;
SET LOCAL search_path = public;
