-- Executions of one experiment, newest first. As a column, since beside a policy an index serves nothing but what is leakproof (decision 35),
-- and what looks into jsonb is not. Calls outside of experiments stand in no index of it.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE executions ADD COLUMN experiment_id uuid;              -- NULL: it took part in none

CREATE FUNCTION note_experiment() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  NEW.experiment_id := (NEW.details -> 'experiment' ->> 'id')::uuid;
  RETURN NEW;
END $$;
CREATE TRIGGER note_experiment BEFORE INSERT ON executions FOR EACH ROW WHEN (NEW.details ? 'experiment') EXECUTE FUNCTION note_experiment();
REVOKE ALL ON FUNCTION note_experiment() FROM PUBLIC;

-- Those whose text is kept by default. Older ones are found by prompt and version as before.
UPDATE executions SET experiment_id = (details -> 'experiment' ->> 'id')::uuid
 WHERE execution_id >= day_bound(current_date - 30) AND details ? 'experiment';

CREATE INDEX executions_by_experiment ON executions (workspace_id, experiment_id, execution_id) WHERE experiment_id IS NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
