-- What a test run's texts include stays as it stood when the run began, as versions do.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_runs ADD COLUMN snippets jsonb;                    -- name that includes → version; NULL: a run of before, which reads them when it is worked on

RESET ROLE;
SET LOCAL search_path = public;
