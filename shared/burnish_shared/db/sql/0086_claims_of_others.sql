-- Live evaluations are claimed without those that the asking process holds already: one that stood still for longer than its lease took its own
-- work from itself, and scored it again. The function without that list stays for the release before.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE FUNCTION claim_live_evaluations(p_worker text, p_lease_s integer, p_most integer, p_held uuid[])
RETURNS TABLE (id uuid, workspace_id uuid, fence integer) LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH due AS (
    SELECT l.live_evaluation_id AS one FROM live_evaluations l
     WHERE l.archived_at IS NULL AND l.active AND (l.leased_until IS NULL OR l.leased_until < clock_timestamp())
       AND l.live_evaluation_id <> ALL (p_held)
       AND EXISTS (SELECT FROM score_tasks t WHERE t.workspace_id = l.workspace_id AND t.live_evaluation_id = l.live_evaluation_id)
     ORDER BY l.leased_until NULLS FIRST, l.live_evaluation_id LIMIT p_most FOR UPDATE SKIP LOCKED)
  UPDATE live_evaluations l SET fence = l.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    FROM due WHERE l.live_evaluation_id = due.one RETURNING l.live_evaluation_id, l.workspace_id, l.fence $$;
CALL make_lookup_function('claim_live_evaluations(text, integer, integer, uuid[])', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
