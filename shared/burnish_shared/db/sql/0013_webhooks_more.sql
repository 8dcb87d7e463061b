-- Webhooks: conditions, headers, throttle, order for each object, key pairs, text on request, days for statistics, replay of a range.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE webhook_endpoints
  ADD COLUMN condition                   text NOT NULL DEFAULT '' CHECK (length(condition) <= 2048),    -- an expression over the event; '': all
  ADD COLUMN headers_shown               jsonb NOT NULL DEFAULT '{}',                                   -- name -> value, or null where the value is hidden
  ADD COLUMN headers_sealed              bytea,                                                         -- all names and values; null: none
  ADD COLUMN throttle_per_minute         integer CHECK (throttle_per_minute BETWEEN 1 AND 60000),       -- null: none
  ADD COLUMN order_wait_s                integer CHECK (order_wait_s BETWEEN 1 AND 86400),              -- null: no order; else how long a failing event holds up its object
  ADD COLUMN include                     text[] NOT NULL DEFAULT '{}',                                  -- texts that are put into the body when it is sent, and stored nowhere else
  ADD COLUMN public_key                  text,                                                          -- whpk_…; null: no ed25519 signature
  ADD COLUMN signing_key_sealed          bytea,
  ADD COLUMN previous_signing_key_sealed bytea;                                                         -- signs too until previous_secret_until

ALTER TABLE webhook_endpoint_states
  ADD COLUMN sent_until           timestamptz,                     -- throttle: when the last slot that was given out ends (GCRA, ITU-T I.371)
  ADD COLUMN window_since         timestamptz,                     -- breaker: attempts and failures are counted from then on, for five minutes
  ADD COLUMN window_attempts      integer NOT NULL DEFAULT 0,
  ADD COLUMN window_failures      integer NOT NULL DEFAULT 0,
  ADD COLUMN last_failed_at       timestamptz,
  ADD COLUMN last_error_class     text,
  ADD COLUMN last_status_code     integer,
  ADD COLUMN last_failed_event    uuid,
  ADD COLUMN last_filter_error    text,                            -- why its condition could not be evaluated
  ADD COLUMN last_filter_error_at timestamptz;

ALTER TABLE webhook_deliveries
  ADD COLUMN object_id      text,
  ADD COLUMN object_version integer NOT NULL DEFAULT 0,
  ADD COLUMN waiting_since  timestamptz NOT NULL DEFAULT clock_timestamp(),  -- made, or last replayed
  ADD COLUMN range_id       uuid;                                            -- last sent again by this replay of a range
CREATE INDEX ON webhook_deliveries (endpoint_id, object_id, object_version, event_id) WHERE status = 'pending';
CREATE INDEX ON webhook_deliveries (endpoint_id, created_at, event_id);
CREATE INDEX ON webhook_deliveries (workspace_id, object_id, created_at) WHERE object_id IS NOT NULL;
CREATE INDEX ON webhook_deliveries (range_id) WHERE status = 'pending' AND range_id IS NOT NULL;

CREATE TABLE webhook_endpoint_days (                               -- what statistics are read from; kept 90 days
  endpoint_id   uuid NOT NULL,
  day           date NOT NULL,                                     -- UTC, of the end of the attempt
  workspace_id  uuid NOT NULL,
  delivered     bigint NOT NULL DEFAULT 0,                         -- attempts
  failed        bigint NOT NULL DEFAULT 0,
  filtered      bigint NOT NULL DEFAULT 0,                         -- events that the condition kept back
  filter_failed bigint NOT NULL DEFAULT 0,                         -- events for which it could not be evaluated
  latency       integer[] NOT NULL DEFAULT '{0}',                  -- attempts by burnish_shared.measures.bucket_of(ms), null for none; from index 1 on
  PRIMARY KEY (workspace_id, endpoint_id, day)) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX ON webhook_endpoint_days (day);
CALL make_tenant_table('webhook_endpoint_days', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'webhooks');

CREATE TABLE webhook_ranges (                                      -- wishes to send a range of deliveries again
  range_id         uuid PRIMARY KEY,
  workspace_id     uuid NOT NULL,
  endpoint_id      uuid NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('range', 'catch_up')),
  from_at          timestamptz NOT NULL,                           -- of the deliveries' creation
  to_at            timestamptz NOT NULL,
  settled_from     timestamptz,                                    -- only what ended since then
  statuses         text[] NOT NULL,
  event_types      text[] NOT NULL,                                -- {}: all
  matched          integer NOT NULL,                               -- when it was asked for
  status           text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'cancelled', 'endpoint_off')),
  restarted        integer NOT NULL DEFAULT 0,
  at_time          timestamptz NOT NULL,                           -- how far it has come
  at_event         uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  cancel_requested boolean NOT NULL DEFAULT false,
  requested_by     text NOT NULL,
  requested_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  stepped_at       timestamptz NOT NULL DEFAULT '-infinity',
  finished_at      timestamptz);
CREATE INDEX ON webhook_ranges (stepped_at) WHERE status = 'running';
CREATE INDEX ON webhook_ranges (workspace_id, range_id);
CREATE UNIQUE INDEX webhook_ranges_one_at_a_time ON webhook_ranges (endpoint_id) WHERE status = 'running';
CALL make_tenant_table('webhook_ranges', app => 'SELECT, INSERT, UPDATE (cancel_requested)', worker => 'SELECT, UPDATE', writer => 'gateway, and webhooks for how far it has come');

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Across workspaces.

CREATE FUNCTION webhook_ranges_running(p_limit integer) RETURNS TABLE (workspace_id uuid, range_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT r.workspace_id, r.range_id FROM webhook_ranges r WHERE r.status = 'running' ORDER BY r.stepped_at LIMIT p_limit $$;
CALL make_lookup_function('webhook_ranges_running(integer)', app => false, worker => true);

-- As in 0004, and: workspaces take turns, and a wish that had to wait, because an attempt was under way, lets the others of its workspace pass.
DELETE FROM webhook_replays r WHERE r.done_at IS NULL AND EXISTS
  (SELECT FROM webhook_replays o WHERE (o.workspace_id, o.event_id, o.endpoint_id) = (r.workspace_id, r.event_id, r.endpoint_id) AND o.done_at IS NULL AND o.replay_id < r.replay_id);
CREATE UNIQUE INDEX webhook_replays_once ON webhook_replays (workspace_id, event_id, endpoint_id) WHERE done_at IS NULL;
ALTER TABLE webhook_replays ADD COLUMN tried_at timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX webhook_replays_turns ON webhook_replays (workspace_id, tried_at, requested_at) WHERE done_at IS NULL;
DROP FUNCTION webhook_replays_waiting(integer);
CREATE FUNCTION webhook_replays_waiting(p_limit integer) RETURNS TABLE (workspace_id uuid, replay_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id, w.replay_id
    FROM (SELECT r.*, row_number() OVER (PARTITION BY r.workspace_id ORDER BY r.tried_at, r.requested_at) AS place
            FROM (SELECT DISTINCT d.workspace_id FROM webhook_replays d WHERE d.done_at IS NULL) o
           CROSS JOIN LATERAL (SELECT q.workspace_id, q.replay_id, q.tried_at, q.requested_at FROM webhook_replays q
                                WHERE q.workspace_id = o.workspace_id AND q.done_at IS NULL ORDER BY q.tried_at, q.requested_at LIMIT p_limit) r) w
   ORDER BY w.place, w.tried_at, w.requested_at LIMIT p_limit $$;
CALL make_lookup_function('webhook_replays_waiting(integer)', app => false, worker => true);

-- How many replays are started a second, by all processes together.
CREATE TABLE webhook_replay_pace (
  only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  spent_until timestamptz NOT NULL DEFAULT '-infinity');           -- as sent_until of endpoints
INSERT INTO webhook_replay_pace DEFAULT VALUES;
CALL make_system_table('webhook_replay_pace', app => '', worker => '', writer => 'webhooks, through take_webhook_replays');
GRANT UPDATE ON webhook_replay_pace TO burnish_lookup;

-- Takes what is left of a second's replays, at most p_per_second. Returns how many may be started.
CREATE FUNCTION take_webhook_replays(p_per_second integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE t timestamptz; spent timestamptz; n integer;
BEGIN
  SELECT p.spent_until INTO spent FROM webhook_replay_pace p FOR UPDATE;
  t := clock_timestamp();
  n := least(p_per_second, floor(extract(epoch FROM t + interval '1 second' - greatest(spent, t)) * p_per_second + 1e-6));
  IF n > 0 THEN
    UPDATE webhook_replay_pace p SET spent_until = greatest(spent, t) + n * (interval '1 second' / p_per_second);
  END IF;
  RETURN greatest(n, 0);
END $$;
CALL make_lookup_function('take_webhook_replays(integer)', app => false, worker => true);

-- A new URL, the end of a pause and of a disablement begin anew: what was counted of the failures before is forgotten, and the next delivery
-- is tried at once. The gateway writes endpoints and must not write states; so the database does it, in the same transaction.
CREATE FUNCTION begin_anew() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  UPDATE webhook_endpoint_states s
     SET consecutive_failures = 0, openings = 0, opened_until = NULL, failing_since = NULL, failed_events = 0,
         window_since = NULL, window_attempts = 0, window_failures = 0, due_at = least(s.due_at, clock_timestamp())
   WHERE s.endpoint_id = NEW.endpoint_id;
  RETURN NULL;
END $$;
CALL make_lookup_function('begin_anew()', app => false, worker => false);
CREATE TRIGGER begin_anew AFTER UPDATE OF url, paused, enabled_at ON webhook_endpoints FOR EACH ROW
  WHEN (NEW.url <> OLD.url OR (OLD.paused AND NOT NEW.paused) OR NEW.enabled_at > OLD.enabled_at) EXECUTE FUNCTION begin_anew();

-- As in 0004, and: workspaces take turns from one call to the next, the one first that was served longest ago, and one process claims for a
-- workspace at a time, so that p_per_workspace holds; no more than an endpoint's throttle allows; for endpoints that ask for it an event waits
-- for earlier ones of its object. An endpoint that failed three times in a row gets one place until it succeeds, so that it takes no more of
-- its workspace's than that. p_only_idle: one delivery for each workspace that has nothing under way.
DROP FUNCTION claim_webhook_deliveries(integer, integer, integer, integer);
CREATE FUNCTION claim_webhook_deliveries(p_limit integer, p_lease_ms integer, p_per_endpoint integer, p_per_workspace integer, p_only_idle boolean)
RETURNS TABLE (workspace_id uuid, event_id uuid, endpoint_id uuid, claim_no integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
#variable_conflict use_column
DECLARE
  workspace_rest constant interval := interval '15 milliseconds';  -- of an endpoint whose workspace has no place left
  looked_at constant integer := 64;                                -- blocked deliveries that one claim puts off at most, beside those that it takes
  t timestamptz := clock_timestamp();
  lease_end timestamptz := t + p_lease_ms * interval '1 millisecond';
  turns uuid[]; owners uuid[]; turn record; left_over integer := p_limit; room integer; taken integer; workspace_busy integer;
  took jsonb := '{}';                                              -- workspace -> what this call has taken
  gap interval; burst integer; slots_until timestamptz; slots integer; wait interval; free uuid[]; blocked uuid[];
  -- For each endpoint that was looked at: what it is due at, or not before, and what it got.
  seen uuid[] := '{}'; due_then timestamptz[] := '{}'; not_before timestamptz[] := '{}'; is_served boolean[] := '{}'; slots_taken timestamptz[] := '{}';
BEGIN
  SELECT array_agg(c.endpoint_id ORDER BY c.place, c.turn_at, c.served_at, c.endpoint_id), array_agg(DISTINCT c.workspace_id) INTO turns, owners
    FROM (SELECT d.*, row_number() OVER (PARTITION BY d.workspace_id ORDER BY d.served_at, d.endpoint_id) AS place, w.turn_at
            FROM (SELECT s.endpoint_id, s.workspace_id, s.served_at
                    FROM webhook_endpoint_states s JOIN webhook_endpoints e ON e.endpoint_id = s.endpoint_id
                   WHERE s.due_at <= t AND (s.opened_until IS NULL OR s.opened_until <= t) AND NOT e.paused AND e.deleted_at IS NULL
                     AND (s.disabled_at IS NULL OR s.disabled_at <= e.enabled_at)) d
            JOIN (SELECT a.workspace_id, max(a.served_at) AS turn_at FROM webhook_endpoint_states a
                   WHERE a.workspace_id IN (SELECT b.workspace_id FROM webhook_endpoint_states b WHERE b.due_at <= t)
                   GROUP BY a.workspace_id) w ON w.workspace_id = d.workspace_id
           WHERE NOT p_only_idle OR NOT EXISTS (SELECT FROM webhook_deliveries l WHERE l.workspace_id = d.workspace_id AND l.leased_until > t)
           ORDER BY place, w.turn_at, d.served_at, d.endpoint_id LIMIT p_limit) c;
  -- What another process claims for at this moment is left to it: nobody waits here.
  SELECT array_agg(o) FILTER (WHERE pg_try_advisory_xact_lock(hashtextextended('webhook claims of ' || o, 0))) INTO owners FROM unnest(owners) o;
  SELECT array_agg(l.endpoint_id ORDER BY array_position(turns, l.endpoint_id)) INTO turns
    FROM (SELECT s.endpoint_id FROM webhook_endpoint_states s
           WHERE s.endpoint_id = ANY (turns) AND s.workspace_id = ANY (owners) AND s.due_at <= t AND (s.opened_until IS NULL OR s.opened_until <= t)
             FOR UPDATE SKIP LOCKED) l;
  -- From here on nobody else claims for these workspaces, or changes these endpoints.
  FOR turn IN
    WITH busy AS MATERIALIZED (
      SELECT d.workspace_id, d.endpoint_id, count(*)::integer AS n FROM webhook_deliveries d
       WHERE d.workspace_id = ANY (owners) AND d.leased_until > t GROUP BY d.workspace_id, d.endpoint_id)
    SELECT s.endpoint_id, s.workspace_id, s.sent_until, e.throttle_per_minute, e.order_wait_s,
           CASE WHEN p_only_idle OR s.opened_until IS NOT NULL OR s.consecutive_failures >= 3 THEN 1 ELSE p_per_endpoint END AS places,
           coalesce((SELECT b.n FROM busy b WHERE b.endpoint_id = s.endpoint_id), 0) AS endpoint_busy,
           coalesce((SELECT sum(b.n) FROM busy b WHERE b.workspace_id = s.workspace_id), 0)::integer AS workspace_busy
      FROM unnest(turns) WITH ORDINALITY AS l (endpoint_id, place)
      JOIN webhook_endpoint_states s ON s.endpoint_id = l.endpoint_id JOIN webhook_endpoints e ON e.endpoint_id = s.endpoint_id
     ORDER BY l.place
  LOOP
    EXIT WHEN left_over <= 0;
    workspace_busy := turn.workspace_busy + coalesce((took ->> turn.workspace_id::text)::integer, 0);
    CONTINUE WHEN p_only_idle AND workspace_busy > 0;
    slots_until := greatest(turn.sent_until, t);
    burst := greatest(1, turn.throttle_per_minute / 60);           -- what one second allows may come at once
    gap := interval '1 minute' / (turn.throttle_per_minute - burst + 1);  -- so that no minute has more; null: no throttle
    slots := floor(extract(epoch FROM burst * gap - (slots_until - t)) / extract(epoch FROM gap) + 1e-6);
    room := least(turn.places - turn.endpoint_busy, p_per_workspace - workspace_busy, left_over, slots);
    taken := 0;
    IF room > 0 AND turn.order_wait_s IS NULL THEN
      RETURN QUERY
        UPDATE webhook_deliveries d SET leased_until = lease_end, next_attempt_at = lease_end, claims = d.claims + 1
          FROM (SELECT q.event_id FROM webhook_deliveries q
                 WHERE q.endpoint_id = turn.endpoint_id AND q.status = 'pending' AND q.next_attempt_at <= t
                 ORDER BY q.next_attempt_at LIMIT room FOR UPDATE SKIP LOCKED) due
         WHERE d.event_id = due.event_id AND d.endpoint_id = turn.endpoint_id
        RETURNING d.workspace_id, d.event_id, d.endpoint_id, d.claims;
      GET DIAGNOSTICS taken = ROW_COUNT;
    ELSIF room > 0 THEN
      -- Whoever changes a delivery of this endpoint holds its state row, as we do: what is read here stays so.
      wait := turn.order_wait_s * interval '1 second';
      SELECT array_agg(q.event_id ORDER BY q.next_attempt_at, q.event_id) FILTER (WHERE earlier.event_id IS NULL),
             array_agg(q.event_id) FILTER (WHERE earlier.event_id IS NOT NULL)
        INTO free, blocked
        FROM (SELECT q.event_id, q.object_id, q.object_version, q.next_attempt_at FROM webhook_deliveries q
               WHERE q.endpoint_id = turn.endpoint_id AND q.status = 'pending' AND q.next_attempt_at <= t
               ORDER BY q.next_attempt_at, q.event_id LIMIT looked_at + room) q
        LEFT JOIN LATERAL
             (SELECT h.event_id FROM webhook_deliveries h
               WHERE h.endpoint_id = turn.endpoint_id AND h.object_id = q.object_id AND h.status = 'pending'
                 AND (h.object_version, h.event_id) < (q.object_version, q.event_id) AND NOT (h.failed_attempts > 0 AND h.waiting_since + wait <= t)
               ORDER BY h.object_version, h.event_id LIMIT 1) earlier ON true;
      -- The end of the earlier one brings the next forward; else it is looked at again when the earlier one may not hold it up any more.
      UPDATE webhook_deliveries d SET next_attempt_at = greatest(t + interval '5 seconds', least(t, d.waiting_since) + wait)
       WHERE d.endpoint_id = turn.endpoint_id AND d.event_id = ANY (blocked);
      RETURN QUERY
        UPDATE webhook_deliveries d SET leased_until = lease_end, next_attempt_at = lease_end, claims = d.claims + 1
         WHERE d.endpoint_id = turn.endpoint_id AND d.event_id = ANY (free[1:room])
        RETURNING d.workspace_id, d.event_id, d.endpoint_id, d.claims;
      GET DIAGNOSTICS taken = ROW_COUNT;
    END IF;
    left_over := left_over - taken;
    took := took || jsonb_build_object(turn.workspace_id, coalesce((took ->> turn.workspace_id::text)::integer, 0) + taken);
    seen := seen || turn.endpoint_id;
    is_served := is_served || (taken > 0);
    slots_taken := slots_taken || CASE WHEN gap IS NOT NULL THEN slots_until + taken * gap END;
    due_then := due_then || CASE
      WHEN turn.endpoint_busy + taken >= turn.places THEN lease_end   -- full: settling one brings the turn forward
      WHEN coalesce(slots, taken + 1) > taken AND workspace_busy + taken >= p_per_workspace THEN t + workspace_rest END;
    not_before := not_before || CASE WHEN slots <= taken THEN slots_until + taken * gap - (burst - 1) * gap END;
  END LOOP;
  UPDATE webhook_endpoint_states s
     SET due_at = CASE WHEN n.later IS NULL THEN 'infinity' ELSE coalesce(n.due_then, greatest(n.later, n.not_before)) END,
         served_at = CASE WHEN n.is_served THEN t ELSE s.served_at END, sent_until = n.slots_taken
    FROM (SELECT u.*, (SELECT min(q.next_attempt_at) FROM webhook_deliveries q WHERE q.endpoint_id = u.endpoint_id AND q.status = 'pending') AS later
            FROM unnest(seen, due_then, not_before, is_served, slots_taken) AS u (endpoint_id, due_then, not_before, is_served, slots_taken)) n
   WHERE s.endpoint_id = n.endpoint_id;
END $$;
CALL make_lookup_function('claim_webhook_deliveries(integer, integer, integer, integer, boolean)', app => false, worker => true);

-- As in 0004, and the days and ranges.
CREATE OR REPLACE FUNCTION forget_old_webhooks(p_days integer, p_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE last_day date := (clock_timestamp() AT TIME ZONE 'UTC')::date - p_days; part text; n integer; done integer := 0;
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
  DELETE FROM webhook_ranges WHERE range_id IN (SELECT r.range_id FROM webhook_ranges r WHERE r.finished_at < last_day LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM webhook_endpoint_days WHERE (workspace_id, endpoint_id, day) IN
    (SELECT d.workspace_id, d.endpoint_id, d.day FROM webhook_endpoint_days d WHERE d.day < least(last_day, (clock_timestamp() AT TIME ZONE 'UTC')::date - 90) LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  RETURN done;
END $$;

RESET ROLE;
SET LOCAL search_path = public;
