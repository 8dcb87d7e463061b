-- What was told of goes on: who heard of it hears of its end, however late that comes (an incident at PagerDuty stays open until then).
-- The end of an alert is on its way for as long as its stream keeps it, 7 days: where webhooks are down, it is read that late.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION forget_alert_notices(p_days integer, p_most integer) RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH gone AS (DELETE FROM alert_notices n USING (
      SELECT o.event_id, o.channel_id FROM alert_notices o
       WHERE o.created_at < clock_timestamp() - p_days * interval '1 day'
         AND NOT (o.event_type = 'alert.raised' AND EXISTS (
               SELECT FROM alerts a WHERE a.workspace_id = o.workspace_id AND a.alert_id = o.alert_id
                  AND (a.resolved_at IS NULL OR a.resolved_at > clock_timestamp() - interval '7 days')))
         AND NOT (o.event_type = 'webhook.endpoint_disabled' AND EXISTS (
               SELECT FROM webhook_endpoints e JOIN webhook_endpoint_states s ON s.endpoint_id = e.endpoint_id
                WHERE e.workspace_id = o.workspace_id AND e.endpoint_id::text = o.body ->> 'endpoint_id' AND e.deleted_at IS NULL
                  AND s.disabled_at > e.enabled_at))
       LIMIT p_most) o
                 WHERE (n.event_id, n.channel_id) = (o.event_id, o.channel_id) RETURNING 1)
  SELECT count(*)::integer FROM gone $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;
RESET ROLE;
