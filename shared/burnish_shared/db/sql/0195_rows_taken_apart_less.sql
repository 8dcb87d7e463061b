-- `settle` takes its rows apart twice, and not five times; it does what it did (docs/decisions/0128).
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

CREATE OR REPLACE FUNCTION settle(p_rows finished_execution[], p_service text, p_event_id text) RETURNS uuid[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp SET enable_seqscan = off AS $$
DECLARE
  v_ids uuid[]; v_new uuid[]; v_done uuid[]; v_held uuid[]; v_fence integer[]; v_accounts bigint[]; v_due boolean; v_tokens boolean; v_passed bigint[]; lo uuid; hi uuid;
  v_ws uuid[]; v_costs bigint[]; v_events text[]; v_background boolean;
BEGIN
  -- What is needed of each more than once; of several rows of one execution, of the highest fence. Taking p_rows apart costs as much as its texts are long.
  SELECT array_agg(o.execution_id), array_agg(o.workspace_id), array_agg(o.cost), array_agg(o.completed_event), bool_or(o.is_background)
    INTO v_ids, v_ws, v_costs, v_events, v_background
    FROM (SELECT DISTINCT ON (r.execution_id) r.execution_id, r.workspace_id, r.cost_nusd + beyond_hold(r.details) AS cost, r.completed_event,
                 r.background_event IS NOT NULL AS is_background
            FROM unnest(p_rows) r ORDER BY r.execution_id, r.fence DESC) o;
  lo := v_ids[1]; hi := v_ids[cardinality(v_ids)];
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
  IF v_held IS NOT NULL AND NOT v_held <@ v_new THEN
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
    SELECT r.id, r.ws, CASE WHEN r.id = ANY (v_new) THEN r.cost ELSE 0 END AS cost, coalesce(g.amount_nusd, 0) AS held, g.account_ids AS accts, g.slot_account_id AS slot
      FROM unnest(v_ids, v_ws, v_costs) r(id, ws, cost) LEFT JOIN gone g ON g.execution_id = r.id WHERE r.id = ANY (v_done)),
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
    INSERT INTO outbox (service, subject, message_id, body)
    SELECT p_service, 'burnish.v1.executions.completed.batch', p_event_id,
           convert_to('{"v":1,"event_id":"' || p_event_id || '","items":[' || string_agg(r.event, ',') || ']}', 'UTF8')
      FROM unnest(v_ids, v_events) r(id, event) WHERE r.id = ANY (v_new);
    IF v_background THEN
      INSERT INTO outbox (service, subject, message_id, body)
      SELECT DISTINCT ON (r.execution_id) p_service, r.background_subject, 'completed:' || r.execution_id, convert_to(r.background_event, 'UTF8')
        FROM unnest(p_rows) r WHERE r.execution_id = ANY (v_new) AND r.background_event IS NOT NULL ORDER BY r.execution_id, r.fence DESC;
    END IF;
  END IF;
  RETURN v_new;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
