-- Detectors follow so many labels of a workspace, read what came in in pages, and forget labels that are not used any more.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE INDEX detector_observations_oldest ON detector_observations (workspace_id, period, slug, label);
GRANT DELETE ON detector_states, quality_states, label_feedback, label_voices TO burnish_worker;

-- Workspaces that remember a label which was not used for p_days, or feedback on one that nobody judged for p_feedback_days.
CREATE FUNCTION workspaces_with_unused_labels(p_days integer, p_feedback_days integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT d.workspace_id FROM detector_states d WHERE d.seen_through < clock_timestamp() - p_days * interval '1 day' UNION
  SELECT q.workspace_id FROM quality_states q WHERE q.seen_through < clock_timestamp() - p_days * interval '1 day' UNION
  SELECT l.workspace_id FROM label_feedback l WHERE l.evaluated_at < clock_timestamp() - p_feedback_days * interval '1 day' AND NOT l.is_below AND l.recheck_at IS NULL $$;
CALL make_lookup_function('workspaces_with_unused_labels(integer, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
