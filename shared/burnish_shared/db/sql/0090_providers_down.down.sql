SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
-- As in 0015, and of models: it does not end on that day any more, or is retired.
CREATE OR REPLACE FUNCTION alerts_over(p_most integer) RETURNS TABLE (workspace_id uuid, incident_key text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
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
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

DROP FUNCTION providers_down(integer, interval, integer), says_down(jsonb), models_of_provider(uuid, text);

REVOKE EXECUTE ON FUNCTION moment_bound(timestamptz) FROM burnish_lookup;

DELETE FROM alert_acknowledgements k USING alerts a WHERE (a.workspace_id, a.alert_id) = (k.workspace_id, k.alert_id) AND a.kind = 'provider';
DELETE FROM alerts WHERE kind = 'provider';                        -- a kind that the version before does not know
ALTER TABLE alerts
  DROP CONSTRAINT alerts_kind_check,
  ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('feedback_threshold', 'degradation', 'budget', 'credits', 'provider_key', 'usage', 'model'));

RESET ROLE;
SET LOCAL search_path = public;
