-- Evaluators: what an answer is scored by. Settings never change, so that scores stay comparable.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE evaluators (
  evaluator_id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  kind         text NOT NULL,
  settings     json NOT NULL,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  archived_at  timestamptz,
  UNIQUE (workspace_id, evaluator_id));
CREATE UNIQUE INDEX evaluators_by_name ON evaluators (workspace_id, lower(name)) WHERE archived_at IS NULL;
CALL make_tenant_table('evaluators', app => 'SELECT, INSERT, UPDATE (archived_at)', worker => 'SELECT', writer => 'gateway');

ALTER TABLE test_runs ADD COLUMN evaluator_ids uuid[] NOT NULL DEFAULT '{}';   -- what scores its answers beside the expected ones

RESET ROLE;
SET LOCAL search_path = public;
