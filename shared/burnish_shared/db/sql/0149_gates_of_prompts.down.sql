SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE prompts DROP COLUMN test_run_gate, DROP COLUMN gate_evaluator_id, DROP COLUMN gate_min_score;

RESET ROLE;
SET LOCAL search_path = public;
