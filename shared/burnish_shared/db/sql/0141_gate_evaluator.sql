-- What a protected label asks of a version whose test run has items without a right answer: a mean score of one evaluator.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- No foreign key: evaluators belong to workspaces already, are archived and never deleted, and go with the workspace.
ALTER TABLE workspaces
  ADD COLUMN gate_evaluator_id uuid,
  ADD COLUMN gate_min_score double precision NOT NULL DEFAULT 0.8 CHECK (gate_min_score BETWEEN 0 AND 1);
GRANT UPDATE (gate_evaluator_id, gate_min_score) ON workspaces TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
