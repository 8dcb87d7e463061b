-- Calls of a job that name no prompt (candidates and proposals of a search, judges) stand in usage at the prompt that the job is about. Days that
-- were closed before stay as they were booked.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Jobs of one prompt: searches, test runs, and live evaluations that name one alone. Row-level security is the caller's.
CREATE FUNCTION prompts_of_jobs(p_ws uuid) RETURNS TABLE (job_id uuid, slug text) LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT j.job_id, j.slug FROM optimization_jobs j WHERE j.workspace_id = p_ws
  UNION ALL SELECT t.test_run_id, t.slug FROM test_runs t WHERE t.workspace_id = p_ws AND t.slug IS NOT NULL
  UNION ALL SELECT l.live_evaluation_id, l.prompts[1] FROM live_evaluations l WHERE l.workspace_id = p_ws AND cardinality(l.prompts) = 1 $$;

CREATE OR REPLACE FUNCTION usage_counted(p_ws uuid, p_from date, p_to date) RETURNS TABLE (day date, api_key text, prompt text, model text, provider text, provider_key text,
  key_source text, lane text, end_user text, executions bigint, successes bigint, input_tokens bigint, cached_input_tokens bigint, output_tokens bigint,
  cost_nusd bigint, markup_nusd bigint, loss_nusd bigint, simulated bigint)
LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT day_of(e.execution_id), coalesce(e.api_key_id::text, ''), coalesce(e.slug, p.slug, ''), e.model, e.provider, coalesce(e.provider_key_id::text, ''),
         coalesce(e.key_source, ''), e.lane, coalesce(e.end_user, ''), count(*), count(*) FILTER (WHERE e.status = 'success'),
         sum(e.input_tokens)::bigint, sum(e.cached_input_tokens)::bigint, sum(e.output_tokens)::bigint, sum(e.cost_nusd)::bigint, sum(e.markup_nusd)::bigint,
         coalesce(sum(t.amount_nusd), 0)::bigint, count(*) FILTER (WHERE e.simulated)
    FROM executions e LEFT JOIN transfers t ON t.workspace_id = e.workspace_id AND t.execution_id = e.execution_id AND t.kind = 'overage'
         AND t.execution_id >= day_bound(p_from) AND t.execution_id < day_bound(p_to + 1)
    LEFT JOIN prompts_of_jobs(p_ws) p ON p.job_id = e.job_id
   WHERE e.workspace_id = p_ws AND e.execution_id >= day_bound(p_from) AND e.execution_id < day_bound(p_to + 1)
   GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 $$;

RESET ROLE;
SET LOCAL search_path = public;
