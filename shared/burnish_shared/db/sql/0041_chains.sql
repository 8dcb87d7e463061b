-- Chains: steps that run prompts, in versions and with labels like prompts, and their runs. A run is a claimed row (gateway/chains/run_chain.py):
-- who holds the lease with the newest fence writes; each step is an execution of its own, whose id is written before it is admitted.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE chains (
  chain_id       uuid PRIMARY KEY,
  workspace_id   uuid NOT NULL REFERENCES workspaces,
  slug           text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description    text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  folder         text NOT NULL DEFAULT '' CHECK (length(folder) <= 700),
  tags           text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  latest_version integer NOT NULL CHECK (latest_version >= 1),
  created_by     text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  archived_at    timestamptz,                                      -- it cannot be run or changed any more; its slug and history stay
  UNIQUE (workspace_id, slug),
  UNIQUE (workspace_id, chain_id));
CALL make_tenant_table('chains', worker => '', writer => 'gateway',
  app => 'SELECT, INSERT, UPDATE (name, description, folder, tags, latest_version, updated_at, archived_at)');

CREATE TABLE chain_versions (
  workspace_id   uuid NOT NULL,
  chain_id       uuid NOT NULL,
  version        integer NOT NULL CHECK (version >= 1),
  content        json NOT NULL CHECK (jsonb_typeof(content::jsonb) = 'object'),   -- json: fields stay in the order in which they were written
  content_hash   bytea NOT NULL CHECK (length(content_hash) = 32),
  base_version   integer,
  change_message text NOT NULL DEFAULT '' CHECK (length(change_message) <= 2000),
  author         text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, chain_id, version),
  UNIQUE (workspace_id, chain_id, content_hash),
  FOREIGN KEY (workspace_id, chain_id) REFERENCES chains (workspace_id, chain_id));
CALL make_tenant_table('chain_versions', app => 'SELECT, INSERT', worker => '', writer => 'gateway');

CREATE TABLE chain_labels (
  workspace_id uuid NOT NULL,
  chain_id     uuid NOT NULL,
  label        text NOT NULL CHECK (label ~ '^[a-z][a-z0-9_-]{0,62}$' AND label <> 'latest'),
  version      integer NOT NULL,
  moved_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, chain_id, label),
  FOREIGN KEY (workspace_id, chain_id, version) REFERENCES chain_versions (workspace_id, chain_id, version));
CALL make_tenant_table('chain_labels', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '', writer => 'gateway');

CREATE TABLE chain_label_moves (
  move_id      uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  chain_id     uuid NOT NULL,
  label        text NOT NULL,
  from_version integer,                                            -- NULL: the label is new
  to_version   integer,                                            -- NULL: it was removed
  reason       text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
  author       text NOT NULL,
  moved_at     timestamptz NOT NULL,
  FOREIGN KEY (workspace_id, chain_id) REFERENCES chains (workspace_id, chain_id));
CREATE INDEX chain_label_moves_by_label ON chain_label_moves (workspace_id, chain_id, label, move_id DESC);
CALL make_tenant_table('chain_label_moves', app => 'SELECT, INSERT', worker => '', writer => 'gateway');

CREATE TABLE chain_runs (
  run_id           uuid PRIMARY KEY,
  workspace_id     uuid NOT NULL REFERENCES workspaces,
  chain_id         uuid NOT NULL,
  slug             text NOT NULL,
  version          integer NOT NULL,
  label            text,                                           -- by which it was reached
  background       boolean NOT NULL,
  status           text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'success', 'error', 'timeout', 'rate_limited', 'cancelled', 'blocked')),
  keeps_text       boolean NOT NULL,                               -- false: the workspace stores none; what is needed lies in the memory of who runs it
  variables        jsonb,
  output           jsonb,
  error            jsonb,
  failed_step      text,
  deadline_at      timestamptz NOT NULL,
  cancel_requested boolean NOT NULL DEFAULT false,
  fence            integer NOT NULL DEFAULT 0,                     -- grows with each claim: who holds an older one writes nothing any more
  leased_by        text,
  leased_until     timestamptz,
  end_user         text,
  session_id       text,
  app              text,
  metadata         jsonb NOT NULL DEFAULT '{}',
  actor            text NOT NULL,
  api_key_id       uuid,
  first_key_id     uuid,                                           -- the key of its line that budgets name
  user_id          uuid,
  traceparent      text NOT NULL,                                  -- the trace that all steps belong to
  request_id       text NOT NULL DEFAULT '',
  hops             integer NOT NULL DEFAULT 0,
  spent_nusd       bigint NOT NULL DEFAULT 0,
  simulated        boolean NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at      timestamptz,
  UNIQUE (workspace_id, run_id));
CREATE INDEX chain_runs_newest ON chain_runs (workspace_id, run_id DESC);
CREATE INDEX chain_runs_of_chain ON chain_runs (workspace_id, slug, run_id DESC);
CREATE INDEX chain_runs_finished ON chain_runs (workspace_id, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX chain_runs_of_user ON chain_runs (workspace_id, end_user) WHERE end_user IS NOT NULL;
CREATE INDEX chain_runs_open ON chain_runs (run_id) WHERE status IN ('queued', 'running');
CALL make_tenant_table('chain_runs', app => 'SELECT, INSERT, UPDATE', worker => '', writer => 'gateway');

-- A step that ran a prompt. The execution id is chosen once and written before it is admitted, so whoever goes on after a crash finds the answer
-- in the books, or takes the execution over under the next fence.
CREATE TABLE chain_run_steps (
  workspace_id uuid NOT NULL,
  run_id       uuid NOT NULL,
  step         text NOT NULL,
  status       text,                                               -- of its execution; NULL: under way
  execution_id uuid NOT NULL,
  attempt      smallint NOT NULL DEFAULT 1,
  slug         text NOT NULL,
  version      integer,
  model        text,
  result       jsonb,                                              -- what the next steps need of it; NULL when the run is over
  error        jsonb,
  spent_nusd   bigint NOT NULL DEFAULT 0,                          -- all attempts together
  simulated    boolean NOT NULL DEFAULT false,
  started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at  timestamptz,
  PRIMARY KEY (workspace_id, run_id, step),
  FOREIGN KEY (workspace_id, run_id) REFERENCES chain_runs (workspace_id, run_id) ON DELETE CASCADE);
CALL make_tenant_table('chain_run_steps', app => 'SELECT, INSERT, UPDATE', worker => '', writer => 'gateway');

-- Runs that nobody works on: those of workspaces with the fewest under way first, then the oldest.
CREATE FUNCTION claim_chain_runs(p_worker text, p_lease_s integer, p_most integer)
RETURNS TABLE (run_id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH busy AS (
    SELECT r.workspace_id AS ws, count(*) AS n FROM chain_runs r WHERE r.status = 'running' AND r.leased_until >= clock_timestamp() GROUP BY 1),
  due AS (
    SELECT r.run_id AS one FROM chain_runs r LEFT JOIN busy ON busy.ws = r.workspace_id
     WHERE r.status IN ('queued', 'running') AND (r.leased_until IS NULL OR r.leased_until < clock_timestamp())
     ORDER BY coalesce(busy.n, 0), r.run_id LIMIT p_most FOR UPDATE OF r SKIP LOCKED)
  UPDATE chain_runs r SET status = 'running', fence = r.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    FROM due WHERE r.run_id = due.one RETURNING r.run_id, r.workspace_id, r.fence;
END $$;
-- Of those that this worker holds: what is wished. `p_renew`: their leases begin anew.
CREATE FUNCTION look_at_chain_runs(p_worker text, p_lease_s integer, p_renew boolean)
RETURNS TABLE (run_id uuid, fence integer, cancel_requested boolean) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  IF p_renew THEN
    UPDATE chain_runs r SET leased_until = clock_timestamp() + p_lease_s * interval '1 second' WHERE r.leased_by = p_worker AND r.status = 'running';
  END IF;
  RETURN QUERY SELECT r.run_id, r.fence, r.cancel_requested FROM chain_runs r WHERE r.status IN ('queued', 'running') AND r.leased_by = p_worker;
END $$;
-- A worker that ends lets go of what it holds.
CREATE FUNCTION release_chain_runs(p_worker text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer;
BEGIN
  UPDATE chain_runs r SET leased_until = NULL WHERE r.leased_by = p_worker AND r.status = 'running';
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
GRANT UPDATE ON chain_runs TO burnish_lookup;
CALL make_lookup_function('claim_chain_runs(text, integer, integer)', app => true, worker => false);
CALL make_lookup_function('look_at_chain_runs(text, integer, boolean)', app => true, worker => false);
CALL make_lookup_function('release_chain_runs(text)', app => true, worker => false);

-- Texts and persons of runs that ended before the workspace's days, and whole runs after p_numbers_days. 0: all done.
CREATE FUNCTION forget_chain_runs(p_ws uuid, p_numbers_days integer, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; done integer := 0; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  DELETE FROM chain_runs r WHERE r.workspace_id = p_ws AND r.run_id IN (
    SELECT x.run_id FROM chain_runs x WHERE x.workspace_id = p_ws AND x.finished_at < clock_timestamp() - p_numbers_days * interval '1 day' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  UPDATE chain_runs r SET keeps_text = false, variables = NULL, output = NULL, error = r.error - 'message', end_user = NULL, session_id = NULL, metadata = '{}'
   WHERE r.workspace_id = p_ws AND r.run_id IN (
    SELECT x.run_id FROM chain_runs x WHERE x.workspace_id = p_ws AND x.finished_at < cutoff
       AND (x.keeps_text OR x.variables IS NOT NULL OR x.output IS NOT NULL OR x.end_user IS NOT NULL OR x.session_id IS NOT NULL OR x.metadata <> '{}' OR x.error ? 'message')
     LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  UPDATE chain_run_steps s SET result = NULL, error = s.error - 'message'
    FROM chain_runs r WHERE r.workspace_id = p_ws AND r.finished_at < cutoff AND s.workspace_id = p_ws AND s.run_id = r.run_id AND (s.result IS NOT NULL OR s.error ? 'message');
  RETURN done;
END $$;

-- The same of the person of an erasure, at whatever age; one under way is cancelled, and keeps nothing when it ends. 0: all done.
CREATE FUNCTION erase_chain_runs(p_erasure uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; n integer; v_inner bytea; v_outer bytea; v_runs uuid[];
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL THEN RETURN 0; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  WITH hits AS (
    SELECT r.run_id FROM chain_runs r
     WHERE r.workspace_id = e.workspace_id AND r.end_user IS NOT NULL AND r.created_at < e.requested_at
       AND keyed_hash(v_inner, v_outer, r.end_user) = e.subject_digest LIMIT p_most),
  gone AS (
    UPDATE chain_runs r SET keeps_text = false, variables = NULL, output = NULL, error = r.error - 'message', end_user = NULL, session_id = NULL, metadata = '{}',
           cancel_requested = cancel_requested OR status IN ('queued', 'running')
      FROM hits h WHERE r.workspace_id = e.workspace_id AND r.run_id = h.run_id RETURNING r.run_id)
  SELECT array_agg(run_id) INTO v_runs FROM gone;
  n := coalesce(cardinality(v_runs), 0);
  UPDATE chain_run_steps s SET result = NULL, error = s.error - 'message' WHERE s.workspace_id = e.workspace_id AND s.run_id = ANY (v_runs);
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'chain_runs', n) WHERE erasure_id = p_erasure; END IF;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION forget_chain_runs(uuid, integer, integer), erase_chain_runs(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_chain_runs(uuid, integer, integer), erase_chain_runs(uuid, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
