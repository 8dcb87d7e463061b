-- Takes back 0013: the functions are those of 0004 again.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION webhook_ranges_running(integer);
DROP TRIGGER begin_anew ON webhook_endpoints;
DROP FUNCTION begin_anew();
DROP FUNCTION claim_webhook_deliveries(integer, integer, integer, integer, boolean);
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

CREATE OR REPLACE FUNCTION forget_old_webhooks(p_days integer, p_most integer) RETURNS integer
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

DROP FUNCTION webhook_replays_waiting(integer);
CREATE FUNCTION webhook_replays_waiting(p_limit integer) RETURNS TABLE (workspace_id uuid, replay_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT r.workspace_id, r.replay_id FROM webhook_replays r WHERE r.done_at IS NULL ORDER BY r.requested_at LIMIT p_limit $$;
CALL make_lookup_function('webhook_replays_waiting(integer)', app => false, worker => true);
DROP FUNCTION take_webhook_replays(integer);
DROP INDEX webhook_replays_once, webhook_replays_turns;
ALTER TABLE webhook_replays DROP COLUMN tried_at;

DROP TABLE webhook_ranges, webhook_endpoint_days, webhook_replay_pace;
ALTER TABLE webhook_deliveries DROP COLUMN object_id, DROP COLUMN object_version, DROP COLUMN waiting_since, DROP COLUMN range_id;
ALTER TABLE webhook_endpoint_states DROP COLUMN sent_until, DROP COLUMN window_since, DROP COLUMN window_attempts,
  DROP COLUMN window_failures, DROP COLUMN last_failed_at, DROP COLUMN last_error_class, DROP COLUMN last_status_code,
  DROP COLUMN last_failed_event, DROP COLUMN last_filter_error, DROP COLUMN last_filter_error_at;
ALTER TABLE webhook_endpoints DROP COLUMN condition, DROP COLUMN headers_shown, DROP COLUMN headers_sealed, DROP COLUMN throttle_per_minute, DROP COLUMN order_wait_s,
  DROP COLUMN include, DROP COLUMN public_key, DROP COLUMN signing_key_sealed, DROP COLUMN previous_signing_key_sealed;
RESET ROLE;
SET LOCAL search_path = public;
