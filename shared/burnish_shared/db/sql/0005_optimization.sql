-- Datasets and their items, test runs, optimization jobs, every evaluation that they bought, suggestions, and looks at test splits.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE datasets (
  dataset_id      uuid PRIMARY KEY,
  workspace_id    uuid NOT NULL REFERENCES workspaces,
  name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  version         integer NOT NULL DEFAULT 1 CHECK (version >= 1),        -- grows when items are added
  test_version    integer NOT NULL DEFAULT 1 CHECK (test_version >= 1),   -- the version that last brought enough fresh test items: what looks are counted against
  near_duplicates jsonb NOT NULL DEFAULT '[]',                            -- pairs of items in different splits that say almost the same
  created_by      text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (workspace_id, dataset_id));
CALL make_tenant_table('datasets', app => 'SELECT, INSERT, UPDATE (name, version, test_version, near_duplicates, updated_at)', worker => 'SELECT', writer => 'gateway');

CREATE TABLE dataset_items (
  item_id       uuid PRIMARY KEY,
  workspace_id  uuid NOT NULL,
  dataset_id    uuid NOT NULL,
  position      integer NOT NULL,
  split         text NOT NULL CHECK (split IN ('train', 'validation', 'test')),
  input         jsonb NOT NULL CHECK (jsonb_typeof(input) IN ('string', 'object')),   -- a text, or the variables by name
  expected      text NOT NULL,
  metadata      jsonb NOT NULL DEFAULT '{}',
  content_hash  bytea NOT NULL CHECK (length(content_hash) = 32),                     -- of the input alone: one input, one split
  added_version integer NOT NULL,
  UNIQUE (workspace_id, dataset_id, content_hash),
  FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, dataset_id));
CREATE INDEX dataset_items_by_split ON dataset_items (workspace_id, dataset_id, split, position);
CALL make_tenant_table('dataset_items', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');

CREATE TABLE test_runs (
  test_run_id        uuid PRIMARY KEY,
  workspace_id       uuid NOT NULL,
  prompt_id          uuid NOT NULL,
  slug               text NOT NULL,
  version            integer NOT NULL,
  model              text NOT NULL,
  dataset_id         uuid NOT NULL,
  dataset_version    integer NOT NULL,
  split              text NOT NULL CHECK (split IN ('train', 'validation', 'test')),
  repeats            smallint NOT NULL DEFAULT 1 CHECK (repeats BETWEEN 1 AND 20),
  status             text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  total              integer NOT NULL,
  done               integer NOT NULL DEFAULT 0,
  result             jsonb,                                -- metrics, confusion matrix, failed cases, cost, latency; partial where it failed
  error              jsonb,
  simulated          boolean NOT NULL DEFAULT false,
  funding_account_id bigint NOT NULL,
  cancel_requested   boolean NOT NULL DEFAULT false,
  fence              integer NOT NULL DEFAULT 0,           -- grows with each claim: who holds an older one writes nothing any more
  leased_by          text,
  leased_until       timestamptz,
  created_by         text NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at         timestamptz,
  finished_at        timestamptz,
  UNIQUE (workspace_id, test_run_id),
  FOREIGN KEY (workspace_id, prompt_id, version) REFERENCES prompt_versions (workspace_id, prompt_id, version),
  FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, dataset_id));
CREATE INDEX test_runs_newest ON test_runs (workspace_id, test_run_id DESC);
CREATE INDEX test_runs_open ON test_runs (test_run_id) WHERE status IN ('pending', 'running');
CALL make_tenant_table('test_runs', app => 'SELECT, INSERT, UPDATE (status, cancel_requested, finished_at)', worker => 'SELECT, UPDATE',
  writer => 'optimizer; the gateway inserts and asks to cancel');

CREATE TABLE optimization_jobs (
  job_id             uuid PRIMARY KEY,
  workspace_id       uuid NOT NULL,
  prompt_id          uuid NOT NULL,
  slug               text NOT NULL,
  base_version       integer NOT NULL,
  dataset_id         uuid NOT NULL,
  dataset_version    integer NOT NULL,
  method             text NOT NULL CHECK (method IN ('reflective')),
  task_model         text NOT NULL,
  reflect_model      text NOT NULL,
  seed               bigint NOT NULL,
  budget_evaluations integer NOT NULL CHECK (budget_evaluations > 0),
  budget_nusd        bigint NOT NULL CHECK (budget_nusd > 0),
  budget_seconds     integer CHECK (budget_seconds > 0),
  status             text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  progress           jsonb NOT NULL DEFAULT '{"evaluations": 0, "spent_nusd": 0, "best": null}',
  outcome            text CHECK (outcome IN ('improved', 'no_improvement', 'not_enough_data', 'no_headroom')),
  finish_reason      text,
  test               jsonb,                                -- the one paired measurement
  edits              jsonb NOT NULL DEFAULT '[]',          -- every proposed edit: chosen, alive, dropped, or rejected and why
  suggestion_id      uuid,
  error              jsonb,
  simulated          boolean NOT NULL DEFAULT false,
  funding_account_id bigint NOT NULL,
  cancel_requested   boolean NOT NULL DEFAULT false,
  fence              integer NOT NULL DEFAULT 0,
  leased_by          text,
  leased_until       timestamptz,
  created_by         text NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at         timestamptz,
  finished_at        timestamptz,
  CHECK ((status = 'completed') = (outcome IS NOT NULL)),
  UNIQUE (workspace_id, job_id),
  FOREIGN KEY (workspace_id, prompt_id, base_version) REFERENCES prompt_versions (workspace_id, prompt_id, version),
  FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, dataset_id));
CREATE INDEX optimization_jobs_newest ON optimization_jobs (workspace_id, job_id DESC);
CREATE INDEX optimization_jobs_open ON optimization_jobs (job_id) WHERE status IN ('pending', 'running');
CALL make_tenant_table('optimization_jobs', app => 'SELECT, INSERT, UPDATE (status, cancel_requested, finished_at)', worker => 'SELECT, UPDATE',
  writer => 'optimizer; the gateway inserts and asks to cancel');

-- The checkpoint: what was asked, under which execution, and what came back. The execution id is chosen once and written before it is published,
-- so whoever goes on after a crash finds the answer in the books instead of buying it again. Another attempt gets another id.
CREATE TABLE evaluations (
  workspace_id uuid NOT NULL,
  owner_id     uuid NOT NULL,                              -- the test run or the optimization job
  question     bytea NOT NULL CHECK (length(question) = 32),   -- SHA-256 of the candidate's text, or of a request for a proposal
  item_id      uuid NOT NULL,                              -- the nil uuid: a proposal
  repeat       integer NOT NULL DEFAULT 0,                 -- of a proposal: its number
  execution_id uuid NOT NULL,
  attempt      smallint NOT NULL DEFAULT 1,
  asked_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  answered_at  timestamptz,
  status       text,
  score        real,
  output       text,
  error        jsonb,
  spent_nusd   bigint NOT NULL DEFAULT 0,                  -- all attempts together
  latency_ms   integer,
  simulated    boolean NOT NULL DEFAULT false,
  PRIMARY KEY (workspace_id, owner_id, question, item_id, repeat));
CREATE INDEX evaluations_by_execution ON evaluations (workspace_id, execution_id);
CALL make_tenant_table('evaluations', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'optimizer');

-- Texts that were evaluated, by their hash: what was measured is byte for byte what would be served.
CREATE TABLE optimization_candidates (
  workspace_id uuid NOT NULL,
  job_id       uuid NOT NULL,
  question     bytea NOT NULL CHECK (length(question) = 32),
  text         text NOT NULL,
  first_asked  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, job_id, question),
  FOREIGN KEY (workspace_id, job_id) REFERENCES optimization_jobs (workspace_id, job_id));
CALL make_tenant_table('optimization_candidates', app => 'SELECT', worker => 'SELECT, INSERT', writer => 'optimizer');

CREATE TABLE suggestions (
  suggestion_id    uuid PRIMARY KEY,
  workspace_id     uuid NOT NULL,
  prompt_id        uuid NOT NULL,
  slug             text NOT NULL,
  base_version     integer NOT NULL,
  job_id           uuid NOT NULL,
  status           text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'rejected')),
  content          json NOT NULL,                          -- the fields that change over the base version
  evidence         jsonb NOT NULL,
  simulated        boolean NOT NULL DEFAULT false,
  accepted_version integer,
  label            text,
  reason           text,
  decided_by       text,
  decided_at       timestamptz,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (workspace_id, job_id),
  FOREIGN KEY (workspace_id, job_id) REFERENCES optimization_jobs (workspace_id, job_id),
  FOREIGN KEY (workspace_id, prompt_id, base_version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CREATE INDEX suggestions_newest ON suggestions (workspace_id, suggestion_id DESC);
CALL make_tenant_table('suggestions', worker => 'SELECT, INSERT', writer => 'optimizer; the gateway notes the decision',
  app => 'SELECT, UPDATE (status, accepted_version, label, reason, decided_by, decided_at)');

-- Look k of a test split may claim a gain at α/(k(k+1)). A test run that somebody made on a test split is noted without a share.
CREATE TABLE test_looks (
  look_id      uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  dataset_id   uuid NOT NULL,
  test_version integer NOT NULL,
  number       integer CHECK (number >= 1),
  alpha        double precision CHECK (alpha > 0),
  owner_id     uuid NOT NULL,                              -- the optimization job or the test run
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((number IS NULL) = (alpha IS NULL)),
  UNIQUE (workspace_id, owner_id),
  UNIQUE (workspace_id, dataset_id, test_version, number),
  FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, dataset_id));
CALL make_tenant_table('test_looks', app => 'SELECT', worker => 'SELECT, INSERT', writer => 'optimizer');

-- Test runs and jobs that nobody works on: new ones, and those whose worker has not renewed its lease. Ids and workspaces only.
CREATE FUNCTION claim_work(p_worker text, p_lease_s integer, p_most integer)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH due AS (
    SELECT t.test_run_id AS one FROM test_runs t
     WHERE t.status IN ('pending', 'running') AND (t.leased_until IS NULL OR t.leased_until < clock_timestamp())
     ORDER BY t.test_run_id LIMIT p_most FOR UPDATE SKIP LOCKED)
  UPDATE test_runs t SET status = 'running', fence = t.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second',
         started_at = coalesce(t.started_at, clock_timestamp())
    FROM due WHERE t.test_run_id = due.one RETURNING 'test_run'::text, t.test_run_id, t.workspace_id, t.fence;
  RETURN QUERY
  WITH due AS (
    SELECT j.job_id AS one FROM optimization_jobs j
     WHERE j.status IN ('pending', 'running') AND (j.leased_until IS NULL OR j.leased_until < clock_timestamp())
     ORDER BY j.job_id LIMIT p_most FOR UPDATE SKIP LOCKED)
  UPDATE optimization_jobs j SET status = 'running', fence = j.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second',
         started_at = coalesce(j.started_at, clock_timestamp())
    FROM due WHERE j.job_id = due.one RETURNING 'optimization'::text, j.job_id, j.workspace_id, j.fence;
END $$;
-- A worker that starts gives back what a process of its name held when it died. Should that process live after all, the next claim's fence stops it.
CREATE FUNCTION release_work(p_worker text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; m integer;
BEGIN
  UPDATE test_runs SET leased_until = NULL WHERE leased_by = p_worker AND status = 'running';
  GET DIAGNOSTICS n = ROW_COUNT;
  UPDATE optimization_jobs SET leased_until = NULL WHERE leased_by = p_worker AND status = 'running';
  GET DIAGNOSTICS m = ROW_COUNT;
  RETURN n + m;
END $$;
GRANT UPDATE ON test_runs, optimization_jobs TO burnish_lookup;
CALL make_lookup_function('release_work(text)', app => false, worker => true);
CALL make_lookup_function('claim_work(text, integer, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
