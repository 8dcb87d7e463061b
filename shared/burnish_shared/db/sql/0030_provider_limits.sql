-- What providers let one key do in a minute (PRODUCT E8): set on the key, and counted for all executors together.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE provider_keys
  ADD COLUMN requests_per_minute integer CHECK (requests_per_minute BETWEEN 1 AND 1000000000),   -- NULL: what the provider says in its headers
  ADD COLUMN tokens_per_minute   bigint CHECK (tokens_per_minute BETWEEN 1 AND 1000000000000);
GRANT SELECT (requests_per_minute, tokens_per_minute) ON provider_keys TO burnish_app;

-- Tickets that were borrowed in each of the last seconds, the newest first. Unlogged: after a crash of PostgreSQL a limit counts as used up.
CREATE UNLOGGED TABLE ticket_windows (
  rate_id uuid PRIMARY KEY,                                        -- a hash that executors make: of a key, or of a key and a model, and the kind of limit
  second  bigint NOT NULL,                                         -- since 1970, of taken[1]
  taken   bigint[] NOT NULL)
  WITH (fillfactor = 20, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
CALL make_system_table('ticket_windows', app => '', worker => '', writer => 'borrow_tickets');
GRANT INSERT, UPDATE, DELETE ON ticket_windows TO burnish_lookup;

-- Takes up to p_want tickets of each limit, none where fewer than p_least are left. In any p_window seconds at most p_limit are taken.
-- p_rate: distinct, ascending. p_used: what the provider says was used lately; it leaves within p_used_s. p_back…: what was borrowed in a second and not
-- used, by position of its rate; below 0: what was used beyond that. wait_ms: when p_least may be left; 0 where it is.
CREATE FUNCTION borrow_tickets(
  p_rate uuid[], p_limit bigint[], p_want bigint[], p_least bigint[], p_used bigint[], p_used_s integer[],
  p_back_ix integer[], p_back_second bigint[], p_back bigint[], p_window integer,
  OUT granted bigint[], OUT second bigint[], OUT wait_ms bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE one record; t bigint[]; i integer; j integer; k integer; shift bigint; now_s numeric; now_at bigint; used bigint; got bigint; freed bigint; v_since timestamptz;
BEGIN
  granted := array_fill(0::bigint, ARRAY[cardinality(p_rate)]); second := granted; wait_ms := array_fill(100::bigint, ARRAY[cardinality(p_rate)]);
  IF (SELECT count(*) FROM ticket_windows w WHERE w.rate_id = ANY (p_rate)) < cardinality(p_rate) THEN     -- made before any lock is taken, in order
    INSERT INTO rate_epoch (since) VALUES (clock_timestamp()) ON CONFLICT DO NOTHING;
    SELECT since INTO v_since FROM rate_epoch;
    INSERT INTO ticket_windows
    SELECT u.id, floor(extract(epoch FROM clock_timestamp()))::bigint,
           CASE WHEN v_since > clock_timestamp() - p_window * interval '1 second' THEN ARRAY[u.l] ELSE '{}' END
      FROM unnest(p_rate, p_limit) u(id, l) ORDER BY u.id ON CONFLICT DO NOTHING;
  END IF;
  FOR one IN SELECT * FROM ticket_windows w WHERE w.rate_id = ANY (p_rate) ORDER BY w.rate_id FOR NO KEY UPDATE LOOP
    i := array_position(p_rate, one.rate_id);
    now_s := extract(epoch FROM clock_timestamp()); now_at := greatest(floor(now_s)::bigint, one.second); shift := now_at - one.second;
    t := CASE WHEN shift >= p_window THEN array_fill(0::bigint, ARRAY[p_window])
              ELSE array_fill(0::bigint, ARRAY[shift::integer]) || one.taken[1 : p_window - shift::integer] END;
    t := t || array_fill(0::bigint, ARRAY[p_window - cardinality(t)]);
    FOR j IN 1..cardinality(p_back_ix) LOOP
      IF p_back_ix[j] = i THEN
        k := least(now_at - p_back_second[j] + 1, p_window + 1)::integer;
        IF p_back[j] < 0 THEN t[1] := t[1] - p_back[j];                             -- used beyond what was borrowed: from now on
        ELSIF k BETWEEN 1 AND p_window THEN t[k] := greatest(0, t[k] - p_back[j]);
        END IF;
      END IF;
    END LOOP;
    SELECT coalesce(sum(x), 0) INTO used FROM unnest(t) x;
    IF p_used[i] > used THEN
      k := greatest(1, least(p_window, p_window - p_used_s[i])); t[k] := t[k] + p_used[i] - used; used := p_used[i];
    END IF;
    got := greatest(0, least(p_want[i], p_limit[i] - used));
    IF got < p_least[i] THEN got := 0; END IF;
    t[1] := t[1] + got; granted[i] := got; second[i] := now_at; wait_ms[i] := 0;
    IF got = 0 AND p_least[i] > 0 THEN
      freed := p_limit[i] - used; k := p_window + 1;
      WHILE freed < p_least[i] AND k > 1 LOOP k := k - 1; freed := freed + t[k]; END LOOP;
      wait_ms[i] := greatest(10, ceil((now_at + p_window - k + 1 - now_s) * 1000)::bigint);
    END IF;
    UPDATE ticket_windows w SET second = now_at, taken = t WHERE w.rate_id = one.rate_id;
  END LOOP;
END $$;
CALL make_lookup_function('borrow_tickets(uuid[], bigint[], bigint[], bigint[], bigint[], integer[], integer[], bigint[], bigint[], integer)', app => false, worker => true);

-- Limits that nobody has asked for in an hour. Rows that somebody is about to use are passed over; one that goes all the same is made anew, empty.
CREATE FUNCTION forget_ticket_windows() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer;
BEGIN
  DELETE FROM ticket_windows WHERE rate_id IN (
    SELECT w.rate_id FROM ticket_windows w WHERE w.second < extract(epoch FROM clock_timestamp()) - 3600 LIMIT 1000 FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
CALL make_lookup_function('forget_ticket_windows()', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
