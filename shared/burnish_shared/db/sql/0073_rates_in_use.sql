-- How much of their limits of requests a workspace and its API keys use now, for people to read.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Of the transaction's own workspace: its own limit, where api_key_id is NULL, and its keys that work and have one, the fullest first.
-- ahead_us: how far the limiter's theoretical arrival time is ahead of now. Without a row it is what `admit` would make of it.
CREATE FUNCTION rates_in_use(p_most integer)
RETURNS TABLE (api_key_id uuid, name text, rate_id bigint, rate_limit_per_minute integer, ahead_us bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH own AS (SELECT nullif(current_setting('app.workspace', true), '')::uuid AS workspace_id),
  fresh AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us,
                   coalesce((SELECT since FROM rate_epoch), clock_timestamp()) > clock_timestamp() - interval '1 minute' AS starts_full),
  limits AS (
    SELECT NULL::uuid AS api_key_id, NULL::text AS name, w.rate_id, NULL::integer AS rate_limit_per_minute FROM workspaces w JOIN own USING (workspace_id)
    UNION ALL
    SELECT k.api_key_id, k.name, k.rate_id, k.rate_limit_per_minute FROM api_keys k JOIN own USING (workspace_id)
     WHERE k.rate_limit_per_minute IS NOT NULL AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()))
  SELECT l.api_key_id, l.name, l.rate_id, l.rate_limit_per_minute,
         CASE WHEN s.rate_id IS NOT NULL THEN greatest(0, s.tat_us - f.now_us) WHEN f.starts_full THEN 4611686018427387904 ELSE 0 END AS ahead_us
    FROM limits l CROSS JOIN fresh f LEFT JOIN rate_state s USING (rate_id)
   ORDER BY l.api_key_id IS NOT NULL, ahead_us DESC, l.api_key_id LIMIT p_most $$;
CALL make_lookup_function('rates_in_use(integer)', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
