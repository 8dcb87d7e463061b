-- Which rows an executor made whose first answer was lost. The sweeper and a caller's leaving book under the fence of the hold too, which is the
-- executor's own: by the fence alone it took their rows for its, and told an answer that the books do not have.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- The one by the fence alone is for the release before.
CREATE FUNCTION own_rows(p_exec uuid[], p_fence integer[], p_finished_at timestamptz[]) RETURNS TABLE (execution_id uuid) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = burnish, pg_temp AS $$
  SELECT x.execution_id FROM unnest(p_exec, p_fence, p_finished_at) u(id, f, at) JOIN executions x ON x.execution_id = u.id AND x.fence = u.f AND x.finished_at = u.at $$;
CALL make_lookup_function('own_rows(uuid[], integer[], timestamptz[])', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
