-- A clock that ran ahead and was put right leaves webhooks, notices and mails behind that are due when it is there again. The webhooks service asks
-- now and then for what lies further ahead than its schedule could have put it.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Brings back up to p_most deliveries, and states of up to p_most endpoints. Returns how many of both. All in seconds: p_slots_s the longest wait
-- before each attempt; p_longest_s the longest of all, asked for by a receiver or not; p_lease_s, p_hold_s as when they are claimed and made; p_pause_s
-- and p_pause_most_s the breaker's first and longest pause.
-- A wait is judged by the slots where the latest attempt ended later than now: it was counted from there. Else only what no schedule allows is.
CREATE FUNCTION bring_back_webhooks(p_slots_s double precision[], p_longest_s double precision, p_lease_s double precision, p_hold_s double precision,
                                    p_pause_s double precision, p_pause_most_s double precision, p_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  t timestamptz := clock_timestamp(); s constant interval := interval '1 second'; n integer; done integer;
  of_events uuid[]; of_endpoints uuid[]; rests interval[]; odd uuid[];
BEGIN
  SELECT array_agg(x.event_id), array_agg(x.endpoint_id), array_agg(x.rest) INTO of_events, of_endpoints, rests
    FROM (SELECT d.event_id, d.endpoint_id, c.rest
            FROM webhook_endpoint_states a
            JOIN webhook_endpoints e ON e.endpoint_id = a.endpoint_id
            JOIN webhook_deliveries d ON d.endpoint_id = a.endpoint_id AND d.status = 'pending' AND d.next_attempt_at > t
            CROSS JOIN LATERAL (SELECT s * CASE
              WHEN d.leased_until IS NOT NULL THEN p_lease_s
              WHEN d.failed_attempts = 0 THEN greatest(p_hold_s, e.order_wait_s, 5)
              ELSE coalesce(
                (SELECT greatest(p_slots_s[d.failed_attempts + 1], e.order_wait_s,
                                 CASE WHEN l.response_headers ->> 'retry-after' ~ '^[0-9]{1,9}$' THEN least((l.response_headers ->> 'retry-after')::integer, p_longest_s)
                                      WHEN l.response_headers ? 'retry-after' THEN p_longest_s END)
                   FROM (SELECT w.started_at, w.duration_ms, w.response_headers FROM webhook_attempts w
                          WHERE w.event_id = d.event_id AND w.endpoint_id = d.endpoint_id ORDER BY w.number DESC LIMIT 1) l
                  WHERE l.started_at + l.duration_ms * interval '1 millisecond' > t), p_longest_s) END AS rest) c
           WHERE a.due_at < 'infinity'
             AND d.next_attempt_at > t + s * coalesce(CASE WHEN d.leased_until IS NOT NULL THEN p_lease_s WHEN d.failed_attempts = 0 THEN p_hold_s  -- of nearly all, before
                                                           ELSE p_slots_s[d.failed_attempts + 1] END, 0)                                         -- their attempts are looked up
             AND d.next_attempt_at > t + c.rest
           LIMIT p_most) x;
  SELECT coalesce(array_agg(x.endpoint_id), '{}') INTO odd
    FROM (SELECT a.endpoint_id FROM webhook_endpoint_states a
           WHERE greatest(a.served_at, a.failing_since, a.window_since, a.sent_until - interval '1 minute') > t
              OR a.opened_until > t + s * least(p_pause_s * power(2, least(greatest(a.openings - 1, 0), 20)), p_pause_most_s)
              OR (a.due_at < 'infinity' AND a.due_at > t + s * greatest(p_lease_s, 60) AND a.due_at > coalesce(a.opened_until, t)
                  AND a.due_at > (SELECT min(d.next_attempt_at) FROM webhook_deliveries d WHERE d.endpoint_id = a.endpoint_id AND d.status = 'pending'))
           LIMIT p_most) x;
  odd := odd || of_endpoints;
  PERFORM FROM webhook_endpoint_states a WHERE a.endpoint_id = ANY (odd) ORDER BY a.endpoint_id FOR UPDATE;
  t := clock_timestamp();                                          -- after the locks: who waited for them saw times of others that are no future
  UPDATE webhook_deliveries d
     SET next_attempt_at = t + u.rest, waiting_since = least(d.waiting_since, t),
         leased_until = CASE WHEN d.leased_until IS NOT NULL THEN t + u.rest END
    FROM unnest(of_events, of_endpoints, rests) u (event_id, endpoint_id, rest)
   WHERE d.event_id = u.event_id AND d.endpoint_id = u.endpoint_id AND d.status = 'pending' AND d.next_attempt_at > t + u.rest;
  GET DIAGNOSTICS done = ROW_COUNT;
  UPDATE webhook_endpoint_states a
     SET served_at = least(a.served_at, t), opened_until = n.opened_until,
         failing_since = CASE WHEN a.failing_since > t THEN t ELSE a.failing_since END,
         window_since = CASE WHEN a.window_since > t THEN t ELSE a.window_since END,
         sent_until = CASE WHEN a.sent_until > t + interval '1 minute' THEN t + interval '1 minute' ELSE a.sent_until END,
         due_at = CASE WHEN a.due_at = 'infinity' THEN a.due_at ELSE least(a.due_at, greatest(t, n.next_at, n.opened_until)) END
    FROM (SELECT b.endpoint_id,
                 CASE WHEN b.opened_until IS NOT NULL THEN
                   least(b.opened_until, t + s * least(p_pause_s * power(2, least(greatest(b.openings - 1, 0), 20)), p_pause_most_s)) END AS opened_until,
                 (SELECT min(d.next_attempt_at) FROM webhook_deliveries d WHERE d.endpoint_id = b.endpoint_id AND d.status = 'pending') AS next_at
            FROM webhook_endpoint_states b WHERE b.endpoint_id = ANY (odd)) n
   WHERE a.endpoint_id = n.endpoint_id;
  GET DIAGNOSTICS n = ROW_COUNT;
  UPDATE webhook_replay_pace p SET spent_until = t + s WHERE p.spent_until > t + 2 * s;
  RETURN done + n;
END $$;
CALL make_lookup_function('bring_back_webhooks(double precision[], double precision, double precision, double precision, double precision, double precision, integer)', app => false, worker => true);

-- The same for notices of alert channels and for mails. p_slots_s: the wait after each failure; p_asked_s: the longest that a receiver may ask for.
CREATE FUNCTION bring_back_notices(p_slots_s double precision[], p_asked_s double precision, p_lease_s double precision) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE t timestamptz := clock_timestamp(); s constant interval := interval '1 second'; n integer; done integer;
BEGIN
  UPDATE alert_notices x SET next_attempt_at = t + c.rest, leased_until = CASE WHEN x.leased_until IS NOT NULL THEN t + c.rest END
    FROM (SELECT y.event_id, y.channel_id,
                 s * CASE WHEN y.leased_until IS NOT NULL THEN p_lease_s WHEN y.attempts = 0 THEN 5 ELSE greatest(p_slots_s[y.attempts], p_asked_s) END AS rest
            FROM alert_notices y WHERE y.status = 'pending' AND y.next_attempt_at > t AND y.next_attempt_at < 'infinity') c
   WHERE (x.event_id, x.channel_id) = (c.event_id, c.channel_id) AND x.status = 'pending' AND x.next_attempt_at > t + c.rest AND x.next_attempt_at < 'infinity';
  GET DIAGNOSTICS done = ROW_COUNT;
  UPDATE mails m SET next_attempt_at = t + s * greatest(p_lease_s, p_slots_s[m.attempts])
   WHERE m.status = 'pending' AND m.next_attempt_at > t + s * greatest(p_lease_s, p_slots_s[m.attempts]);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;
CALL make_lookup_function('bring_back_notices(double precision[], double precision, double precision)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
