SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- The release before would take what the arms have of scores for figures that nobody can explain.
DELETE FROM experiment_units WHERE metric LIKE 'evaluator:%';
DELETE FROM experiment_sums WHERE metric LIKE 'evaluator:%';
ALTER TABLE scores DROP COLUMN in_arm;

RESET ROLE;
SET LOCAL search_path = public;
