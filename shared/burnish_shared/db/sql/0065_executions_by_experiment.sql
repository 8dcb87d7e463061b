-- Executions of one experiment, newest first. Calls outside of experiments stand in no index of it, and cost nothing.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE INDEX executions_by_experiment ON executions (workspace_id, (details -> 'experiment' ->> 'id'), execution_id)
  WHERE (details -> 'experiment' ->> 'id') IS NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
