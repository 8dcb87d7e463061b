-- What an execution that nobody began was to be: of which prompt, by which model, for whom. Until now its row and its event did not say.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE accepted ADD COLUMN about jsonb;

-- Of a request (contracts/executions.py), what its record says without any answer; nothing of what was asked. Read once: `admit` holds accounts
-- meanwhile. NULL where it cannot be read: that stops nobody.
CREATE FUNCTION about_of(p_body bytea) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN (SELECT jsonb_strip_nulls(jsonb_build_object('prompt', r.prompt, 'model', r.route -> 'model', 'provider', r.route -> 'provider',
    'simulated', r.route -> 'simulated', 'group_key', r.group_key, 'experiment', r.experiment, 'request_id', r.request_id, 'hops', r.hops, 'traceparent', r.traceparent,
    'caller', jsonb_build_object('user_id', r.caller -> 'user_id', 'session_id', r.caller -> 'session_id', 'app', r.caller -> 'app',
      'api_key_id', r.caller -> 'api_key_id')))
    FROM json_to_record(convert_from(p_body, 'UTF8')::json)
      AS r(prompt json, route json, caller json, group_key json, experiment json, request_id json, hops json, traceparent json));
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN NULL;
END $$;
CALL make_lookup_function('about_of(bytea)', app => false, worker => false);

-- The row of an execution that nobody can finish any more, and its events (those that books/finished.py makes of a finished one).
-- p_code says why: `expired`, `not_dispatched`, `cancelled`. p_about: as `about_of` has it, or NULL.
CREATE FUNCTION ended_without_answer(p_exec uuid, p_ws uuid, p_fence integer, p_lane text, p_status text, p_code text, p_message text, p_about jsonb) RETURNS finished_execution
LANGUAGE sql SET search_path = burnish, pg_temp AS $$
  SELECT ROW(p_exec, p_ws, p_fence, p_lane, p_status, (k.prompt ->> 'prompt_id')::uuid, k.prompt ->> 'slug', (k.prompt ->> 'version')::integer, k.prompt ->> 'label',
    k.model, k.provider, 0, 0, 0, 'estimated', 0, NULL, t.latency_ms, NULL, false, k.simulated, NULL,
    k.caller ->> 'user_id', k.caller ->> 'session_id', k.caller ->> 'app', (k.caller ->> 'api_key_id')::uuid, NULL, p_about ->> 'request_id', NULL, NULL, 0,
    jsonb_build_object('type', 'api_error', 'code', p_code, 'message', p_message, 'retryable', true)::text, '[]', t.at,
    NULL, NULL, NULL, NULL, NULL, NULL,
    (jsonb_build_object('execution_id', p_exec, 'workspace_id', p_ws, 'lane', p_lane, 'status', p_status, 'model', k.model, 'provider', k.provider, 'simulated', k.simulated,
       'input_tokens', 0, 'output_tokens', 0, 'cost_nusd', 0, 'latency_ms', t.latency_ms, 'finished_at', t.at_text) || coalesce(k.prompt, '{}')
     || jsonb_strip_nulls(jsonb_build_object('app', k.caller -> 'app', 'api_key_id', k.caller -> 'api_key_id', 'end_user', k.caller -> 'user_id',
          'session_id', k.caller -> 'session_id', 'group_key', p_about -> 'group_key', 'experiment_id', k.part -> 'experiment_id', 'arm', k.part -> 'arm',
          'allocation_epoch', k.part -> 'epoch', 'unit', k.part -> 'unit')))::text,
    CASE WHEN p_lane = 'background' THEN jsonb_build_object('v', 1, 'id', derived_uuid7(p_exec, 'execution.completed'), 'type', 'execution.completed', 'workspace_id', p_ws,
      'occurred_at', t.at_text, 'object_id', p_exec, 'object_version', NULL, 'simulated', k.simulated, 'traceparent', p_about -> 'traceparent', 'hops', coalesce((p_about ->> 'hops')::integer, 0),
      'data', jsonb_build_object('execution_id', p_exec, 'status', p_status, 'prompt', k.prompt -> 'slug', 'version', k.prompt -> 'version', 'label', k.prompt -> 'label',
        'model', k.model, 'cost_nusd', 0, 'latency_ms', t.latency_ms))::text END,
    CASE WHEN p_lane = 'background' THEN 'burnish.v1.execution.completed.' || p_ws::text END, 0, 0,
    jsonb_strip_nulls(jsonb_build_object('trace_id', substring(p_about ->> 'traceparent' FROM '^00-([0-9a-f]{32})-'),
      'experiment', CASE WHEN k.part IS NOT NULL THEN jsonb_build_object('id', k.part -> 'experiment_id', 'arm', k.part -> 'arm', 'epoch', k.part -> 'epoch',
        'unit', split_part(k.part ->> 'unit', ':', 1)) END))::text)::finished_execution
    FROM (SELECT p_about -> 'prompt' AS prompt, coalesce(p_about ->> 'model', '') AS model, coalesce(p_about ->> 'provider', '') AS provider,
                 coalesce((p_about ->> 'simulated')::boolean, false) AS simulated, p_about -> 'caller' AS caller,
                 CASE WHEN NOT p_about -> 'experiment' ? 'shadow_of' THEN p_about -> 'experiment' END AS part OFFSET 0) k,
         (SELECT c.at, to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at_text,
                 greatest(0, least(2147483647, extract(epoch FROM c.at - to_timestamp(('x' || substr(replace(p_exec::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)) * 1000))::integer AS latency_ms
            FROM (SELECT clock_timestamp() AS at OFFSET 0) c OFFSET 0) t $$;
CALL make_lookup_function('ended_without_answer(uuid, uuid, integer, text, text, text, text, jsonb)', app => false, worker => false);


-- As in 0001, and it says what it was about. p_body: the request, or as much of it as `about_of` reads. The one without it is for the release before.
CREATE FUNCTION abandon(p_exec uuid, p_ws uuid, p_route text, p_key text, p_body bytea) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_fence integer; v_lane text; v_made uuid[];
BEGIN
  SELECT fence, lane INTO v_fence, v_lane FROM holds WHERE execution_id = p_exec AND workspace_id = p_ws FOR UPDATE;
  v_made := settle(ARRAY[ended_without_answer(p_exec, p_ws, coalesce(v_fence, 1), coalesce(v_lane, 'interactive'), 'error', 'not_dispatched', 'No executor could take this execution.', about_of(p_body))],
                   'executor', 'abandoned:' || p_exec::text);
  IF cardinality(v_made) > 0 AND p_key IS NOT NULL THEN
    DELETE FROM idempotency_keys WHERE workspace_id = p_ws AND route = p_route AND key = p_key AND execution_id = p_exec;
  END IF;
  RETURN cardinality(v_made) > 0;
END $$;
CALL make_lookup_function('abandon(uuid, uuid, text, text, bytea)', app => true, worker => false);

-- In place, since services go on calling them. `admit` as in 0001, and it keeps what a request is about; the others as in 0001 and 0027, and they say it.
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

CREATE OR REPLACE FUNCTION admit(
  p_exec uuid[], p_ws uuid[], p_amount bigint[], p_ttl_ms bigint[], p_lane text[], p_repeat boolean[], p_claim boolean[],   -- one per request, in order
  p_route text[], p_key text[], p_fingerprint bytea[],                                                                     -- key NULL: none
  p_subject text[], p_body bytea[],                                                                                        -- background: the message to publish; NULL: none
  p_rate_id bigint[], p_window_us bigint[], p_burst_us bigint[],                                                           -- distinct, ascending by id
  p_acct_id bigint[],                                                                                                      -- distinct, ascending; slots' accounts too
  p_rate_ix integer[], p_rate_inc bigint[], p_rate_to integer[],                                                           -- flattened: slot, µs to add; end per request
  p_acct_ix integer[], p_acct bigint[], p_acct_to integer[],                                                               -- flattened: slot, id; end per request
  p_slot_ix integer[], p_slot_most integer[], p_widen integer[],                                                           -- account that counts it (0: none), most in flight
  OUT verdict smallint[], OUT limit_id bigint[], OUT retry_us bigint[], OUT warned bigint[], OUT original uuid[], OUT fence integer[], OUT slack_us bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  n integer := cardinality(p_exec); nr integer := cardinality(p_rate_id); na integer := cardinality(p_acct_id);
  v_tat bigint[]; v_free bigint[]; v_warn bigint[]; v_ws uuid[]; v_why smallint[]; v_reset bigint[]; v_ids bigint[]; v_flight integer[];
  v_delta bigint[] := array_fill(0::bigint, ARRAY[greatest(na, 1)]);
  v_held uuid[]; v_fence integer[]; v_ended uuid[]; v_yes integer[] := '{}'; v_claimed integer[] := '{}'; v_refused bigint[] := '{}'; v_passed bigint[] := '{}';
  v_rated boolean := false; v_moved boolean := false; v_now timestamptz; now_us bigint; v_since timestamptz; r0 integer := 1; a0 integer := 1; i integer; j integer; k integer;
  t bigint; amt bigint; had bigint; vd smallint; lim bigint; ra bigint; wn bigint; org uuid; fe integer; v_print bytea; v_accounts bigint[]; lo uuid; hi uuid;
  asks smallint;                                                   -- for what is asked: 0 nothing more, 1 a wider hold, 2 a new one
BEGIN
  -- Missing rate rows are made before any lock is taken, in order.
  IF nr > 0 AND (SELECT count(*) FROM rate_state WHERE rate_id = ANY (p_rate_id)) < nr THEN
    INSERT INTO rate_epoch (since) VALUES (clock_timestamp()) ON CONFLICT DO NOTHING;
    SELECT since INTO v_since FROM rate_epoch;
    now_us := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    INSERT INTO rate_state
    SELECT u.id, CASE WHEN v_since > clock_timestamp() - u.w * interval '1 microsecond' THEN now_us + u.b ELSE 0 END
      FROM unnest(p_rate_id, p_window_us, p_burst_us) u(id, w, b) ORDER BY u.id ON CONFLICT DO NOTHING;
  END IF;
  IF true = ANY (p_repeat) THEN
    SELECT array_agg(l.execution_id), array_agg(l.fence) INTO v_held, v_fence
      FROM (SELECT h.execution_id, h.fence FROM holds h WHERE h.execution_id = ANY (p_exec) ORDER BY h.execution_id FOR UPDATE) l;
    SELECT min(e::text)::uuid, max(e::text)::uuid INTO lo, hi FROM unnest(p_exec) e;
    SELECT array_agg(x.execution_id) INTO v_ended FROM executions x
     WHERE x.execution_id BETWEEN lo AND hi AND x.execution_id = ANY (p_exec);   -- the range is what lets PostgreSQL skip partitions
  END IF;
  IF nr > 0 THEN
    SELECT array_agg(l.tat_us) INTO v_tat FROM (SELECT tat_us FROM rate_state WHERE rate_id = ANY (p_rate_id) ORDER BY rate_id FOR NO KEY UPDATE) l;
  END IF;
  SELECT array_agg(account_id), array_agg(workspace_id), array_agg(CASE WHEN suspended THEN 5 WHEN closing THEN 10 ELSE kind END::smallint),
         array_agg(CASE WHEN suspended OR closing THEN -1 WHEN hard THEN limit_nusd - sp - held_nusd ELSE 4611686018427387904 END),
         array_agg(coalesce(warn_nusd - sp - held_nusd, 4611686018427387904)),
         array_agg(coalesce((extract(epoch FROM resets_at - clock_timestamp()) * 1000000)::bigint, 0)), array_agg(in_flight)
    INTO v_ids, v_ws, v_why, v_free, v_warn, v_reset, v_flight
    FROM (SELECT *, CASE WHEN resets_at <= clock_timestamp() THEN 0 ELSE spent_nusd END AS sp
            FROM accounts WHERE account_id = ANY (p_acct_id) ORDER BY account_id FOR NO KEY UPDATE) l;
  IF coalesce(cardinality(v_ids), 0) < na THEN                     -- an account is gone: line the slots up again (rare)
    SELECT array_agg(v_ws[p]), array_agg(coalesce(v_why[p], 6::smallint)), array_agg(coalesce(v_free[p], -1)), array_agg(coalesce(v_warn[p], 0)), array_agg(coalesce(v_reset[p], 0)),
           array_agg(coalesce(v_flight[p], 0))
      INTO v_ws, v_why, v_free, v_warn, v_reset, v_flight
      FROM (SELECT array_position(v_ids, a) AS p FROM unnest(p_acct_id) WITH ORDINALITY u(a, o) ORDER BY o) s;
  END IF;
  v_now := clock_timestamp(); now_us := (extract(epoch FROM v_now) * 1000000)::bigint;   -- after the locks: waiting would make it stale
  FOR k IN 1..nr LOOP                                              -- full is the worst that a limit can be: what a lower one left behind ends with it
    IF v_tat[k] > now_us + p_burst_us[k] THEN v_tat[k] := now_us + p_burst_us[k]; v_rated := true; END IF;
  END LOOP;

  FOR i IN 1..n LOOP
    vd := 0; lim := NULL; ra := 0; wn := NULL; org := NULL; amt := p_amount[i]; fe := 1; asks := 0;
    IF p_acct_to[i] < a0 THEN vd := 6;                             -- no account named: refused, or equal keys would not be serialised
    ELSIF v_ended IS NOT NULL AND p_exec[i] = ANY (v_ended) THEN vd := 7; org := p_exec[i];
    ELSIF p_widen[i] > 0 THEN                                      -- the hold is locked, and so is its row here
      SELECT h.amount_nusd, h.fence, h.account_ids INTO had, fe, v_accounts FROM holds h WHERE h.execution_id = p_exec[i] AND h.workspace_id = p_ws[i];
      IF fe IS DISTINCT FROM p_widen[i] THEN vd := 13; fe := coalesce(fe, 0);
      ELSIF v_accounts <> p_acct[a0 : p_acct_to[i]] THEN vd := 6;
      ELSIF amt > had THEN amt := amt - had; asks := 1;
      END IF;
    ELSIF v_held IS NOT NULL AND p_exec[i] = ANY (v_held) THEN     -- a repeat: yes, nothing new
      fe := v_fence[array_position(v_held, p_exec[i])];
      IF p_claim[i] THEN fe := fe + 1; v_fence[array_position(v_held, p_exec[i])] := fe; v_claimed := v_claimed || i; END IF;
    ELSE
      asks := 2;
      IF p_key[i] IS NOT NULL THEN
        SELECT q.execution_id, q.fingerprint INTO org, v_print FROM idempotency_keys q WHERE q.workspace_id = p_ws[i] AND q.route = p_route[i] AND q.key = p_key[i];
        IF FOUND AND org IS DISTINCT FROM p_exec[i] THEN vd := CASE WHEN v_print = p_fingerprint[i] THEN 8 ELSE 9 END; ELSE org := NULL; END IF;
      END IF;
      IF vd = 0 THEN
        FOR j IN r0..p_rate_to[i] LOOP
          k := p_rate_ix[j]; t := greatest(v_tat[k] - now_us, 0) + p_rate_inc[j] - p_burst_us[k];
          slack_us[j] := p_rate_inc[j] - t;
          IF t > ra THEN ra := t; vd := 1; lim := p_rate_id[k]; END IF;
        END LOOP;
      END IF;
    END IF;
    IF asks > 0 AND vd = 0 THEN
      FOR j IN a0..p_acct_to[i] LOOP
        k := p_acct_ix[j];
        IF v_ws[k] IS DISTINCT FROM p_ws[i] THEN vd := 6; lim := p_acct_id[k]; EXIT; END IF;
        IF v_free[k] < amt AND (amt > 0 OR v_why[k] IN (5, 10)) THEN
          vd := v_why[k]; lim := p_acct_id[k]; ra := v_reset[k];
          IF ra < 0 THEN SELECT (extract(epoch FROM next_reset(period, v_now) - v_now) * 1000000)::bigint INTO ra FROM accounts WHERE account_id = lim; END IF;
          IF vd IN (2, 3) AND lim <> ALL (v_refused) THEN          -- exhausted, if the balance itself does not suffice: what is held may come back
            v_refused := v_refused || lim;
            PERFORM 1 FROM accounts WHERE account_id = lim AND (crossed < 2 OR resets_at <= v_now) AND (kind = 2 OR limit_nusd > 0)
                                      AND limit_nusd - CASE WHEN resets_at <= v_now THEN 0 ELSE spent_nusd END < amt;
            IF FOUND THEN v_passed := v_passed || lim; END IF;
          END IF;
          EXIT;
        END IF;
        IF v_warn[k] < amt THEN wn := p_acct_id[k]; END IF;
      END LOOP;
      IF asks = 2 AND vd = 0 AND p_slot_ix[i] > 0 AND p_lane[i] = 'interactive' THEN
        k := p_slot_ix[i];
        IF v_flight[k] >= p_slot_most[i] OR v_why[k] IN (5, 10) OR v_ws[k] IS DISTINCT FROM p_ws[i] THEN
          vd := CASE WHEN v_ws[k] IS DISTINCT FROM p_ws[i] THEN 6 WHEN v_why[k] IN (5, 10) THEN v_why[k] ELSE 12 END; lim := p_acct_id[k];
        ELSE v_flight[k] := v_flight[k] + 1;
        END IF;
      END IF;
      IF vd = 0 THEN
        FOR j IN a0..p_acct_to[i] LOOP
          k := p_acct_ix[j]; v_free[k] := v_free[k] - amt; v_warn[k] := v_warn[k] - amt; v_delta[k] := v_delta[k] + amt;
        END LOOP;
        v_moved := true;
        IF asks = 1 THEN
          UPDATE holds SET amount_nusd = p_amount[i] WHERE execution_id = p_exec[i];   -- now, so that another widening of this batch sees it
        ELSE
          FOR j IN r0..p_rate_to[i] LOOP
            k := p_rate_ix[j]; v_tat[k] := greatest(v_tat[k], now_us) + p_rate_inc[j]; v_rated := true;
          END LOOP;
          IF p_key[i] IS NOT NULL THEN
            INSERT INTO idempotency_keys (workspace_id, route, key, fingerprint, execution_id) VALUES (p_ws[i], p_route[i], p_key[i], p_fingerprint[i], p_exec[i]);
          END IF;
          v_yes := v_yes || i;
          IF p_repeat[i] THEN v_held := v_held || p_exec[i]; v_fence := v_fence || 1; END IF;
        END IF;
      END IF;
    END IF;
    verdict[i] := vd; limit_id[i] := lim; retry_us[i] := ra; warned[i] := wn; original[i] := org; fence[i] := fe;
    r0 := p_rate_to[i] + 1; a0 := p_acct_to[i] + 1;
  END LOOP;

  IF v_rated THEN
    UPDATE rate_state r SET tat_us = u.t FROM unnest(p_rate_id, v_tat) u(id, t) WHERE r.rate_id = u.id AND r.tat_us <> u.t;
  END IF;
  IF cardinality(v_claimed) > 0 THEN
    UPDATE holds h SET fence = c.f, deadline = v_now + c.ttl * interval '1 millisecond'
      FROM (SELECT p_exec[y] AS id, max(fence[y]) AS f, max(p_ttl_ms[y]) AS ttl FROM unnest(v_claimed) y GROUP BY 1) c WHERE h.execution_id = c.id;
  END IF;
  IF 0 > ANY (v_reset) AND (v_moved OR cardinality(v_passed) > 0) THEN PERFORM roll(p_acct_id, v_now); END IF;
  IF v_moved THEN
    UPDATE accounts a SET held_nusd = held_nusd + u.d, in_flight = u.f FROM unnest(p_acct_id, v_delta, v_flight) u(id, d, f)
     WHERE a.account_id = u.id AND (u.d > 0 OR u.f <> a.in_flight);
  END IF;
  IF cardinality(v_yes) > 0 THEN
    INSERT INTO holds (execution_id, workspace_id, amount_nusd, account_ids, slot_account_id, lane, deadline)
    SELECT p_exec[y], p_ws[y], p_amount[y], p_acct[CASE y WHEN 1 THEN 1 ELSE p_acct_to[y - 1] + 1 END : p_acct_to[y]],
           CASE WHEN p_lane[y] = 'interactive' THEN p_acct_id[p_slot_ix[y]] END, p_lane[y], v_now + p_ttl_ms[y] * interval '1 millisecond'
      FROM unnest(v_yes) y;
    INSERT INTO accepted (execution_id, workspace_id, about) SELECT p_exec[y], p_ws[y], about_of(p_body[y]) FROM unnest(v_yes) y WHERE p_body[y] IS NOT NULL;
    INSERT INTO outbox (service, subject, message_id, body) SELECT 'gateway', p_subject[y], p_exec[y]::text || ':1', p_body[y] FROM unnest(v_yes) y WHERE p_body[y] IS NOT NULL;
  END IF;
  IF cardinality(v_passed) > 0 THEN PERFORM pass_marks('gateway', v_passed, 2::smallint); END IF;
END $$;

CREATE OR REPLACE FUNCTION expire(p_grace_ms bigint, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_rows finished_execution[];
BEGIN
  SELECT array_agg(ended_without_answer(l.execution_id, l.workspace_id, l.fence, l.lane, 'timeout', 'expired', 'Nobody finished this execution before its deadline.',
                                        (SELECT a.about FROM accepted a WHERE a.execution_id = l.execution_id))) INTO v_rows
    FROM (SELECT execution_id, workspace_id, fence, lane FROM holds WHERE deadline < clock_timestamp() - p_grace_ms * interval '1 millisecond'
           ORDER BY execution_id LIMIT p_most FOR UPDATE SKIP LOCKED) l;
  IF v_rows IS NULL THEN RETURN 0; END IF;
  RETURN cardinality(settle(v_rows, 'executor', 'expired:' || gen_random_uuid()::text));
END $$;

CREATE OR REPLACE FUNCTION cancel_queued(p_exec uuid, p_ws uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_made uuid[]; v_about jsonb := (SELECT about FROM accepted WHERE execution_id = p_exec AND workspace_id = p_ws);
BEGIN
  PERFORM 1 FROM holds WHERE execution_id = p_exec AND workspace_id = p_ws AND lane = 'background' AND fence = 1 FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  v_made := settle(ARRAY[ended_without_answer(p_exec, p_ws, 1, 'background', 'cancelled', 'cancelled', 'It was cancelled before it began.', v_about)],
                   'executor', 'cancelled:' || p_exec::text);
  RETURN cardinality(v_made) > 0;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
