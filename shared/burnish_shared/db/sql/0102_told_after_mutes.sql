-- An alert that was raised while it was muted was told to nobody, ever, also where it stayed open for weeks after the mute was over.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE alerts ADD COLUMN unmuted_at timestamptz;              -- when it was told, the mute of its beginning being over; with `muted`: found too old for that
CREATE INDEX alerts_kept_untold ON alerts (workspace_id) WHERE resolved_at IS NULL AND muted AND unmuted_at IS NULL;
CREATE INDEX alerts_told_late ON alerts (workspace_id, unmuted_at) WHERE unmuted_at IS NOT NULL;

-- What nobody muted any more for so long before this release is no news: it stays muted, and `unmuted_at` says that it was looked at.
UPDATE alerts a SET unmuted_at = clock_timestamp()
 WHERE a.resolved_at IS NULL AND a.muted AND a.unmuted_at IS NULL AND a.raised_at < clock_timestamp() - interval '7 days'
   AND NOT EXISTS (SELECT FROM alert_mutes m WHERE m.workspace_id = a.workspace_id AND m.kind IN ('', a.kind)
                      AND m.slug IN ('', coalesce(a.slug, '')) AND m.muted_until > clock_timestamp())
   AND NOT EXISTS (SELECT FROM alert_rules r WHERE r.workspace_id = a.workspace_id AND r.slug IN ('', coalesce(a.slug, ''))
                      AND r.muted_until > clock_timestamp());

-- Open alerts that nobody was told of, nobody has seen, and nothing mutes any more: of each workspace ten an hour, the worst and newest first.
CREATE FUNCTION alerts_unmuted(p_at timestamptz, p_most integer) RETURNS TABLE (workspace_id uuid, alert_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT o.workspace_id, o.alert_id FROM (
    SELECT a.workspace_id, a.alert_id, row_number() OVER (PARTITION BY a.workspace_id
             ORDER BY array_position(ARRAY['critical', 'error', 'warning', 'info'], a.severity), a.raised_at DESC, a.alert_id) AS place
      FROM alerts a
     WHERE a.resolved_at IS NULL AND a.muted AND a.unmuted_at IS NULL
       AND NOT EXISTS (SELECT FROM alert_mutes m WHERE m.workspace_id = a.workspace_id AND m.kind IN ('', a.kind)
                          AND m.slug IN ('', coalesce(a.slug, '')) AND m.muted_until > p_at)
       AND NOT EXISTS (SELECT FROM alert_rules r WHERE r.workspace_id = a.workspace_id AND r.slug IN ('', coalesce(a.slug, ''))
                          AND (r.muted_until > p_at OR NOT r.enabled))
       AND NOT EXISTS (SELECT FROM alert_acknowledgements k WHERE k.workspace_id = a.workspace_id AND k.alert_id = a.alert_id)
    ) o
   WHERE o.place <= 10
     AND o.place <= 10 - (SELECT count(*) FROM alerts t
                           WHERE t.workspace_id = o.workspace_id AND t.unmuted_at > p_at - interval '1 hour' AND NOT t.muted)
   LIMIT p_most $$;
CALL make_lookup_function('alerts_unmuted(timestamptz, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
