-- More of what can be added up: figures by app, key and provider, named metrics, distinct end users; and recounts that were made.
-- Lock order: ... -> rollups -> rollup_sets -> rollup_metrics -> rollup_end_users -> label_feedback ..., each sorted by key.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE execution_facts ADD COLUMN provider_key_id uuid;

-- The same sums as `rollups`, by one more dimension and without the others; by hour and day. '' : none was named.
CREATE TABLE rollup_sets (
  workspace_id        uuid NOT NULL,
  grain               text NOT NULL CHECK (grain IN ('hour', 'day')),
  bucket              timestamptz NOT NULL,
  dimension           text NOT NULL CHECK (dimension IN ('app', 'api_key', 'provider', 'provider_key')),
  value               text NOT NULL,
  slug                text NOT NULL,
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
  PRIMARY KEY (workspace_id, grain, bucket, dimension, value, slug, traffic)) WITH (fillfactor = 70);
CALL make_tenant_table('rollup_sets', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- Reactions with a named metric. `positives`: those above zero. The sum is exact, so that what was added can be taken back.
CREATE TABLE rollup_metrics (
  workspace_id uuid NOT NULL,
  grain        text NOT NULL CHECK (grain IN ('minute', 'hour', 'day')),
  bucket       timestamptz NOT NULL,
  metric       text NOT NULL,
  slug         text NOT NULL,
  version      integer NOT NULL,
  label        text NOT NULL,
  model        text NOT NULL,
  traffic      text NOT NULL,
  reactions    bigint NOT NULL,
  positives    bigint NOT NULL,
  total        numeric NOT NULL,
  PRIMARY KEY (workspace_id, grain, bucket, metric, slug, version, label, model, traffic)) WITH (fillfactor = 70);
CALL make_tenant_table('rollup_metrics', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- Sketches of live end users (burnish_shared/distinct.py), of a prompt and, as slug '*', of the whole workspace. They name nobody.
CREATE TABLE rollup_end_users (
  workspace_id uuid NOT NULL,
  grain        text NOT NULL CHECK (grain IN ('hour', 'day')),
  bucket       timestamptz NOT NULL,
  slug         text NOT NULL,
  sketch       bytea NOT NULL CHECK (length(sketch) = 4096),
  PRIMARY KEY (workspace_id, grain, bucket, slug)) WITH (fillfactor = 70);
CALL make_tenant_table('rollup_end_users', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- Recounts: those of the night, and those that somebody asked for. `differences`: the first of them; `difference_count` is all.
CREATE TABLE recounts (
  recount_id       uuid NOT NULL,
  workspace_id     uuid NOT NULL,
  requested_by     text NOT NULL,                                  -- 'nightly', or who asked
  range_start      timestamptz NOT NULL,
  range_end        timestamptz NOT NULL CHECK (range_end > range_start),
  status           text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'completed', 'failed')),
  counted_from     timestamptz,                                    -- later than range_start: raw rows of the days before are forgotten
  differences      jsonb NOT NULL DEFAULT '[]',
  difference_count bigint NOT NULL DEFAULT 0,
  uncounted        bigint NOT NULL DEFAULT 0,
  requested_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at      timestamptz,
  attempts         integer NOT NULL DEFAULT 0,
  claimed_until    timestamptz,                                    -- whoever makes it has until then; later another may
  PRIMARY KEY (workspace_id, recount_id));
CREATE UNIQUE INDEX recounts_nightly ON recounts (workspace_id, range_end) WHERE requested_by = 'nightly';
CREATE INDEX recounts_pending ON recounts (requested_at) WHERE status = 'pending';
CALL make_tenant_table('recounts', app => 'SELECT, INSERT', worker => 'SELECT, INSERT, UPDATE', writer => 'gateway inserts, analytics does the work');

-- The recount that waits longest and that nobody is at, for p_lease_s; none: no row. One whose p_attempts came to nothing, with whoever
-- was at it gone, has failed.
CREATE FUNCTION claim_recount(p_lease_s integer, p_attempts integer) RETURNS TABLE (workspace_id uuid, recount_id uuid) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE recounts r SET status = 'failed', finished_at = clock_timestamp()
   WHERE r.status = 'pending' AND r.attempts >= p_attempts AND r.claimed_until < clock_timestamp();
  RETURN QUERY
    UPDATE recounts r SET attempts = r.attempts + 1, claimed_until = clock_timestamp() + p_lease_s * interval '1 second'
      FROM (SELECT x.workspace_id, x.recount_id FROM recounts x
             WHERE x.status = 'pending' AND x.attempts < p_attempts AND coalesce(x.claimed_until < clock_timestamp(), true)
             ORDER BY x.requested_at LIMIT 1 FOR UPDATE SKIP LOCKED) o
     WHERE r.workspace_id = o.workspace_id AND r.recount_id = o.recount_id RETURNING r.workspace_id, r.recount_id;
END $$;
GRANT UPDATE ON recounts TO burnish_lookup;
CALL make_lookup_function('claim_recount(integer, integer)', app => false, worker => true);

-- Workspaces that had executions on the day before p_midnight and were not recounted since then.
CREATE FUNCTION nightly_recounts_due(p_midnight timestamptz, p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT DISTINCT l.workspace_id FROM rollups l
   WHERE l.grain = 'day' AND l.bucket = p_midnight - interval '1 day'
     AND NOT EXISTS (SELECT FROM recounts r WHERE r.workspace_id = l.workspace_id AND r.requested_by = 'nightly' AND r.range_end = p_midnight)
   ORDER BY 1 LIMIT p_most $$;
CALL make_lookup_function('nightly_recounts_due(timestamptz, integer)', app => false, worker => true);

-- Rollups live 25 months (those of 0003 go in forget_answers), recounts 90 days. Up to p_most rows of each; returns how many. 0: all done.
CREATE FUNCTION forget_rollups(p_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n bigint; done bigint := 0; old constant timestamptz := clock_timestamp() - interval '25 months'; one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['rollup_sets', 'rollup_metrics', 'rollup_end_users'] LOOP
    EXECUTE format('DELETE FROM %1$I WHERE ctid IN (SELECT ctid FROM %1$I WHERE bucket < $1 LIMIT $2)', one) USING old, p_most;
    GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  END LOOP;
  DELETE FROM recounts r WHERE r.ctid IN (SELECT x.ctid FROM recounts x WHERE x.finished_at < clock_timestamp() - interval '90 days' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;
GRANT DELETE ON rollup_sets, rollup_metrics, rollup_end_users, recounts TO burnish_lookup;
CALL make_lookup_function('forget_rollups(integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
