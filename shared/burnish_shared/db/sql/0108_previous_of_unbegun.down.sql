SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

CREATE OR REPLACE FUNCTION about_of(p_body bytea) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN (SELECT jsonb_strip_nulls(jsonb_build_object('prompt', r.prompt, 'model', r.route -> 'model', 'provider', r.route -> 'provider',
    'simulated', r.route -> 'simulated', 'group_key', r.group_key, 'experiment', r.experiment, 'request_id', r.request_id, 'hops', r.hops, 'traceparent', r.traceparent,
    'caller', jsonb_build_object('user_id', r.caller -> 'user_id', 'session_id', r.caller -> 'session_id', 'app', r.caller -> 'app',
      'api_key_id', r.caller -> 'api_key_id')))
    FROM json_to_record(convert_from(p_body, 'UTF8')::json)
      AS r(prompt json, route json, caller json, group_key json, experiment json, request_id json, hops json, traceparent json));
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION ended_without_answer(p_exec uuid, p_ws uuid, p_fence integer, p_lane text, p_status text, p_code text, p_message text, p_about jsonb) RETURNS finished_execution
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

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;
RESET ROLE;
