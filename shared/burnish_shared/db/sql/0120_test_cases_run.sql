-- Test cases of a version are run: as a dataset that is made of them, and judged by their criteria where they have some.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_runs ADD COLUMN judge_model text;                                             -- of items with criteria; NULL: none has any
ALTER TABLE test_runs ADD COLUMN cases_digest bytea CHECK (length(cases_digest) = 32);         -- SHA-256 of the version's test cases that it is about; NULL: of a dataset
CREATE INDEX test_runs_of_cases ON test_runs (workspace_id, prompt_id, cases_digest) WHERE cases_digest IS NOT NULL;

ALTER TABLE dataset_versions DROP CONSTRAINT dataset_versions_done_check;
ALTER TABLE dataset_versions ADD CONSTRAINT dataset_versions_done_check
  CHECK (done IN ('uploaded', 'from_executions', 'from_failures', 'from_feedback', 'from_test_cases', 'made_up', 'reviewed', 'review_taken_back',
                  'imported', 'corrected', 'removed'));

RESET ROLE;
SET LOCAL search_path = public;
