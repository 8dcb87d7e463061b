SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION policy_rollouts_due(integer);
ALTER TABLE suggestions DROP COLUMN policy_tried_at, DROP COLUMN experiment_id;
DROP TABLE experiment_backtests, experiment_outside, experiment_epochs, experiment_arms, experiments,
  experiment_namespaces, experiment_settings;

RESET ROLE;
SET LOCAL search_path = public;
