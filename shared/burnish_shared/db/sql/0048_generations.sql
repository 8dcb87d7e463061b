-- Generations of searches with their candidates, which are nodes of the lineage; optimizations that begin by the clock; moves to another model.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Generations. A line is what one search wrote, or what was forked or imported; its generations are numbered from 0 and never change.

CREATE TABLE generation_lines (
  line_id       uuid PRIMARY KEY,                                      -- of a job: the job's own id
  workspace_id  uuid NOT NULL,
  prompt_id     uuid NOT NULL,
  slug          text NOT NULL,
  base_version  integer NOT NULL,                                      -- what its candidates are variations of
  name          text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
  origin        text NOT NULL CHECK (origin IN ('job', 'fork', 'import')),
  from_line_id  uuid,                                                  -- a fork: of which generation; the line may be gone
  from_number   integer,
  latest_number integer,                                               -- NULL: nothing yet
  best_number   integer,                                               -- the first of those with the highest fitness
  best_fitness  double precision,
  simulated     boolean NOT NULL DEFAULT false,
  created_by    text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (workspace_id, line_id),
  CHECK ((from_line_id IS NULL) = (from_number IS NULL)),
  FOREIGN KEY (workspace_id, prompt_id, base_version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CREATE INDEX generation_lines_of_prompt ON generation_lines (workspace_id, prompt_id, line_id DESC);
CALL make_tenant_table('generation_lines',
  app => 'SELECT, INSERT, DELETE, UPDATE (name, latest_number, best_number, best_fitness, updated_at)',
  worker => 'SELECT, INSERT, UPDATE', writer => 'optimizer; the gateway forks, imports, restores and removes');

CREATE TABLE generations (
  workspace_id  uuid NOT NULL,
  prompt_id     uuid NOT NULL,
  line_id       uuid NOT NULL,
  number        integer NOT NULL CHECK (number >= 0),
  members       jsonb NOT NULL,                                        -- candidate, made_by, fitness, scores, evaluations: of each, the best first
  size          integer NOT NULL CHECK (size BETWEEN 1 AND 200),
  best_fitness  double precision,
  mean_fitness  double precision,
  restored_from integer,                                               -- a copy of that generation of this line
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, line_id, number),
  FOREIGN KEY (workspace_id, line_id) REFERENCES generation_lines (workspace_id, line_id));
CALL make_tenant_table('generations', app => 'SELECT, INSERT, DELETE', worker => 'SELECT, INSERT', writer => 'optimizer; the gateway forks, imports, restores and removes');

CREATE TABLE generation_snapshots (
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  line_id      uuid NOT NULL,
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  number       integer NOT NULL,
  note         text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, line_id, name),
  FOREIGN KEY (workspace_id, line_id, number) REFERENCES generations (workspace_id, line_id, number));
CALL make_tenant_table('generation_snapshots', app => 'SELECT, INSERT, DELETE', worker => '', writer => 'gateway');

-- One text that a search made, as often as it lives: its id is made of the line and the text. Scores are those of its newest generation.
CREATE TABLE lineage_candidates (
  candidate_id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  line_id      uuid NOT NULL,
  digest       bytea NOT NULL CHECK (length(digest) = 32),             -- SHA-256 of the text
  text         text NOT NULL,
  first_number integer NOT NULL,
  made_by      text NOT NULL CHECK (length(made_by) BETWEEN 1 AND 100),
  fitness      double precision,
  scores       jsonb NOT NULL DEFAULT '{}',
  evaluations  integer NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (workspace_id, line_id, digest),
  FOREIGN KEY (workspace_id, line_id) REFERENCES generation_lines (workspace_id, line_id));
CALL make_tenant_table('lineage_candidates', app => 'SELECT, INSERT, DELETE, UPDATE (fitness, scores, evaluations)', worker => 'SELECT, INSERT, UPDATE (fitness, scores, evaluations)',
  writer => 'optimizer; the gateway forks, imports and removes');

-- Edges that touch a candidate. A node is (prompt, version), or (candidate, 0).
CREATE TABLE candidate_edges (
  workspace_id  uuid NOT NULL,
  prompt_id     uuid NOT NULL,
  child_id      uuid NOT NULL,
  child_number  integer NOT NULL CHECK (child_number >= 0),
  kind          text NOT NULL CHECK (kind IN ('derived_from', 'mutated_from', 'branch_of', 'crossover_of', 'cherry_picked_from', 'cloned_from', 'compressed_from')),
  parent_id     uuid NOT NULL,
  parent_number integer NOT NULL CHECK (parent_number >= 0),
  job_id        uuid,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (child_number = 0 OR parent_number = 0),
  PRIMARY KEY (workspace_id, child_id, child_number, kind, parent_id, parent_number));
CREATE INDEX candidate_edges_down ON candidate_edges (workspace_id, parent_id, parent_number);
CALL make_tenant_table('candidate_edges', app => 'SELECT, INSERT, DELETE', worker => 'SELECT, INSERT', writer => 'optimizer, gateway');

CREATE INDEX prompt_versions_by_base ON prompt_versions (workspace_id, prompt_id, base_version) WHERE base_version IS NOT NULL;   -- a lineage is walked down too

-- Where a job begins: not at its version alone, but at a generation.
ALTER TABLE optimization_jobs
  ADD COLUMN start_line_id uuid,
  ADD COLUMN start_number  integer,
  ADD CHECK ((start_line_id IS NULL) = (start_number IS NULL));

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Schedules.

CREATE TABLE optimization_schedules (
  schedule_id     uuid PRIMARY KEY,
  workspace_id    uuid NOT NULL,
  prompt_id       uuid NOT NULL,
  slug            text NOT NULL,
  name            text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
  cron            text NOT NULL CHECK (length(cron) BETWEEN 9 AND 200),
  time_zone       text NOT NULL,
  request         jsonb NOT NULL,                                      -- what `POST /v1/optimizations` takes, without the prompt
  month_cap_nusd  bigint NOT NULL CHECK (month_cap_nusd > 0),
  next_at         timestamptz,                                         -- NULL: paused
  paused_at       timestamptz,
  created_by      text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((next_at IS NULL) = (paused_at IS NOT NULL)),
  UNIQUE (workspace_id, schedule_id));
CREATE INDEX optimization_schedules_due ON optimization_schedules (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX optimization_schedules_of_prompt ON optimization_schedules (workspace_id, prompt_id);
CALL make_tenant_table('optimization_schedules', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '', writer => 'gateway');

CREATE TABLE optimization_schedule_runs (                               -- each time that came, once
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  schedule_id  uuid NOT NULL,
  due_at       timestamptz NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  missed       integer NOT NULL DEFAULT 0,                              -- times before it that passed while nobody looked
  job_id       uuid,
  refused      text,                                                    -- why nothing was started
  PRIMARY KEY (workspace_id, schedule_id, due_at),
  FOREIGN KEY (workspace_id, schedule_id) REFERENCES optimization_schedules (workspace_id, schedule_id) ON DELETE CASCADE);
CALL make_tenant_table('optimization_schedule_runs', app => 'SELECT, INSERT, DELETE', worker => '', writer => 'gateway');

CREATE FUNCTION schedules_due(p_most integer) RETURNS TABLE (workspace_id uuid, schedule_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT s.workspace_id, s.schedule_id FROM optimization_schedules s WHERE s.next_at <= clock_timestamp() ORDER BY s.next_at LIMIT p_most $$;
CALL make_lookup_function('schedules_due(integer)', app => true, worker => false);

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Moves of prompts from one model to another.

CREATE TABLE model_migrations (
  migration_id   uuid PRIMARY KEY,
  workspace_id   uuid NOT NULL,
  from_model     text NOT NULL,
  to_model       text NOT NULL,
  status         text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'completed', 'cancelled')),
  search         jsonb,                                                -- method and budget of the optimizations; NULL: only measured
  margin         double precision NOT NULL CHECK (margin BETWEEN 0 AND 1),   -- so much less accurate is as good
  next_look_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by     text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at    timestamptz,
  UNIQUE (workspace_id, migration_id));
CREATE INDEX model_migrations_open ON model_migrations (next_look_at) WHERE status = 'running';
CALL make_tenant_table('model_migrations', app => 'SELECT, INSERT, UPDATE (status, next_look_at, finished_at)', worker => '', writer => 'gateway');

CREATE TABLE model_migration_steps (                                   -- one version of one prompt
  workspace_id   uuid NOT NULL,
  migration_id   uuid NOT NULL,
  prompt_id      uuid NOT NULL,
  slug           text NOT NULL,
  version        integer NOT NULL,
  dataset_id     uuid,                                                 -- what it is measured with; NULL: nothing there to measure with
  split          text,
  repeats        smallint NOT NULL DEFAULT 1,
  state          text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'measuring', 'searching', 'done', 'skipped', 'failed', 'cancelled')),
  outcome        text CHECK (outcome IN ('as_good', 'worse', 'improved', 'not_measured')),
  before_run_id  uuid,
  after_run_id   uuid,
  job_id         uuid,
  suggestion_id  uuid,
  new_version    integer,                                              -- the version with a variant for the successor
  because        text,
  updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, migration_id, prompt_id, version),
  FOREIGN KEY (workspace_id, migration_id) REFERENCES model_migrations (workspace_id, migration_id));
CALL make_tenant_table('model_migration_steps',
  app => 'SELECT, INSERT, UPDATE (state, outcome, before_run_id, after_run_id, job_id, suggestion_id, new_version, because, updated_at)', worker => '', writer => 'gateway');

CREATE FUNCTION model_migrations_due(p_most integer) RETURNS TABLE (workspace_id uuid, migration_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT m.workspace_id, m.migration_id FROM model_migrations m WHERE m.status = 'running' AND m.next_look_at <= clock_timestamp()
   ORDER BY m.next_look_at LIMIT p_most $$;
CALL make_lookup_function('model_migrations_due(integer)', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
