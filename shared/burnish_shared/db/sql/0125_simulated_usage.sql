-- How many of the executions of a day simulated models answered: what they cost is of no real call.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE usage_days ADD COLUMN simulated bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_user_days ADD COLUMN simulated bigint NOT NULL DEFAULT 0;

-- As usage_between, which the release before goes by, and how many simulated models answered.
CREATE FUNCTION usage_counted(p_ws uuid, p_from date, p_to date) RETURNS TABLE (day date, api_key text, prompt text, model text, provider text, provider_key text,
  key_source text, lane text, end_user text, executions bigint, successes bigint, input_tokens bigint, cached_input_tokens bigint, output_tokens bigint,
  cost_nusd bigint, markup_nusd bigint, loss_nusd bigint, simulated bigint)
LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT day_of(e.execution_id), coalesce(e.api_key_id::text, ''), coalesce(e.slug, ''), e.model, e.provider, coalesce(e.provider_key_id::text, ''),
         coalesce(e.key_source, ''), e.lane, coalesce(e.end_user, ''), count(*), count(*) FILTER (WHERE e.status = 'success'),
         sum(e.input_tokens)::bigint, sum(e.cached_input_tokens)::bigint, sum(e.output_tokens)::bigint, sum(e.cost_nusd)::bigint, sum(e.markup_nusd)::bigint,
         coalesce(sum(t.amount_nusd), 0)::bigint, count(*) FILTER (WHERE e.simulated)
    FROM executions e LEFT JOIN transfers t ON t.workspace_id = e.workspace_id AND t.execution_id = e.execution_id AND t.kind = 'overage'
         AND t.execution_id >= day_bound(p_from) AND t.execution_id < day_bound(p_to + 1)
   WHERE e.workspace_id = p_ws AND e.execution_id >= day_bound(p_from) AND e.execution_id < day_bound(p_to + 1)
   GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 $$;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION close_usage_days(p_ws uuid, p_through date, p_most_days integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_through date; v_from date; v_to date; v_open date;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.usage'), hashtext(p_ws::text));
  SELECT through INTO v_through FROM usage_closings WHERE workspace_id = p_ws;
  v_from := coalesce(v_through + 1, least(
    (SELECT (w.created_at AT TIME ZONE 'UTC')::date FROM workspaces w WHERE w.workspace_id = p_ws),
    (SELECT day_of(e.execution_id) FROM executions e WHERE e.workspace_id = p_ws ORDER BY e.execution_id LIMIT 1),
    (SELECT (min(t.at) AT TIME ZONE 'UTC')::date FROM transfers t WHERE t.workspace_id = p_ws AND t.execution_id IS NULL)));
  v_open := least((SELECT min(day_of(h.execution_id)) FROM holds h WHERE h.workspace_id = p_ws),
                  (SELECT min(day_of(a.reference)) FROM accounts a WHERE a.workspace_id = p_ws AND a.kind = 4 AND NOT a.closing));
  v_to := least(p_through, v_open - 1, v_from + p_most_days - 1);
  IF v_to >= v_from THEN
    WITH u AS MATERIALIZED (SELECT * FROM usage_counted(p_ws, v_from, v_to)),
    by_user AS (
      INSERT INTO usage_user_days
      SELECT p_ws, u.day, u.end_user, sum(u.executions), sum(u.successes), sum(u.input_tokens), sum(u.cached_input_tokens), sum(u.output_tokens),
             sum(u.cost_nusd), sum(u.markup_nusd), sum(u.loss_nusd), sum(u.simulated) FROM u GROUP BY 2, 3)
    INSERT INTO usage_days
    SELECT p_ws, u.day, u.api_key, u.prompt, u.model, u.provider, u.provider_key, u.key_source, u.lane, sum(u.executions), sum(u.successes),
           sum(u.input_tokens), sum(u.cached_input_tokens), sum(u.output_tokens), sum(u.cost_nusd), sum(u.markup_nusd), sum(u.loss_nusd),
           sum(u.simulated)
      FROM u GROUP BY 2, 3, 4, 5, 6, 7, 8, 9;
    INSERT INTO ledger_days SELECT p_ws, l.* FROM ledger_between(p_ws, v_from, v_to) l;
  END IF;
  INSERT INTO usage_closings (workspace_id, through) VALUES (p_ws, least(greatest(v_to, v_from - 1), p_through))
  ON CONFLICT (workspace_id) DO UPDATE SET through = excluded.through, at = clock_timestamp();
  RETURN greatest(v_to - v_from + 1, 0);
END $$;

CREATE OR REPLACE FUNCTION fold_usage_users(p_ws uuid, p_before date) RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH gone AS (
    DELETE FROM usage_user_days u WHERE u.workspace_id = p_ws AND u.end_user <> '' AND u.day < p_before RETURNING *),
  kept AS (
    INSERT INTO usage_user_days AS k (workspace_id, day, end_user, executions, successes, input_tokens, cached_input_tokens, output_tokens, cost_nusd, markup_nusd, loss_nusd, simulated)
    SELECT p_ws, day, '', sum(executions), sum(successes), sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(cost_nusd), sum(markup_nusd), sum(loss_nusd), sum(simulated)
      FROM gone GROUP BY day
    ON CONFLICT (workspace_id, day, end_user) DO UPDATE SET executions = k.executions + excluded.executions, successes = k.successes + excluded.successes,
      input_tokens = k.input_tokens + excluded.input_tokens, cached_input_tokens = k.cached_input_tokens + excluded.cached_input_tokens,
      output_tokens = k.output_tokens + excluded.output_tokens, cost_nusd = k.cost_nusd + excluded.cost_nusd, markup_nusd = k.markup_nusd + excluded.markup_nusd,
      loss_nusd = k.loss_nusd + excluded.loss_nusd, simulated = k.simulated + excluded.simulated)
  SELECT count(*)::integer FROM gone $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
