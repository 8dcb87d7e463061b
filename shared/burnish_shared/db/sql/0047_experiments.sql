-- Experiments on live traffic and guarded rollouts: what is given to whom, since when, what was seen, and what was decided (PRODUCT X1-X4).
-- Shares are counted in buckets: 10,000 of them are all traffic. The figures themselves are experiment_units and experiment_sums (0020).
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- One row for each workspace that said something. Who is held out, or is in a namespace's range, follows from a hash with a key.
CREATE TABLE experiment_settings (
  workspace_id    uuid PRIMARY KEY REFERENCES workspaces,
  min_samples     integer NOT NULL DEFAULT 100 CHECK (min_samples BETWEEN 10 AND 1000000),      -- units in each arm before anything is decided
  confidence      double precision NOT NULL DEFAULT 0.95 CHECK (confidence BETWEEN 0.8 AND 0.999),
  holdout_buckets integer NOT NULL DEFAULT 0 CHECK (holdout_buckets BETWEEN 0 AND 5000),        -- never in any experiment
  holdout_key     uuid NOT NULL,
  rollout_policy  jsonb,                                           -- how a proven suggestion is rolled out without being asked; NULL: it waits for somebody
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_tenant_table('experiment_settings', app => 'SELECT, INSERT, UPDATE', worker => 'SELECT', writer => 'gateway');

-- Experiments of one namespace never meet in one unit.
CREATE TABLE experiment_namespaces (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  namespace    text NOT NULL CHECK (namespace ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  unit         text NOT NULL CHECK (unit IN ('end_user', 'session', 'execution')),
  hash_key     uuid NOT NULL,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, namespace));
CALL make_tenant_table('experiment_namespaces', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');

CREATE TABLE experiments (
  experiment_id    uuid PRIMARY KEY,
  workspace_id     uuid NOT NULL REFERENCES workspaces,
  name             text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description      text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  prompt_id        uuid NOT NULL,
  slug             text NOT NULL,
  label            text NOT NULL,                                  -- whose calls take part, and which moves to the winner
  kind             text NOT NULL CHECK (kind IN ('ab', 'rollout')),
  status           text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'running', 'paused', 'completed')),
  -- Of a guarded rollout that was started. ramping: it bakes at a step; holding: it waits for somebody; rolled_back, finished: it is completed.
  rollout_state    text CHECK (rollout_state IN ('ramping', 'holding', 'rolled_back', 'finished')),
  unit             text NOT NULL CHECK (unit IN ('end_user', 'session', 'execution')),
  targeting        text NOT NULL DEFAULT '' CHECK (length(targeting) <= 2000),   -- a condition over the call; empty: every call
  namespace        text,
  namespace_from   integer CHECK (namespace_from BETWEEN 0 AND 9999),            -- its range, from its start on: [from, to)
  namespace_to     integer CHECK (namespace_to BETWEEN 1 AND 10000),
  hash_key         uuid NOT NULL,                                  -- with the unit it says the bucket; stays over all epochs
  metric           text NOT NULL,                                  -- success | latency_ms | cost_nusd | satisfaction | metric:<name>
  direction        text NOT NULL CHECK (direction IN ('higher', 'lower')),       -- which is better
  method           text NOT NULL CHECK (method IN ('sequential', 'group_sequential', 'fixed', 'hybrid')),
  allocation       text NOT NULL DEFAULT 'fixed' CHECK (allocation IN ('fixed', 'adaptive')),
  on_winner        text NOT NULL CHECK (on_winner IN ('automatic', 'offered', 'none')),   -- of the label
  guardrails       jsonb NOT NULL DEFAULT '[]',                    -- contracts/experiments.py Guardrail
  rollout          jsonb,                                          -- contracts/experiments.py Rollout: the ramp
  settings         jsonb NOT NULL,                                 -- contracts/experiments.py Settings; frozen from the start on, with the incumbent's baseline
  latency_limit_ms bigint CHECK (latency_limit_ms > 0),            -- frozen at the start: an answer that takes longer is slow
  epoch            integer NOT NULL DEFAULT 0 CHECK (epoch >= 0),  -- the newest of experiment_epochs; 0: never started
  step             integer CHECK (step >= 0),                      -- of the ramp, from 0
  step_started_at  timestamptz,
  verdict          jsonb,                                          -- contracts/experiments.py Verdict: data, rule, result, who or what decided; never changed
  winner           text,                                           -- the arm
  decided_by       text,
  promotion        jsonb,                                          -- contracts/experiments.py Promotion: what became of the label
  suggestion_id    uuid,                                           -- that was accepted by it
  shadow_account_id bigint,                                        -- what shadow arms are paid from
  shadow_budget_nusd bigint CHECK (shadow_budget_nusd > 0),        -- what they may cost altogether
  hops             integer NOT NULL DEFAULT 0,
  simulated        boolean NOT NULL DEFAULT false,
  revision         integer NOT NULL DEFAULT 1,                     -- grows with every change: who changes says which one he saw
  created_by       text NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at       timestamptz,
  paused_at        timestamptz,
  completed_at     timestamptz,
  CHECK ((status = 'completed') = (completed_at IS NOT NULL)),
  CHECK (epoch > 0 OR status IN ('draft', 'completed')),           -- one that came with a bundle is completed and has no epochs
  CHECK ((namespace_from IS NULL) = (namespace_to IS NULL) AND namespace_from < namespace_to),
  UNIQUE (workspace_id, experiment_id),
  FOREIGN KEY (workspace_id, namespace) REFERENCES experiment_namespaces (workspace_id, namespace));
CREATE INDEX experiments_newest ON experiments (workspace_id, experiment_id DESC);
CREATE INDEX experiments_of_prompt ON experiments (workspace_id, prompt_id, experiment_id DESC);
CREATE INDEX experiments_open ON experiments (workspace_id) WHERE status IN ('running', 'paused');
CALL make_tenant_table('experiments', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT', writer => 'gateway');

-- `version` NULL: a label that is not frozen yet, or an arm that is a model. Of a model arm the version is that of the label, frozen at the start.
CREATE TABLE experiment_arms (
  workspace_id  uuid NOT NULL,
  experiment_id uuid NOT NULL,
  arm           text NOT NULL CHECK (arm ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  position      integer NOT NULL,
  mode          text NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'shadow')),
  is_control    boolean NOT NULL DEFAULT false,
  label         text,                                              -- as it was given
  version       integer CHECK (version >= 1),                      -- what is served
  model         text,                                              -- in place of the version's
  buckets       integer NOT NULL CHECK (buckets BETWEEN 0 AND 10000),   -- as it was planned; of a shadow arm: of how many calls it sees a copy
  PRIMARY KEY (workspace_id, experiment_id, arm),
  FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, experiment_id) ON DELETE CASCADE);
CALL make_tenant_table('experiment_arms', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT', writer => 'gateway');

-- Who gets what, from when on. Between two epochs as few units as possible change their arm.
CREATE TABLE experiment_epochs (
  workspace_id  uuid NOT NULL,
  experiment_id uuid NOT NULL,
  epoch         integer NOT NULL CHECK (epoch >= 1),
  shares        jsonb NOT NULL,                                    -- arm -> buckets
  ranges        jsonb NOT NULL,                                    -- [[from, to, arm], …], sorted, [from, to); what is in none stays outside
  step          integer CHECK (step >= 0),                         -- of the ramp
  reason        text NOT NULL CHECK (reason IN ('started', 'allocation', 'step', 'adaptive', 'resumed')),
  by            text NOT NULL,
  started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at      timestamptz,
  PRIMARY KEY (workspace_id, experiment_id, epoch),
  FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, experiment_id) ON DELETE CASCADE);
CALL make_tenant_table('experiment_epochs', app => 'SELECT, INSERT, UPDATE (ended_at)', worker => 'SELECT', writer => 'gateway');

-- Calls that could have taken part and stayed outside, by reason; added up in the gateways' memory and written every few seconds.
CREATE TABLE experiment_outside (
  workspace_id  uuid NOT NULL,
  experiment_id uuid NOT NULL,
  reason        text NOT NULL CHECK (reason IN ('no_unit', 'named', 'targeting', 'holdout', 'namespace', 'not_allocated', 'unavailable', 'shadow_dropped')),
  calls         bigint NOT NULL CHECK (calls >= 0),
  seen_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, experiment_id, reason),
  FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, experiment_id) ON DELETE CASCADE) WITH (fillfactor = 70);
CALL make_tenant_table('experiment_outside', app => 'SELECT, INSERT, UPDATE', worker => 'SELECT', writer => 'gateway');

-- Inputs of the past through other versions or models: a batch whose lines were taken from executions.
CREATE TABLE experiment_backtests (
  backtest_id   uuid PRIMARY KEY,
  workspace_id  uuid NOT NULL REFERENCES workspaces,
  experiment_id uuid,                                              -- whose arms they are, where it belongs to one
  prompt_id     uuid NOT NULL,
  slug          text NOT NULL,
  arms          jsonb NOT NULL,                                    -- [{arm, version, model}]
  window_from   timestamptz NOT NULL,
  window_to     timestamptz NOT NULL,
  inputs        integer NOT NULL CHECK (inputs > 0),               -- executions that were taken
  found         integer NOT NULL,                                  -- that could have been
  batch_id      uuid NOT NULL,
  created_by    text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (workspace_id, backtest_id),
  FOREIGN KEY (workspace_id, batch_id) REFERENCES batches (workspace_id, batch_id) ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, experiment_id) ON DELETE CASCADE);
CREATE INDEX experiment_backtests_newest ON experiment_backtests (workspace_id, backtest_id DESC);
CREATE INDEX experiment_backtests_of_batch ON experiment_backtests (workspace_id, batch_id);
CREATE INDEX experiment_backtests_of_experiment ON experiment_backtests (workspace_id, experiment_id) WHERE experiment_id IS NOT NULL;
CALL make_tenant_table('experiment_backtests', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');

ALTER TABLE suggestions ADD COLUMN policy_tried_at timestamptz;    -- a policy began its rollout, or was refused; not tried again
ALTER TABLE suggestions ADD COLUMN experiment_id uuid;             -- the guarded rollout that began when it was accepted
GRANT UPDATE (policy_tried_at, experiment_id) ON suggestions TO burnish_app;

-- Proven suggestions of workspaces whose policy rolls them out; a gateway then enters that workspace. Those of a week: an older one waits for somebody.
CREATE FUNCTION policy_rollouts_due(p_most integer) RETURNS TABLE (workspace_id uuid, suggestion_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT s.workspace_id, s.suggestion_id FROM experiment_settings x JOIN suggestions s USING (workspace_id)
   WHERE x.rollout_policy IS NOT NULL AND s.status = 'open' AND s.policy_tried_at IS NULL AND s.created_at > clock_timestamp() - interval '7 days'
   ORDER BY s.suggestion_id LIMIT p_most $$;
CALL make_lookup_function('policy_rollouts_due(integer)', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
