-- Rounds of webhook -> API -> event are carried by what is done later too; events of a prompt's budget name the prompt.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Rounds that led to this transaction (burnish_shared.hops).
CREATE FUNCTION current_hops() RETURNS smallint LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT coalesce(nullif(current_setting('app.hops', true), ''), '0')::smallint $$;

ALTER TABLE feedback_news ADD COLUMN hops smallint NOT NULL DEFAULT 0;
ALTER TABLE test_runs ADD COLUMN hops smallint NOT NULL DEFAULT current_hops();
ALTER TABLE optimization_jobs ADD COLUMN hops smallint NOT NULL DEFAULT current_hops();

DROP FUNCTION put_event(text, text, uuid, text, jsonb);
DROP FUNCTION pass_marks(text, bigint[], smallint);
-- As in 0001, and with the rounds.
CREATE FUNCTION put_event(p_service text, p_type text, p_ws uuid, p_object_id text, p_data jsonb) RETURNS uuid LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE v_at timestamptz := clock_timestamp(); v_id uuid;
BEGIN
  v_id := derived_uuid7((lpad(to_hex((extract(epoch FROM v_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid, gen_random_uuid()::text);
  INSERT INTO outbox (service, subject, message_id, body) VALUES (p_service, 'burnish.v1.' || p_type || '.' || p_ws::text, v_id::text, convert_to(jsonb_build_object(
    'v', 1, 'id', v_id, 'type', p_type, 'workspace_id', p_ws, 'occurred_at', to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'object_id', p_object_id,
    'object_version', NULL, 'simulated', false, 'traceparent', NULL, 'hops', current_hops(), 'data', p_data)::text, 'UTF8'));
  RETURN v_id;
END $$;

-- As in 0001, and with the prompt.
CREATE FUNCTION pass_marks(p_service text, p_accounts bigint[], p_least smallint) RETURNS void LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE one record; v_data jsonb;
BEGIN
  FOR one IN SELECT a.*, c.reached, greatest(c.reached, p_least) AS after FROM accounts a, LATERAL (SELECT crossing(a.kind, a.limit_nusd, a.spent_nusd, a.warn_nusd) AS reached) c
              WHERE a.account_id = ANY (p_accounts) AND a.crossed < greatest(c.reached, p_least) ORDER BY a.account_id LOOP
    UPDATE accounts SET crossed = one.after WHERE account_id = one.account_id;
    v_data := jsonb_build_object('account_id', one.account_id, 'budget_id', CASE WHEN one.kind = 2 THEN one.reference END, 'limit_nusd', one.limit_nusd,
      'spent_nusd', one.spent_nusd, 'available_nusd', greatest(one.limit_nusd - one.spent_nusd - one.held_nusd, 0), 'period', one.period,
      'resets_at', to_char(one.resets_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
    IF one.kind = 2 THEN                                               -- a budget of a prompt says which, so that filters match
      v_data := v_data || jsonb_build_object('prompt', (SELECT p.slug FROM budgets b JOIN prompts p ON p.workspace_id = b.workspace_id AND p.prompt_id::text = b.target_id
        WHERE b.workspace_id = one.workspace_id AND b.budget_id = one.reference AND b.target_kind = 'prompt'));
    END IF;
    IF one.crossed = 0 AND one.warn_nusd IS NOT NULL AND one.reached > 0 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.threshold_crossed' ELSE 'credits.low' END, one.workspace_id, coalesce(one.reference, one.workspace_id)::text, v_data);
    END IF;
    IF one.after = 2 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.exhausted' ELSE 'credits.exhausted' END, one.workspace_id, coalesce(one.reference, one.workspace_id)::text, v_data);
    END IF;
  END LOOP;
END $$;
CALL make_lookup_function('put_event(text, text, uuid, text, jsonb)', app => false, worker => false);
CALL make_lookup_function('pass_marks(text, bigint[], smallint)', app => false, worker => false);

-- Endpoints that were deleted longer ago than their deliveries are kept. Returns how many, at most p_most; 0: none is left.
CREATE FUNCTION forget_webhook_endpoints(p_days integer, p_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE gone uuid[];
BEGIN
  IF p_days < 1 THEN RAISE EXCEPTION 'retention is at least a day'; END IF;
  SELECT array_agg(d.endpoint_id) INTO gone FROM (SELECT e.endpoint_id FROM webhook_endpoints e
    WHERE e.deleted_at < clock_timestamp() - (p_days + 1) * interval '1 day' ORDER BY e.deleted_at LIMIT p_most) d;
  DELETE FROM webhook_endpoint_days WHERE endpoint_id = ANY (gone);
  DELETE FROM webhook_endpoint_states WHERE endpoint_id = ANY (gone);
  DELETE FROM webhook_endpoints WHERE endpoint_id = ANY (gone);
  RETURN coalesce(cardinality(gone), 0);
END $$;
CALL make_lookup_function('forget_webhook_endpoints(integer, integer)', app => false, worker => true);
GRANT DELETE ON webhook_endpoints, webhook_endpoint_states, webhook_endpoint_days TO burnish_lookup;
CREATE INDEX ON webhook_endpoints (deleted_at) WHERE deleted_at IS NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
