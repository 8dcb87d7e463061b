-- Tokens a minute as a limit of a workspace, its plan and an API key (docs/decisions/0110). A limit is a row of rate_state whose id is that of
-- the limit of requests with a minus before it. What a call may use at most is taken by `admit`, and becomes what it used in `settle`.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE plans ADD COLUMN token_limit_per_minute bigint CHECK (token_limit_per_minute BETWEEN 1 AND 10000000000);         -- NULL: none
ALTER TABLE workspaces ADD COLUMN token_limit_per_minute bigint CHECK (token_limit_per_minute BETWEEN 1 AND 10000000000);    -- NULL: the plan's
ALTER TABLE api_keys ADD COLUMN token_limit_per_minute bigint CHECK (token_limit_per_minute BETWEEN 1 AND 10000000000);      -- NULL: the workspace's
GRANT UPDATE (token_limit_per_minute) ON workspaces TO burnish_app;
GRANT INSERT (token_limit_per_minute), UPDATE (token_limit_per_minute) ON api_keys TO burnish_app;

ALTER TABLE holds ADD COLUMN token_rates bigint[];
COMMENT ON COLUMN holds.token_rates IS 'rows of: rate, µs that its tokens moved the arrival time by, tokens a minute; NULL: no limit of tokens';

-- Beside find_workspace and find_api_key, whose rows the release before reads: NULL is no limit.
CREATE FUNCTION token_limit_of(p_ws uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT least(w.token_limit_per_minute, p.token_limit_per_minute)
    FROM workspaces w JOIN organizations o USING (organization_id) JOIN plans p USING (plan) WHERE w.workspace_id = p_ws $$;
CALL make_lookup_function('token_limit_of(uuid)', app => true, worker => false);
CREATE FUNCTION token_limit_of_key(p_key uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT k.token_limit_per_minute FROM api_keys k WHERE k.api_key_id = p_key $$;
CALL make_lookup_function('token_limit_of_key(uuid)', app => true, worker => false);

-- Notes with each new hold what it took of limits of tokens. Called in the statement of `admit`, with its verdicts and slack: of a limit that was
-- not looked at (a repeat, a wider hold) nothing was taken. One row per hold and limit: request, place among all rates, rate, µs, tokens a minute.
CREATE FUNCTION note_tokens(p_verdict smallint[], p_slack_us bigint[], p_exec uuid[], p_of integer[], p_at integer[], p_rate bigint[], p_us bigint[], p_per_minute bigint[])
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  UPDATE holds h SET token_rates = t.rows
    FROM (SELECT p_exec[u.of] AS id, array_agg(ARRAY[u.rate, u.us, u.per_minute]) AS rows
            FROM unnest(p_of, p_at, p_rate, p_us, p_per_minute) u(of, at, rate, us, per_minute)
           WHERE p_verdict[u.of] = 0 AND p_slack_us[u.at] IS NOT NULL GROUP BY u.of) t
   WHERE h.execution_id = t.id $$;
CALL make_lookup_function('note_tokens(smallint[], bigint[], uuid[], integer[], integer[], bigint[], bigint[], bigint[])', app => true, worker => false);

-- Of these holds, what was taken becomes what was used: input and output of the row between p_lo and p_hi; nothing where there is none, or an
-- answer of before was told again. Never moves an arrival time below now. The holds are locked, and are deleted by the caller. Whatever a
-- provider reports, no sum overflows: a settlement that fails would fail for ever, with all that are settled beside it.
CREATE FUNCTION settle_tokens(p_ids uuid[], p_lo uuid, p_hi uuid) RETURNS void LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE v_rates bigint[]; v_moves bigint[]; v_now bigint;
BEGIN
  SELECT array_agg(m.rate ORDER BY m.rate), array_agg(m.us ORDER BY m.rate) INTO v_rates, v_moves FROM (
    SELECT h.token_rates[i][1] AS rate, sum(ceil(least(coalesce(x.tokens, 0) * 60000000.0 / h.token_rates[i][3], 1e15))::bigint - h.token_rates[i][2])::bigint AS us
      FROM holds h CROSS JOIN generate_subscripts(h.token_rates, 1) i
      LEFT JOIN (SELECT e.execution_id, CASE WHEN e.cached THEN 0 ELSE e.input_tokens::bigint + e.output_tokens END AS tokens FROM executions e
                  WHERE e.execution_id BETWEEN p_lo AND p_hi AND e.execution_id = ANY (p_ids)) x USING (execution_id)
     WHERE h.execution_id = ANY (p_ids) GROUP BY 1) m;
  IF v_rates IS NULL THEN RETURN; END IF;
  PERFORM 1 FROM rate_state WHERE rate_id = ANY (v_rates) ORDER BY rate_id FOR NO KEY UPDATE;
  v_now := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
  UPDATE rate_state r SET tat_us = greatest(v_now, greatest(r.tat_us, v_now) + u.us) FROM unnest(v_rates, v_moves) u(id, us) WHERE r.rate_id = u.id AND u.us <> 0;
END $$;
CALL make_lookup_function('settle_tokens(uuid[], uuid, uuid)', app => false, worker => false);

-- As rates_in_use, of limits of tokens. Of the workspace only where it, or its plan, has one.
CREATE FUNCTION token_rates_in_use(p_most integer) RETURNS TABLE (api_key_id uuid, name text, rate_id bigint, token_limit_per_minute bigint, ahead_us bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH own AS (SELECT nullif(current_setting('app.workspace', true), '')::uuid AS workspace_id),
  fresh AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us,
                   coalesce((SELECT since FROM rate_epoch), clock_timestamp()) > clock_timestamp() - interval '1 minute' AS starts_full),
  limits AS (
    SELECT NULL::uuid AS api_key_id, NULL::text AS name, -w.rate_id AS rate_id, token_limit_of(w.workspace_id) AS per_minute FROM workspaces w JOIN own USING (workspace_id)
    UNION ALL
    SELECT k.api_key_id, k.name, -k.rate_id, k.token_limit_per_minute FROM api_keys k JOIN own USING (workspace_id)
     WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()))
  SELECT l.api_key_id, l.name, l.rate_id, l.per_minute,
         CASE WHEN s.rate_id IS NOT NULL THEN greatest(0, s.tat_us - f.now_us) WHEN f.starts_full THEN 4611686018427387904 ELSE 0 END AS ahead_us
    FROM limits l CROSS JOIN fresh f LEFT JOIN rate_state s USING (rate_id) WHERE l.per_minute IS NOT NULL
   ORDER BY l.api_key_id IS NOT NULL, ahead_us DESC, l.api_key_id LIMIT p_most $$;
CALL make_lookup_function('token_rates_in_use(integer)', app => true, worker => false);

-- In place, since services go on calling them. `settle` as in 0051 and 0096, `withdraw` as in 0027, and both give tokens back.
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

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

CREATE OR REPLACE FUNCTION withdraw(p_exec uuid[], p_ws uuid, p_route text, p_keys text[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_ids uuid[]; v_accounts bigint[];
BEGIN
  SELECT array_agg(l.execution_id) INTO v_ids FROM (
    SELECT execution_id FROM holds WHERE execution_id = ANY (p_exec) AND workspace_id = p_ws AND fence = 1 AND lane = 'interactive' ORDER BY execution_id FOR UPDATE) l;
  IF v_ids IS NULL THEN RETURN 0; END IF;
  PERFORM settle_tokens(v_ids, v_ids[1], v_ids[cardinality(v_ids)]);
  SELECT array_agg(DISTINCT a.id) INTO v_accounts FROM holds h, unnest(h.account_ids || h.slot_account_id) a(id) WHERE h.execution_id = ANY (v_ids);
  PERFORM 1 FROM accounts WHERE account_id = ANY (v_accounts) ORDER BY account_id FOR NO KEY UPDATE;
  WITH gone AS (DELETE FROM holds WHERE execution_id = ANY (v_ids) RETURNING amount_nusd, account_ids, slot_account_id)
  UPDATE accounts a SET held_nusd = held_nusd - d.h, in_flight = in_flight - d.s
    FROM (SELECT u.id, sum(u.h)::bigint AS h, sum(u.s)::integer AS s
            FROM (SELECT p.id, amount_nusd AS h, 0 AS s FROM gone, unnest(account_ids) p(id)
                  UNION ALL SELECT slot_account_id, 0, 1 FROM gone WHERE slot_account_id IS NOT NULL) u GROUP BY u.id) d
   WHERE a.account_id = d.id;
  DELETE FROM idempotency_keys WHERE workspace_id = p_ws AND route = p_route AND key = ANY (p_keys) AND execution_id = ANY (v_ids);
  RETURN cardinality(v_ids);
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
