-- Experiments are watched: what was seen at each look, and what the one who decides asks the gateway to do. Slow answers are counted by unit too.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE execution_facts ADD COLUMN slow boolean;               -- of an experiment with a limit: whether the answer took longer

-- What the monitor keeps of an experiment between two looks. A row comes with the first.
CREATE TABLE experiment_watch (
  experiment_id uuid PRIMARY KEY,
  workspace_id  uuid NOT NULL,
  memory        jsonb NOT NULL DEFAULT '{}',                       -- experiments/analysis.py Memory: least p, looks that were used up, widening
  result        jsonb,                                             -- the newest look, as JSON: differences, guardrails, sample ratio, sentence
  looked_at     timestamptz,
  next_look_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  leased_by     text,
  leased_until  timestamptz,
  fence         integer NOT NULL DEFAULT 1,
  FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, experiment_id) ON DELETE CASCADE) WITH (fillfactor = 50);
CALL make_tenant_table('experiment_watch', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'optimizer');

-- Intervals over time. A point for each 7 % more units: a few hundred, however long it runs; the newest is written over until then.
CREATE TABLE experiment_looks (
  workspace_id  uuid NOT NULL,
  experiment_id uuid NOT NULL,
  number        integer NOT NULL CHECK (number BETWEEN 1 AND 1000),
  looked_at     timestamptz NOT NULL,
  epoch         integer NOT NULL,
  units         bigint NOT NULL,
  differences   jsonb NOT NULL,                                    -- [{arm, value, low, high, p_value}]
  evidence      double precision NOT NULL,                         -- against the sample ratio
  PRIMARY KEY (workspace_id, experiment_id, number),
  FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, experiment_id) ON DELETE CASCADE) WITH (fillfactor = 70);
CALL make_tenant_table('experiment_looks', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'optimizer');

-- What was decided, with everything it was decided by. A gateway carries it out, once, where the experiment is still as it was seen (revision).
CREATE TABLE experiment_orders (
  order_id      uuid PRIMARY KEY,
  workspace_id  uuid NOT NULL,
  experiment_id uuid NOT NULL,
  revision      integer NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('advance', 'reallocate', 'hold', 'roll_back', 'conclude')),
  data          jsonb NOT NULL,
  decided_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  applied_at    timestamptz,
  outcome       text,                                              -- applied | outdated | refused: why
  FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, experiment_id) ON DELETE CASCADE);
CREATE UNIQUE INDEX experiment_orders_open ON experiment_orders (experiment_id) WHERE applied_at IS NULL;   -- two replicas decide once
CREATE INDEX experiment_orders_of_experiment ON experiment_orders (workspace_id, experiment_id, order_id DESC);
CALL make_tenant_table('experiment_orders', app => 'SELECT, UPDATE (applied_at, outcome)', worker => 'SELECT, INSERT', writer => 'optimizer');

-- Running experiments that are due for a look and that nobody holds; none whose last order still waits. The longest waiting first.
CREATE FUNCTION claim_experiments(p_worker text, p_lease_s integer, p_most integer)
RETURNS TABLE (experiment_id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH due AS (
    SELECT e.experiment_id, e.workspace_id FROM experiments e LEFT JOIN experiment_watch w ON w.experiment_id = e.experiment_id
     WHERE e.status = 'running' AND (w.experiment_id IS NULL OR (w.next_look_at <= clock_timestamp() AND (w.leased_until IS NULL OR w.leased_until < clock_timestamp())))
       AND NOT EXISTS (SELECT FROM experiment_orders o WHERE o.experiment_id = e.experiment_id AND o.applied_at IS NULL)
     ORDER BY w.next_look_at NULLS FIRST, e.experiment_id LIMIT p_most),
  taken AS (
    INSERT INTO experiment_watch AS w (experiment_id, workspace_id, leased_by, leased_until)
    SELECT d.experiment_id, d.workspace_id, p_worker, clock_timestamp() + p_lease_s * interval '1 second' FROM due d ORDER BY d.experiment_id
    ON CONFLICT (experiment_id) DO UPDATE SET fence = w.fence + 1, leased_by = p_worker, leased_until = excluded.leased_until
     WHERE w.next_look_at <= clock_timestamp() AND (w.leased_until IS NULL OR w.leased_until < clock_timestamp())
    RETURNING w.experiment_id, w.workspace_id, w.fence)
  SELECT * FROM taken;
END $$;
GRANT INSERT, UPDATE ON experiment_watch TO burnish_lookup;
CALL make_lookup_function('claim_experiments(text, integer, integer)', app => false, worker => true);
CREATE INDEX experiments_running ON experiments (experiment_id) WHERE status = 'running';

-- Orders that nobody carried out yet, oldest first.
CREATE FUNCTION experiment_orders_due(p_most integer) RETURNS TABLE (workspace_id uuid, order_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT o.workspace_id, o.order_id FROM experiment_orders o WHERE o.applied_at IS NULL ORDER BY o.order_id LIMIT p_most $$;
CALL make_lookup_function('experiment_orders_due(integer)', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
