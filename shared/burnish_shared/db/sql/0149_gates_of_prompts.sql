-- What a protected label asks of the test runs of one prompt, where that is something else than the workspace asks of all.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- NULL: the workspace's. No foreign key, as with the workspace's own evaluator (0141).
ALTER TABLE prompts
  ADD COLUMN test_run_gate boolean,
  ADD COLUMN gate_evaluator_id uuid,
  ADD COLUMN gate_min_score double precision CHECK (gate_min_score BETWEEN 0 AND 1);
GRANT UPDATE (test_run_gate, gate_evaluator_id, gate_min_score) ON prompts TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
