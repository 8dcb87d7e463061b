-- When a model was last tested is read from the test runs with it.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE INDEX test_runs_of_model ON test_runs (workspace_id, model, finished_at) WHERE status = 'completed';

RESET ROLE;
SET LOCAL search_path = public;
