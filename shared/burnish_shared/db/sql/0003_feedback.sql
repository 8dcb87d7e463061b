-- Feedback, what it joins to, rollups, alerts, detectors. Writer of everything here is analytics, save alert_rules and
-- alert_acknowledgements (gateway). Lock order: the ingestion period (shared) -> execution_facts -> feedback_ids -> feedback -> rollups
-- -> label_feedback -> detector_observations -> alerts, each sorted by key.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Raw rows: what is kept of each finished execution. A row that is there has been counted, a row that is not has not.

CREATE TABLE execution_facts (
  execution_id        uuid NOT NULL,
  workspace_id        uuid NOT NULL,
  prompt_id           uuid,
  slug                text NOT NULL,                               -- '' : no registered prompt
  version             integer NOT NULL,                            -- 0 : none
  label               text NOT NULL,                               -- '' : asked for by version
  model               text NOT NULL,
  provider            text NOT NULL,
  app                 text,
  api_key_id          text,
  end_user            text,
  job_id              uuid,
  traffic             text NOT NULL CHECK (traffic IN ('live', 'batch')),
  status              text NOT NULL,
  input_tokens        bigint NOT NULL,
  output_tokens       bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  cost_nusd           bigint NOT NULL,
  latency_ms          bigint NOT NULL,
  first_token_ms      bigint,
  cached              boolean NOT NULL,
  simulated           boolean NOT NULL,
  finished_at         timestamptz NOT NULL,
  PRIMARY KEY (execution_id, workspace_id)) PARTITION BY RANGE (execution_id);
CREATE INDEX ON execution_facts (workspace_id, finished_at);
CALL make_tenant_table('execution_facts', app => '', worker => 'SELECT, INSERT', writer => 'analytics');
CALL make_day_partitions('execution_facts', -1, 7);
CALL make_default_partition('execution_facts');

-- The current reaction of one end user to one target and of one kind: of all that were accepted the one accepted last.
CREATE TABLE feedback (
  workspace_id uuid NOT NULL,
  target_kind  text NOT NULL CHECK (target_kind IN ('execution', 'session')),
  target_id    text NOT NULL,
  end_user     text NOT NULL,                                      -- '' : nobody named
  kind         text NOT NULL,
  execution_id uuid,                                               -- target_id of an execution, else NULL
  feedback_id  uuid,                                               -- NULL only inside the transaction that makes the row
  digest       bytea,
  value        double precision CHECK (value > '-infinity' AND value < 'infinity'),   -- NaN sorts above infinity: refused too
  comment      text,
  correction   text,
  context      jsonb,
  api_key_id   text,
  accepted_at  timestamptz,
  received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  joined_at    timestamptz,                                        -- NULL: not in any rollup yet
  PRIMARY KEY (workspace_id, target_kind, target_id, end_user, kind)) PARTITION BY HASH (workspace_id);
CREATE INDEX feedback_waiting ON feedback (workspace_id, execution_id) WHERE joined_at IS NULL AND execution_id IS NOT NULL;
CALL make_tenant_table('feedback', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');
DO $$ BEGIN
  FOR i IN 0..7 LOOP
    EXECUTE format('CREATE TABLE feedback_%s PARTITION OF feedback FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
    EXECUTE format('ALTER TABLE feedback_%s ENABLE ROW LEVEL SECURITY', i);
    EXECUTE format('ALTER TABLE feedback_%s FORCE ROW LEVEL SECURITY', i);
  END LOOP;
END $$;

-- What a feedback id was first used for. One id names at most one reaction of each kind, all to one target.
CREATE TABLE feedback_ids (
  workspace_id uuid NOT NULL,
  feedback_id  uuid NOT NULL,
  kind         text NOT NULL,
  target_kind  text NOT NULL,
  target_id    text NOT NULL,
  end_user     text NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, feedback_id, kind));
CALL make_tenant_table('feedback_ids', app => '', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- Reactions that another one of the same key has replaced.
CREATE TABLE feedback_history (
  workspace_id uuid NOT NULL,
  target_kind  text NOT NULL,
  target_id    text NOT NULL,
  end_user     text NOT NULL,
  kind         text NOT NULL,
  feedback_id  uuid NOT NULL,
  digest       bytea NOT NULL,
  value        double precision,
  comment      text,
  correction   text,
  context      jsonb,
  api_key_id   text,
  accepted_at  timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, target_kind, target_id, end_user, kind, feedback_id, digest));
CALL make_tenant_table('feedback_history', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- How much feedback still waits for its execution, and how much has waited for more than 7 days (an orphan). Counted by housework.
CREATE TABLE feedback_orphans (
  workspace_id uuid PRIMARY KEY,
  waiting      bigint NOT NULL,
  orphans      bigint NOT NULL,
  counted_at   timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_tenant_table('feedback_orphans', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Rollups: sums and histograms (burnish_shared/measures.py), by the time an execution finished.

CREATE FUNCTION add_histograms(a integer[], b integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT coalesce(u.x, 0) + coalesce(u.y, 0) FROM unnest(a, b) WITH ORDINALITY u(x, y, o) ORDER BY u.o);

CREATE TABLE rollups (
  workspace_id        uuid NOT NULL,
  grain               text NOT NULL,
  bucket              timestamptz NOT NULL,
  slug                text NOT NULL,
  version             integer NOT NULL,
  label               text NOT NULL,
  model               text NOT NULL,
  traffic             text NOT NULL,
  executions          bigint NOT NULL,
  successes           bigint NOT NULL,
  errors              bigint NOT NULL,
  timeouts            bigint NOT NULL,
  rate_limited        bigint NOT NULL,
  cancelled           bigint NOT NULL,
  blocked             bigint NOT NULL,
  cached              bigint NOT NULL,
  simulated           bigint NOT NULL,
  input_tokens        bigint NOT NULL,
  output_tokens       bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  cost_nusd           bigint NOT NULL,
  latency_sum_ms      bigint NOT NULL,
  reactions           bigint NOT NULL,
  thumbs_up           bigint NOT NULL,
  thumbs_down         bigint NOT NULL,
  scores              bigint NOT NULL,
  score_sum_micro     bigint NOT NULL,
  latency             integer[] NOT NULL,
  first_token         integer[] NOT NULL,
  PRIMARY KEY (workspace_id, grain, bucket, slug, version, label, model, traffic)) PARTITION BY LIST (grain);
CALL make_tenant_table('rollups', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');
DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['minute', 'hour', 'day'] LOOP
    EXECUTE format('CREATE TABLE rollups_%s PARTITION OF rollups FOR VALUES IN (%L) WITH (fillfactor = 70)', one, one);
    EXECUTE format('ALTER TABLE rollups_%s ENABLE ROW LEVEL SECURITY', one);
    EXECUTE format('ALTER TABLE rollups_%s FORCE ROW LEVEL SECURITY', one);
  END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Alerts. A rule with slug '' is the workspace's own default; absent columns fall back to it, then to the code.

CREATE TABLE alert_rules (
  workspace_id  uuid NOT NULL,
  slug          text NOT NULL,
  enabled       boolean NOT NULL DEFAULT true,
  min_samples   integer CHECK (min_samples BETWEEN 10 AND 1000000),
  target_ratio  double precision CHECK (target_ratio > 0 AND target_ratio < 1),
  min_drop_ratio double precision CHECK (min_drop_ratio > 0 AND min_drop_ratio < 1),
  muted_until   timestamptz,
  updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, slug));
CALL make_tenant_table('alert_rules', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT', writer => 'gateway');

CREATE TABLE alerts (
  alert_id     uuid NOT NULL,
  workspace_id uuid NOT NULL,
  incident_key text NOT NULL,                                      -- one open alert per incident
  kind         text NOT NULL CHECK (kind IN ('feedback_threshold', 'degradation')),
  metric       text NOT NULL,
  slug         text NOT NULL,
  label        text NOT NULL,
  version      integer NOT NULL,
  summary      text NOT NULL,
  before       jsonb NOT NULL,
  after        jsonb NOT NULL,
  changed      jsonb NOT NULL,
  simulated    boolean NOT NULL,
  muted        boolean NOT NULL DEFAULT false,
  raised_at    timestamptz NOT NULL,
  resolved_at  timestamptz,
  resolution   text,
  PRIMARY KEY (workspace_id, alert_id));
CREATE UNIQUE INDEX alerts_open ON alerts (workspace_id, incident_key) WHERE resolved_at IS NULL;
CALL make_tenant_table('alerts', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

CREATE TABLE alert_acknowledgements (
  workspace_id    uuid NOT NULL,
  alert_id        uuid NOT NULL,
  acknowledged_by text NOT NULL,
  acknowledged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, alert_id),
  FOREIGN KEY (workspace_id, alert_id) REFERENCES alerts);
CALL make_tenant_table('alert_acknowledgements', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');

-- What feedback says of one version as one label served it, and what was told of it (core/threshold.py).
CREATE TABLE label_feedback (
  workspace_id    uuid NOT NULL,
  slug            text NOT NULL,
  label           text NOT NULL,
  version         integer NOT NULL,
  samples         bigint NOT NULL DEFAULT 0,
  satisfied_micro bigint NOT NULL DEFAULT 0,
  simulated       boolean NOT NULL DEFAULT false,
  samples_told    boolean NOT NULL DEFAULT false,
  is_below        boolean NOT NULL DEFAULT false,
  is_retired      boolean NOT NULL DEFAULT false,
  resolved_at     timestamptz,
  recheck_at      timestamptz,
  evaluated_at    timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (workspace_id, slug, label, version)) WITH (fillfactor = 50);
CALL make_tenant_table('label_feedback', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- What came in during one period of ingestion, until the detectors have read it (then the row goes).
CREATE TABLE detector_observations (
  workspace_id       uuid NOT NULL,
  slug               text NOT NULL,
  label              text NOT NULL,
  version            integer NOT NULL,
  period             timestamptz NOT NULL,
  executions         bigint NOT NULL,
  failures           bigint NOT NULL,
  latency            integer[] NOT NULL,
  cost               integer[] NOT NULL,
  samples            bigint NOT NULL,
  satisfied_micro    bigint NOT NULL,
  simulated          boolean NOT NULL,
  last_finished_at   timestamptz,                                  -- newest execution seen; NULL: only feedback came
  PRIMARY KEY (workspace_id, slug, label, version, period)) WITH (fillfactor = 50);
CREATE INDEX ON detector_observations (period, workspace_id);
CALL make_tenant_table('detector_observations', app => '', worker => 'SELECT, INSERT, UPDATE, DELETE', writer => 'analytics');

CREATE TABLE detector_states (
  workspace_id uuid NOT NULL,
  slug         text NOT NULL,
  label        text NOT NULL,
  version      integer NOT NULL,                                   -- what the label serves now, as far as executions show
  state        jsonb NOT NULL,                                     -- by metric (core/degradation.py)
  seen_through timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, slug, label));
CALL make_tenant_table('detector_states', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Looking across workspaces: ids only.

-- The period of ingestion to write observations into, held shared until the commit. Whoever closes a period takes it exclusively.
-- 64 locks stand for all periods: two periods that share one only make somebody wait.
CREATE FUNCTION enter_period(p_length_ms bigint) RETURNS timestamptz LANGUAGE plpgsql VOLATILE SET search_path = burnish, pg_temp AS $$
DECLARE n bigint;
BEGIN
  -- Everything in such a transaction is looked up by key. Else a plan that was made and kept while a table was small reads all of it
  -- once it is large (measured: 17 ms instead of 2 for one reaction among 20,000).
  PERFORM set_config(one, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) one;
  LOOP
    n := (extract(epoch FROM clock_timestamp()) * 1000)::bigint / p_length_ms;
    PERFORM pg_advisory_xact_lock_shared(hashtext('burnish.ingestion_period'), (n % 64)::integer);
    IF (extract(epoch FROM clock_timestamp()) * 1000)::bigint / p_length_ms = n THEN RETURN to_timestamp(n * p_length_ms / 1000.0); END IF;
  END LOOP;
END $$;

-- Waits until no transaction writes into a period that has ended; what such periods hold is then final. Returns the start of the first
-- period that has not ended. Call it in a transaction of its own: the locks go with it.
CREATE FUNCTION close_periods(p_length_ms bigint) RETURNS timestamptz LANGUAGE plpgsql VOLATILE SET search_path = burnish, pg_temp AS $$
DECLARE n bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint / p_length_ms;
BEGIN
  FOR k IN 1..63 LOOP
    PERFORM pg_advisory_xact_lock(hashtext('burnish.ingestion_period'), ((n - k) % 64)::integer);
  END LOOP;
  RETURN to_timestamp(n * p_length_ms / 1000.0);
END $$;
REVOKE ALL ON FUNCTION enter_period(bigint), close_periods(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_period(bigint), close_periods(bigint) TO burnish_worker;

CREATE FUNCTION observed_workspaces(p_before timestamptz) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT DISTINCT o.workspace_id FROM detector_observations o WHERE o.period < p_before ORDER BY 1 $$;

-- Feedback that waits although its execution is here: what both sides of the join missed.
CREATE FUNCTION joinable_feedback(p_days integer, p_most integer) RETURNS TABLE (workspace_id uuid, execution_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT DISTINCT f.workspace_id, f.execution_id FROM feedback f
   WHERE f.joined_at IS NULL AND f.execution_id IS NOT NULL AND f.received_at > clock_timestamp() - p_days * interval '1 day'
     AND EXISTS (SELECT FROM execution_facts e WHERE e.execution_id = f.execution_id AND e.workspace_id = f.workspace_id)
   LIMIT p_most $$;

CREATE FUNCTION waiting_counts(p_days integer) RETURNS TABLE (workspace_id uuid, waiting bigint, orphans bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT coalesce(f.workspace_id, o.workspace_id), coalesce(f.waiting, 0), coalesce(f.orphans, 0)
    FROM (SELECT f.workspace_id, count(*) AS waiting, count(*) FILTER (WHERE f.received_at < clock_timestamp() - p_days * interval '1 day') AS orphans
            FROM feedback f WHERE f.joined_at IS NULL AND f.execution_id IS NOT NULL GROUP BY 1) f
    FULL JOIN feedback_orphans o ON o.workspace_id = f.workspace_id
   WHERE (o.waiting, o.orphans) IS DISTINCT FROM (coalesce(f.waiting, 0), coalesce(f.orphans, 0)) $$;

CREATE FUNCTION waiting_totals() RETURNS TABLE (waiting bigint, orphans bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT coalesce(sum(o.waiting), 0)::bigint, coalesce(sum(o.orphans), 0)::bigint FROM feedback_orphans o $$;

-- What must be judged again although no feedback came: a cooldown is over, or a rule has changed since.
CREATE FUNCTION label_feedback_due(p_most integer) RETURNS TABLE (workspace_id uuid, slug text, label text, version integer) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT l.workspace_id, l.slug, l.label, l.version FROM label_feedback l
   WHERE l.recheck_at <= clock_timestamp()
      OR EXISTS (SELECT FROM alert_rules r WHERE r.workspace_id = l.workspace_id AND r.slug IN (l.slug, '') AND r.updated_at > l.evaluated_at)
   LIMIT p_most $$;

CREATE FUNCTION counted_workspaces() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id FROM workspaces w ORDER BY 1 $$;

CALL make_lookup_function('observed_workspaces(timestamptz)', app => false, worker => true);
CALL make_lookup_function('joinable_feedback(integer, integer)', app => false, worker => true);
CALL make_lookup_function('waiting_counts(integer)', app => false, worker => true);
CALL make_lookup_function('waiting_totals()', app => false, worker => true);
CALL make_lookup_function('label_feedback_due(integer)', app => false, worker => true);
CALL make_lookup_function('counted_workspaces()', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
