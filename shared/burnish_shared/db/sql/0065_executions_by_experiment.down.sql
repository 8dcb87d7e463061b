SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TRIGGER note_experiment ON executions;
DROP FUNCTION note_experiment();
DROP INDEX executions_by_experiment;
ALTER TABLE executions DROP COLUMN experiment_id;

RESET ROLE;
SET LOCAL search_path = public;
