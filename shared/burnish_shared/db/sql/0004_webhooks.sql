-- Webhooks: what customers configure (gateway), what is to be sent and what came of it (webhooks service).
-- Lock order: the endpoint's state row before any of its deliveries.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE webhook_endpoints (
  endpoint_id            uuid PRIMARY KEY,
  workspace_id           uuid NOT NULL REFERENCES workspaces,
  url                    text NOT NULL CHECK (length(url) <= 2048),
  description            text NOT NULL DEFAULT '',
  events                 text[] NOT NULL,
  filters                jsonb NOT NULL DEFAULT '{}',
  secret_sealed          bytea NOT NULL,                           -- AES-256-GCM, bound to workspace and endpoint
  previous_secret_sealed bytea,
  previous_secret_until  timestamptz,                              -- the old secret signs too until then
  paused                 boolean NOT NULL DEFAULT false,
  enabled_at             timestamptz NOT NULL DEFAULT clock_timestamp(), -- a disablement before this is over
  deleted_at             timestamptz,
  created_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at             timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON webhook_endpoints (workspace_id, endpoint_id);
CALL make_tenant_table('webhook_endpoints', app => 'SELECT, INSERT, UPDATE', worker => 'SELECT', writer => 'gateway');

-- Whose turn it is, and how an endpoint does. One row per endpoint that ever had a delivery; claims take turns by it and lock it.
CREATE TABLE webhook_endpoint_states (
  endpoint_id          uuid PRIMARY KEY,
  workspace_id         uuid NOT NULL,
  due_at               timestamptz NOT NULL DEFAULT 'infinity',    -- look for due deliveries then; never later than the first of them may go
  served_at            timestamptz NOT NULL DEFAULT '-infinity',
  consecutive_failures integer NOT NULL DEFAULT 0,
  openings             integer NOT NULL DEFAULT 0,
  opened_until         timestamptz,                                -- breaker: open until then, half-open after
  failing_since        timestamptz,
  failed_events        integer NOT NULL DEFAULT 0,
  disabled_at          timestamptz,
  disabled_reason      text,
  delivered_count      bigint NOT NULL DEFAULT 0,
  failed_count         bigint NOT NULL DEFAULT 0,
  last_delivered_at    timestamptz)
  WITH (fillfactor = 50, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX ON webhook_endpoint_states (due_at) WHERE due_at < 'infinity';
CREATE INDEX ON webhook_endpoint_states (workspace_id);
CALL make_tenant_table('webhook_endpoint_states', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'webhooks');
GRANT UPDATE ON webhook_endpoint_states TO burnish_lookup;

CREATE TABLE webhook_deliveries (                                  -- one row for each event and endpoint, kept 30 days
  event_id        uuid NOT NULL,
  endpoint_id     uuid NOT NULL,
  workspace_id    uuid NOT NULL,
  event_type      text NOT NULL,
  body            bytea NOT NULL,                                  -- the bytes that are signed and sent
  hops            smallint NOT NULL DEFAULT 0,
  status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'exhausted', 'cancelled')),
  reason          text,                                            -- of an end that is no delivery
  failed_attempts integer NOT NULL DEFAULT 0,                      -- since it was made or last replayed: its place in the schedule
  claims          integer NOT NULL DEFAULT 0,                      -- fence, and number of the attempt
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- while leased: when the lease ends
  leased_until    timestamptz,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at      timestamptz,
  PRIMARY KEY (event_id, endpoint_id)) PARTITION BY RANGE (event_id);
CREATE INDEX ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX ON webhook_deliveries (endpoint_id) WHERE leased_until IS NOT NULL;
CREATE INDEX ON webhook_deliveries (workspace_id) WHERE leased_until IS NOT NULL;
CREATE INDEX ON webhook_deliveries (workspace_id, created_at, event_id, endpoint_id);
CALL make_tenant_table('webhook_deliveries', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'webhooks');
GRANT UPDATE ON webhook_deliveries TO burnish_lookup;
CALL make_day_partitions('webhook_deliveries', -1, 7);
CALL make_default_partition('webhook_deliveries');

CREATE TABLE webhook_attempts (
  event_id         uuid NOT NULL,
  endpoint_id      uuid NOT NULL,
  number           integer NOT NULL,                               -- of the claim; a number is missing where a process died before it could say more
  workspace_id     uuid NOT NULL,
  url              text NOT NULL,
  started_at       timestamptz NOT NULL,
  duration_ms      integer NOT NULL,
  status_code      integer,                                        -- null: no answer came
  error_class      text,                                           -- null: delivered
  response_snippet text,
  PRIMARY KEY (event_id, endpoint_id, number)) PARTITION BY RANGE (event_id);
CALL make_tenant_table('webhook_attempts', app => 'SELECT', worker => 'SELECT, INSERT', writer => 'webhooks');
CALL make_day_partitions('webhook_attempts', -1, 7);
CALL make_default_partition('webhook_attempts');

CREATE TABLE webhook_replays (                                     -- wishes to send again; the gateway asks, the webhooks service answers in done_at
  replay_id    uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  event_id     uuid NOT NULL,
  endpoint_id  uuid NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at      timestamptz,
  outcome      text);
CREATE INDEX ON webhook_replays (requested_at) WHERE done_at IS NULL;
CREATE INDEX ON webhook_replays (workspace_id, replay_id);
CALL make_tenant_table('webhook_replays', app => 'SELECT, INSERT', worker => 'SELECT, UPDATE', writer => 'gateway, and webhooks for done_at and outcome');

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Across workspaces.

-- Takes up to p_limit due deliveries for one lease, in turns: the endpoint that waited longest of each workspace first, then the second of each.
-- An endpoint has at most p_per_endpoint under way, by any process (its state row is locked meanwhile), and one when its breaker is half-open.
-- p_per_workspace holds for one caller at a time; processes that claim in the same instant may pass it by one batch.
-- A lease that ran out is due again by itself: next_attempt_at was set to its end.
CREATE FUNCTION claim_webhook_deliveries(p_limit integer, p_lease_ms integer, p_per_endpoint integer, p_per_workspace integer)
RETURNS TABLE (workspace_id uuid, event_id uuid, endpoint_id uuid, claim_no integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t timestamptz := clock_timestamp();
  lease_end timestamptz := t + p_lease_ms * interval '1 millisecond';
  turn record; left_over integer := p_limit; room integer; taken integer; endpoint_busy integer; workspace_busy integer; later timestamptz;
BEGIN
  FOR turn IN
    SELECT s.endpoint_id, s.workspace_id, s.opened_until
      FROM (SELECT s.endpoint_id, s.workspace_id, s.opened_until, s.served_at,
                   row_number() OVER (PARTITION BY s.workspace_id ORDER BY s.served_at, s.endpoint_id) AS place
              FROM webhook_endpoint_states s JOIN webhook_endpoints e ON e.endpoint_id = s.endpoint_id
             WHERE s.due_at <= t AND (s.opened_until IS NULL OR s.opened_until <= t) AND NOT e.paused AND e.deleted_at IS NULL
               AND (s.disabled_at IS NULL OR s.disabled_at <= e.enabled_at)) s
     ORDER BY s.place, s.served_at, s.endpoint_id LIMIT p_limit
  LOOP
    EXIT WHEN left_over <= 0;
    PERFORM FROM webhook_endpoint_states s WHERE s.endpoint_id = turn.endpoint_id AND s.due_at <= t FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    SELECT count(*) INTO endpoint_busy FROM webhook_deliveries d WHERE d.endpoint_id = turn.endpoint_id AND d.leased_until > t;
    SELECT count(*) INTO workspace_busy FROM webhook_deliveries d WHERE d.workspace_id = turn.workspace_id AND d.leased_until > t;
    room := least(CASE WHEN turn.opened_until IS NULL THEN p_per_endpoint ELSE 1 END - endpoint_busy, p_per_workspace - workspace_busy, left_over);
    taken := 0;
    IF room > 0 THEN
      RETURN QUERY
        UPDATE webhook_deliveries d SET leased_until = lease_end, next_attempt_at = lease_end, claims = d.claims + 1
          FROM (SELECT q.event_id FROM webhook_deliveries q
                 WHERE q.endpoint_id = turn.endpoint_id AND q.status = 'pending' AND q.next_attempt_at <= t
                 ORDER BY q.next_attempt_at LIMIT room FOR UPDATE SKIP LOCKED) due
         WHERE d.event_id = due.event_id AND d.endpoint_id = turn.endpoint_id
        RETURNING d.workspace_id, d.event_id, d.endpoint_id, d.claims;
      GET DIAGNOSTICS taken = ROW_COUNT;
      left_over := left_over - taken;
    END IF;
    SELECT min(q.next_attempt_at) INTO later FROM webhook_deliveries q WHERE q.endpoint_id = turn.endpoint_id AND q.status = 'pending';
    later := CASE
      WHEN later IS NULL THEN 'infinity'
      WHEN endpoint_busy + taken >= CASE WHEN turn.opened_until IS NULL THEN p_per_endpoint ELSE 1 END
        THEN lease_end                                             -- full: settling one brings the turn forward
      WHEN workspace_busy + taken >= p_per_workspace THEN t + interval '250 milliseconds'
      ELSE later END;
    UPDATE webhook_endpoint_states s SET due_at = later, served_at = CASE WHEN taken > 0 THEN t ELSE s.served_at END WHERE s.endpoint_id = turn.endpoint_id;
  END LOOP;
END $$;
CALL make_lookup_function('claim_webhook_deliveries(integer, integer, integer, integer)', app => false, worker => true);

-- Endpoints that were deleted or disabled and still have something pending, which is to be cancelled.
CREATE FUNCTION webhook_endpoints_switched_off(p_limit integer) RETURNS TABLE (workspace_id uuid, endpoint_id uuid, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT s.workspace_id, s.endpoint_id, CASE WHEN e.deleted_at IS NULL THEN 'endpoint_disabled' ELSE 'endpoint_deleted' END
    FROM webhook_endpoint_states s JOIN webhook_endpoints e ON e.endpoint_id = s.endpoint_id
   WHERE s.due_at < 'infinity' AND (e.deleted_at IS NOT NULL OR s.disabled_at > e.enabled_at)
   LIMIT p_limit $$;
CALL make_lookup_function('webhook_endpoints_switched_off(integer)', app => false, worker => true);

CREATE FUNCTION webhook_replays_waiting(p_limit integer) RETURNS TABLE (workspace_id uuid, replay_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT r.workspace_id, r.replay_id FROM webhook_replays r WHERE r.done_at IS NULL ORDER BY r.requested_at LIMIT p_limit $$;
CALL make_lookup_function('webhook_replays_waiting(integer)', app => false, worker => true);

-- For the gauges: how many endpoints wait for a turn, and how long the first of them waits already.
CREATE FUNCTION webhook_backlog() RETURNS TABLE (due_endpoints bigint, oldest_due_s double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(s.due_at)), 0)::double precision
    FROM webhook_endpoint_states s JOIN webhook_endpoints e ON e.endpoint_id = s.endpoint_id
   WHERE s.due_at <= clock_timestamp() AND (s.opened_until IS NULL OR s.opened_until <= clock_timestamp()) AND NOT e.paused AND e.deleted_at IS NULL
     AND (s.disabled_at IS NULL OR s.disabled_at <= e.enabled_at) $$;
CALL make_lookup_function('webhook_backlog()', app => false, worker => true);

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Retention. Runs as the owner, because it drops partitions; one partition a call, so that no lock is held for long.

-- A partition that is named itself obeys its own policies, and has none but this.
CREATE POLICY migrate ON webhook_deliveries_default TO burnish_owner USING (true) WITH CHECK (true);
CREATE POLICY migrate ON webhook_attempts_default TO burnish_owner USING (true) WITH CHECK (true);

-- Drops the oldest day of deliveries and attempts that ended p_days ago, and up to p_most rows of that age elsewhere. Returns how much it did; 0: all done.
CREATE FUNCTION forget_old_webhooks(p_days integer, p_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE last_day date := (clock_timestamp() AT TIME ZONE 'UTC')::date - p_days; bound uuid := day_bound(last_day); part text; n integer; done integer := 0;
BEGIN
  IF p_days < 1 THEN RAISE EXCEPTION 'retention is at least a day'; END IF;
  SELECT c.relname INTO part
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
   WHERE p.relnamespace = 'burnish'::regnamespace AND p.relname IN ('webhook_deliveries', 'webhook_attempts')
     AND c.relname ~ '_[0-9]{8}$' AND to_date(right(c.relname, 8), 'YYYYMMDD') < last_day
   ORDER BY right(c.relname, 8), c.relname LIMIT 1;
  IF part IS NOT NULL THEN
    EXECUTE format('DROP TABLE %I', part);
    done := 1;
  END IF;
  DELETE FROM webhook_deliveries_default WHERE (event_id, endpoint_id) IN
    (SELECT d.event_id, d.endpoint_id FROM webhook_deliveries_default d WHERE d.created_at < last_day LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM webhook_attempts_default WHERE (event_id, endpoint_id, number) IN
    (SELECT a.event_id, a.endpoint_id, a.number FROM webhook_attempts_default a WHERE a.started_at < last_day LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM webhook_replays WHERE replay_id IN (SELECT r.replay_id FROM webhook_replays r WHERE r.requested_at < last_day LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  RETURN done;
END $$;
REVOKE ALL ON FUNCTION forget_old_webhooks(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_old_webhooks(integer, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
