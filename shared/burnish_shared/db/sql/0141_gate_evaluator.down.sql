SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE workspaces DROP COLUMN gate_evaluator_id, DROP COLUMN gate_min_score;

RESET ROLE;
SET LOCAL search_path = public;
