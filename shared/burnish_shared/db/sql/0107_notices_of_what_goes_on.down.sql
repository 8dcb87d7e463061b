SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION forget_alert_notices(p_days integer, p_most integer) RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH gone AS (DELETE FROM alert_notices n USING (SELECT o.event_id, o.channel_id FROM alert_notices o WHERE o.created_at < clock_timestamp() - p_days * interval '1 day' LIMIT p_most) o
                 WHERE (n.event_id, n.channel_id) = (o.event_id, o.channel_id) RETURNING 1)
  SELECT count(*)::integer FROM gone $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;
RESET ROLE;
