-- What a registry of models knows (prices by class of token, tiers, scores, its end), every price that was ever set, what each execution
-- cost by class of token, and rules that choose a model or a version.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE platform_models
  ADD COLUMN cache_write_input_price_nusd_per_million bigint CHECK (cache_write_input_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  ADD COLUMN reasoning_price_nusd_per_million bigint CHECK (reasoning_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  ADD COLUMN price_tiers        jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(price_tiers) = 'array'),   -- contracts.executions.PriceTier
  ADD COLUMN preferred_for      text[] NOT NULL DEFAULT '{}',
  ADD COLUMN priority           integer NOT NULL DEFAULT 100 CHECK (priority BETWEEN 0 AND 1000),          -- of equally dear ones the lower goes first
  ADD COLUMN quality_score      double precision CHECK (quality_score BETWEEN 0 AND 1),
  ADD COLUMN quality_source     text NOT NULL DEFAULT '',                                                  -- where a score is from; the same below
  ADD COLUMN reliability_score  double precision CHECK (reliability_score BETWEEN 0 AND 1),
  ADD COLUMN reliability_source text NOT NULL DEFAULT '',
  ADD COLUMN latency_ms         integer CHECK (latency_ms BETWEEN 1 AND 3600000),                          -- what half of the calls take at most
  ADD COLUMN latency_source     text NOT NULL DEFAULT '',
  ADD COLUMN fallback_model     text,
  ADD COLUMN successor          text,
  ADD COLUMN deprecated_at      timestamptz,
  ADD COLUMN sunset_at          timestamptz,
  ADD COLUMN retired_at         timestamptz,
  ADD COLUMN last_tested_at     timestamptz,
  ADD COLUMN updated_at         timestamptz NOT NULL DEFAULT clock_timestamp();

ALTER TABLE workspace_models
  ADD COLUMN cache_write_input_price_nusd_per_million bigint CHECK (cache_write_input_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  ADD COLUMN reasoning_price_nusd_per_million bigint CHECK (reasoning_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  ADD COLUMN price_tiers        jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(price_tiers) = 'array'),   -- contracts.executions.PriceTier
  ADD COLUMN preferred_for      text[] NOT NULL DEFAULT '{}',
  ADD COLUMN priority           integer NOT NULL DEFAULT 100 CHECK (priority BETWEEN 0 AND 1000),          -- of equally dear ones the lower goes first
  ADD COLUMN quality_score      double precision CHECK (quality_score BETWEEN 0 AND 1),
  ADD COLUMN quality_source     text NOT NULL DEFAULT '',                                                  -- where a score is from; the same below
  ADD COLUMN reliability_score  double precision CHECK (reliability_score BETWEEN 0 AND 1),
  ADD COLUMN reliability_source text NOT NULL DEFAULT '',
  ADD COLUMN latency_ms         integer CHECK (latency_ms BETWEEN 1 AND 3600000),                          -- what half of the calls take at most
  ADD COLUMN latency_source     text NOT NULL DEFAULT '',
  ADD COLUMN fallback_model     text,
  ADD COLUMN successor          text,
  ADD COLUMN deprecated_at      timestamptz,
  ADD COLUMN sunset_at          timestamptz,
  ADD COLUMN retired_at         timestamptz,
  ADD COLUMN last_tested_at     timestamptz,
  ADD COLUMN updated_at         timestamptz NOT NULL DEFAULT clock_timestamp();

-- Every price of a workspace's models, as it was set; an execution names the version it was charged by (PROMISES E-14). Rows never change.
CREATE TABLE model_prices (
  workspace_id  uuid NOT NULL REFERENCES workspaces,
  model         text NOT NULL,
  price_version text NOT NULL,
  prices        jsonb NOT NULL,
  set_by        text NOT NULL,
  set_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, model, price_version));
CALL make_tenant_table('model_prices', app => 'SELECT, INSERT', worker => '', writer => 'gateway');
INSERT INTO model_prices (workspace_id, model, price_version, prices, set_by, set_at)
SELECT workspace_id, model, price_version, jsonb_strip_nulls(jsonb_build_object('input_nusd_per_million', input_price_nusd_per_million,
         'cached_input_nusd_per_million', coalesce(cached_input_price_nusd_per_million, input_price_nusd_per_million), 'output_nusd_per_million', output_price_nusd_per_million)),
       'system:migration', created_at
  FROM workspace_models WHERE input_price_nusd_per_million IS NOT NULL AND output_price_nusd_per_million IS NOT NULL;

-- Rules that choose a model or a version, in order, and what `auto` asks of a model. slug '': of the whole workspace.
CREATE TABLE routing_policies (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  slug         text NOT NULL DEFAULT '' CHECK (length(slug) <= 63),
  requirements jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(requirements) = 'object'),
  rules        jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(rules) = 'array'),
  updated_by   text NOT NULL,
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, slug));
CALL make_tenant_table('routing_policies', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '', writer => 'gateway');

-- An alert may be about a model that ends.
ALTER TABLE alerts
  DROP CONSTRAINT alerts_kind_check,
  ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('feedback_threshold', 'degradation', 'budget', 'credits', 'provider_key', 'usage', 'model'));

-- ---------------------------------------------------------------------------------------------------------------------------------
-- The books: tokens by class, and what else is known of an execution. `details` holds numbers and names, never a text of somebody's:
-- cost by class of token, the class of service, how the model was chosen (books/finished.py).

ALTER TABLE executions
  ADD COLUMN cache_write_input_tokens integer NOT NULL DEFAULT 0,
  ADD COLUMN reasoning_tokens integer NOT NULL DEFAULT 0,
  ADD COLUMN details jsonb;
ALTER TYPE finished_execution ADD ATTRIBUTE cache_write_input_tokens integer, ADD ATTRIBUTE reasoning_tokens integer, ADD ATTRIBUTE details text;

DROP FUNCTION settle(finished_execution[], text, text);
DROP FUNCTION ended_without_answer(uuid, uuid, integer, text, text, text, text);

-- As in 0001, and with the new columns.
-- Posts finished executions; returns those whose row this call made. A repeat, and an item whose hold carries a higher fence, change nothing.
CREATE FUNCTION settle(p_rows finished_execution[], p_service text, p_event_id text) RETURNS uuid[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  v_ids uuid[]; v_new uuid[]; v_done uuid[]; v_held uuid[]; v_fence integer[]; v_accounts bigint[]; v_due boolean; v_passed bigint[]; lo uuid; hi uuid; v_events text;
BEGIN
  SELECT array_agg(r.execution_id), min(r.execution_id::text)::uuid, max(r.execution_id::text)::uuid INTO v_ids, lo, hi FROM unnest(p_rows) r;
  SELECT array_agg(l.execution_id), array_agg(l.fence) INTO v_held, v_fence
    FROM (SELECT h.execution_id, h.fence FROM holds h WHERE h.execution_id = ANY (v_ids) ORDER BY h.execution_id FOR UPDATE) l;
  WITH fresh AS MATERIALIZED (
    SELECT DISTINCT ON (r.execution_id) r.* FROM unnest(p_rows) r LEFT JOIN unnest(v_held, v_fence) h(id, f) ON h.id = r.execution_id
     WHERE h.f IS NULL OR h.f <= r.fence ORDER BY r.execution_id, r.fence DESC),
  made AS (
    INSERT INTO executions (execution_id, workspace_id, fence, lane, status, prompt_id, slug, version, label, model, provider, input_tokens, output_tokens,
        cached_input_tokens, usage_source, cost_nusd, price_version, latency_ms, first_token_ms, cached, simulated, finish_reason, end_user, session_id, app,
        api_key_id, job_id, request_id, provider_key_id, key_source, markup_nusd, error, attempts, finished_at,
        cache_write_input_tokens, reasoning_tokens, details)
    SELECT execution_id, workspace_id, fence, lane, status, prompt_id, slug, version, label, model, provider, input_tokens, output_tokens,
        cached_input_tokens, usage_source, cost_nusd, price_version, latency_ms, first_token_ms, cached, simulated, finish_reason, end_user, session_id, app,
        api_key_id, job_id, request_id, provider_key_id, key_source, coalesce(markup_nusd, 0), error::jsonb, attempts::jsonb, finished_at,
        coalesce(cache_write_input_tokens, 0), coalesce(reasoning_tokens, 0), details::jsonb
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
  SELECT array_agg(a.id) INTO v_accounts FROM holds h, unnest(h.account_ids || h.slot_account_id) a(id) WHERE h.execution_id = ANY (v_done);
  IF v_accounts IS NOT NULL THEN
    SELECT bool_or(l.due) INTO v_due FROM (SELECT resets_at <= clock_timestamp() AS due FROM accounts WHERE account_id = ANY (v_accounts) ORDER BY account_id FOR NO KEY UPDATE) l;
    IF v_due THEN PERFORM roll(v_accounts, clock_timestamp()); END IF;
  END IF;
  WITH gone AS (DELETE FROM holds WHERE execution_id = ANY (v_done) RETURNING execution_id, amount_nusd, account_ids, slot_account_id),
  item AS MATERIALIZED (
    SELECT DISTINCT ON (i.id) i.id, r.workspace_id AS ws, CASE WHEN i.id = ANY (v_new) THEN r.cost_nusd ELSE 0 END AS cost, coalesce(g.amount_nusd, 0) AS held,
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
CALL make_lookup_function('settle(finished_execution[], text, text)', app => false, worker => true);

-- As in 0001, and with the new columns.
-- The row of an execution that nobody can finish any more, and its events (those that books/finished.py makes of a finished one).
-- p_code says why: `expired`, `not_dispatched`.
CREATE FUNCTION ended_without_answer(p_exec uuid, p_ws uuid, p_fence integer, p_lane text, p_status text, p_code text, p_message text) RETURNS finished_execution
LANGUAGE sql SET search_path = burnish, pg_temp AS $$
  SELECT ROW(p_exec, p_ws, p_fence, p_lane, p_status, NULL, NULL, NULL, NULL, '', '', 0, 0, 0, 'estimated', 0, NULL,
    t.latency_ms, NULL, false, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
    jsonb_build_object('type', 'api_error', 'code', p_code, 'message', p_message, 'retryable', true)::text, '[]', t.at,
    NULL, NULL, NULL, NULL, NULL, NULL,
    jsonb_build_object('execution_id', p_exec, 'workspace_id', p_ws, 'lane', p_lane, 'status', p_status, 'model', '', 'provider', '', 'input_tokens', 0, 'output_tokens', 0,
      'cost_nusd', 0, 'latency_ms', t.latency_ms, 'finished_at', t.at_text)::text,
    CASE WHEN p_lane = 'background' THEN jsonb_build_object('v', 1, 'id', derived_uuid7(p_exec, 'execution.completed'), 'type', 'execution.completed', 'workspace_id', p_ws,
      'occurred_at', t.at_text, 'object_id', p_exec, 'object_version', NULL, 'simulated', false, 'traceparent', NULL, 'hops', 0,
      'data', jsonb_build_object('execution_id', p_exec, 'status', p_status, 'prompt', NULL, 'version', NULL, 'label', NULL, 'model', '', 'cost_nusd', 0, 'latency_ms', t.latency_ms))::text END,
    CASE WHEN p_lane = 'background' THEN 'burnish.v1.execution.completed.' || p_ws::text END, 0, 0, NULL)::finished_execution
    FROM (SELECT c.at, to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at_text,
                 greatest(0, least(2147483647, extract(epoch FROM c.at - to_timestamp(('x' || substr(replace(p_exec::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)) * 1000))::integer AS latency_ms
            FROM (SELECT clock_timestamp() AS at OFFSET 0) c OFFSET 0) t $$;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Across workspaces.

-- What incident keys of a model that ends on that day begin with. NULL where no end is known.
CREATE FUNCTION ending_incident(p_model text, p_sunset_at timestamptz) RETURNS text LANGUAGE sql STABLE SET search_path = burnish, pg_temp
RETURN 'model:' || p_model || ':' || to_char(p_sunset_at AT TIME ZONE 'UTC', 'YYYYMMDD') || ':';

-- Models that end within p_days, or have ended, in workspaces that own them or called them in the last 30 days, and of which nothing was said
-- since that mark: 'ended', 'week' or 'month'. An own model of the same name stands for the platform's.
CREATE FUNCTION models_ending(p_days integer, p_most integer) RETURNS TABLE (workspace_id uuid, model text, sunset_at timestamptz, successor text, provider text, mark text, incident_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH ending AS (
    SELECT w.workspace_id, w.model, w.sunset_at, coalesce(w.successor, w.fallback_model) AS successor, w.provider
      FROM workspace_models w WHERE w.active AND w.sunset_at < clock_timestamp() + p_days * interval '1 day'
    UNION ALL
    SELECT DISTINCT r.workspace_id, p.model, p.sunset_at, coalesce(p.successor, p.fallback_model), p.provider
      FROM platform_models p JOIN rollups r ON r.grain = 'day' AND r.model = p.model AND r.bucket > clock_timestamp() - interval '30 days'
     WHERE p.active AND p.sunset_at < clock_timestamp() + p_days * interval '1 day'
       AND NOT EXISTS (SELECT FROM workspace_models w WHERE w.workspace_id = r.workspace_id AND w.model = p.model)),
  marked AS (
    SELECT e.*, CASE WHEN e.sunset_at <= clock_timestamp() THEN 'ended' WHEN e.sunset_at < clock_timestamp() + interval '7 days' THEN 'week' ELSE 'month' END AS mark FROM ending e)
  SELECT m.workspace_id, m.model, m.sunset_at, m.successor, m.provider, m.mark, ending_incident(m.model, m.sunset_at) || m.mark FROM marked m
   WHERE NOT EXISTS (SELECT FROM alerts a WHERE a.workspace_id = m.workspace_id AND a.incident_key = ending_incident(m.model, m.sunset_at) || m.mark)
   ORDER BY m.sunset_at LIMIT p_most $$;
CALL make_lookup_function('models_ending(integer, integer)', app => false, worker => true);

DROP FUNCTION alerts_over(integer);
-- As in 0015, and of models: it does not end on that day any more, or is retired.
CREATE FUNCTION alerts_over(p_most integer) RETURNS TABLE (workspace_id uuid, incident_key text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT a.workspace_id, a.incident_key FROM alerts a
   WHERE a.resolved_at IS NULL
     AND CASE WHEN a.kind IN ('budget', 'credits') THEN
                NOT EXISTS (SELECT FROM accounts c WHERE c.workspace_id = a.workspace_id AND c.account_id::text = a.subject
                               AND c.crossed >= CASE a.metric WHEN 'exhausted' THEN 2 ELSE 1 END AND (c.kind <> 2 OR c.resets_at > clock_timestamp()))
              WHEN a.kind = 'provider_key' THEN
                NOT EXISTS (SELECT FROM provider_keys k WHERE k.workspace_id = a.workspace_id AND k.provider_key_id::text = a.subject AND k.status = 'set_aside')
              WHEN a.kind = 'model' THEN
                NOT EXISTS (SELECT FROM workspace_models m WHERE m.workspace_id = a.workspace_id AND m.model = a.subject AND m.active
                               AND starts_with(a.incident_key, ending_incident(m.model, m.sunset_at)))
                AND NOT EXISTS (SELECT FROM platform_models m WHERE m.model = a.subject AND m.active AND starts_with(a.incident_key, ending_incident(m.model, m.sunset_at)))
              ELSE false END
   LIMIT p_most $$;
CALL make_lookup_function('alerts_over(integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
