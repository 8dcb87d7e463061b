SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE OR REPLACE FUNCTION usage_counted(p_ws uuid, p_from date, p_to date) RETURNS TABLE (day date, api_key text, prompt text, model text, provider text, provider_key text,
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

DROP FUNCTION prompts_of_jobs(uuid);

RESET ROLE;
SET LOCAL search_path = public;
