-- As sql/0061_about_unbegun.sql and sql/0152_tokens_a_minute.sql have them.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
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

CREATE OR REPLACE FUNCTION settle(p_rows finished_execution[], p_service text, p_event_id text) RETURNS uuid[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp SET enable_seqscan = off AS $$
DECLARE
  v_ids uuid[]; v_new uuid[]; v_done uuid[]; v_held uuid[]; v_fence integer[]; v_accounts bigint[]; v_due boolean; v_tokens boolean; v_passed bigint[]; lo uuid; hi uuid; v_events text;
BEGIN
  SELECT array_agg(r.execution_id), min(r.execution_id::text)::uuid, max(r.execution_id::text)::uuid INTO v_ids, lo, hi FROM unnest(p_rows) r;
  SELECT array_agg(l.execution_id), array_agg(l.fence), bool_or(l.token_rates IS NOT NULL) INTO v_held, v_fence, v_tokens
    FROM (SELECT h.execution_id, h.fence, h.token_rates FROM holds h WHERE h.execution_id = ANY (v_ids) ORDER BY h.execution_id FOR UPDATE) l;
  WITH fresh AS MATERIALIZED (
    SELECT DISTINCT ON (r.execution_id) r.* FROM unnest(p_rows) r LEFT JOIN unnest(v_held, v_fence) h(id, f) ON h.id = r.execution_id
     WHERE h.f IS NULL OR h.f <= r.fence ORDER BY r.execution_id, r.fence DESC),
  made AS (
    INSERT INTO executions (execution_id, workspace_id, fence, lane, status, prompt_id, slug, version, label, model, provider, input_tokens, output_tokens,
        cached_input_tokens, usage_source, cost_nusd, price_version, latency_ms, first_token_ms, cached, simulated, finish_reason, end_user, session_id, app,
        api_key_id, job_id, request_id, provider_key_id, key_source, markup_nusd, error, attempts, finished_at,
        cache_write_input_tokens, reasoning_tokens, details, trace_id)
    SELECT execution_id, workspace_id, fence, lane, status, prompt_id, slug, version, label, model, provider, input_tokens, output_tokens,
        cached_input_tokens, usage_source, cost_nusd, price_version, latency_ms, first_token_ms, cached, simulated, finish_reason, end_user, session_id, app,
        api_key_id, job_id, request_id, provider_key_id, key_source, coalesce(markup_nusd, 0), error::jsonb, attempts::jsonb, finished_at,
        coalesce(cache_write_input_tokens, 0), coalesce(reasoning_tokens, 0), details::jsonb - 'trace_id', (details::jsonb ->> 'trace_id')::uuid
      FROM fresh ON CONFLICT DO NOTHING RETURNING execution_id),
  content AS (
    INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, output, tool_calls, metadata)
    SELECT f.execution_id, f.workspace_id, f.messages::jsonb, f.variables::jsonb, f.settings::jsonb, f.output, f.tool_calls::jsonb, f.metadata::jsonb
      FROM fresh f JOIN made USING (execution_id) WHERE f.messages IS NOT NULL ON CONFLICT DO NOTHING)
  SELECT array_agg(execution_id) INTO v_new FROM made;
  v_new := coalesce(v_new, '{}');

  -- Holds to resolve: those of new rows, and those whose row somebody else had made.
  v_done := v_new;
  IF v_held IS NOT NULL AND EXISTS (SELECT FROM unnest(v_held) h WHERE h <> ALL (v_new)) THEN
    SELECT v_done || coalesce(array_agg(x.execution_id), '{}') INTO v_done FROM executions x
     WHERE x.execution_id BETWEEN lo AND hi AND x.execution_id = ANY (v_held) AND x.execution_id <> ALL (v_new);
  END IF;
  IF cardinality(v_done) = 0 THEN RETURN v_new; END IF;
  IF v_tokens THEN PERFORM settle_tokens(v_done, lo, hi); END IF;     -- rates before accounts, as admit locks them
  SELECT array_agg(a.id) INTO v_accounts FROM holds h, unnest(h.account_ids || h.slot_account_id) a(id) WHERE h.execution_id = ANY (v_done);
  IF v_accounts IS NOT NULL THEN
    SELECT bool_or(l.due) INTO v_due FROM (SELECT resets_at <= clock_timestamp() AS due FROM accounts WHERE account_id = ANY (v_accounts) ORDER BY account_id FOR NO KEY UPDATE) l;
    IF v_due THEN PERFORM roll(v_accounts, clock_timestamp()); END IF;
  END IF;
  WITH gone AS (DELETE FROM holds WHERE execution_id = ANY (v_done) RETURNING execution_id, amount_nusd, account_ids, slot_account_id),
  item AS MATERIALIZED (
    SELECT DISTINCT ON (i.id) i.id, r.workspace_id AS ws, CASE WHEN i.id = ANY (v_new) THEN r.cost_nusd + beyond_hold(r.details) ELSE 0 END AS cost, coalesce(g.amount_nusd, 0) AS held,
           g.account_ids AS accts, g.slot_account_id AS slot
      FROM unnest(v_done) i(id) JOIN unnest(p_rows) r ON r.execution_id = i.id LEFT JOIN gone g ON g.execution_id = i.id ORDER BY i.id, r.fence DESC),
  moved AS (
    UPDATE accounts a SET held_nusd = held_nusd - d.h, in_flight = in_flight - d.s, spent_nusd = spent_nusd + d.c
      FROM (SELECT u.id, sum(u.h)::bigint AS h, sum(u.c)::bigint AS c, sum(u.s)::integer AS s
              FROM (SELECT p.id, held AS h, least(cost, held) AS c, 0 AS s FROM item, unnest(accts) p(id)
                    UNION ALL SELECT slot, 0, 0, 1 FROM item WHERE slot IS NOT NULL) u GROUP BY u.id) d
     WHERE a.account_id = d.id AND (d.h <> 0 OR d.c <> 0 OR d.s <> 0)
    RETURNING a.account_id, d.c > 0 AND a.crossed < crossing(a.kind, a.limit_nusd, a.spent_nusd, a.warn_nusd) AS passes),
  posted AS (
    INSERT INTO transfers (workspace_id, execution_id, kind, debit_account_id, credit_account_id, amount_nusd)
    SELECT ws, id, 'charge', accts[1], 1, least(cost, held) FROM item WHERE least(cost, held) > 0
    UNION ALL SELECT ws, id, 'overage', 2, 1, cost - held FROM item WHERE cost > held)
  SELECT array_agg(account_id) INTO v_passed FROM moved WHERE passes;
  IF v_passed IS NOT NULL THEN PERFORM pass_marks(p_service, v_passed, 0::smallint); END IF;
  DELETE FROM accepted WHERE execution_id = ANY (v_done);
  IF cardinality(v_new) > 0 THEN
    SELECT string_agg(r.completed_event, ',') INTO v_events FROM (SELECT DISTINCT ON (execution_id) * FROM unnest(p_rows) ORDER BY execution_id, fence DESC) r WHERE r.execution_id = ANY (v_new);
    INSERT INTO outbox (service, subject, message_id, body)
    VALUES (p_service, 'burnish.v1.executions.completed.batch', p_event_id, convert_to('{"v":1,"event_id":"' || p_event_id || '","items":[' || v_events || ']}', 'UTF8'));
    INSERT INTO outbox (service, subject, message_id, body)
    SELECT DISTINCT ON (r.execution_id) p_service, r.background_subject, 'completed:' || r.execution_id, convert_to(r.background_event, 'UTF8')
      FROM unnest(p_rows) r WHERE r.execution_id = ANY (v_new) AND r.background_event IS NOT NULL ORDER BY r.execution_id, r.fence DESC;
  END IF;
  RETURN v_new;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
