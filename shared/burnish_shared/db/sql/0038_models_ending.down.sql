SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION models_ending(integer, integer);
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
DROP INDEX rollups_day_by_model;

RESET ROLE;
SET LOCAL search_path = public;
