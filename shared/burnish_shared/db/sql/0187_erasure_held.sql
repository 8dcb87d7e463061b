-- Waiting lines of batches in the sessions of a person who is erased, where a line names no user; and whether an erasure must wait, which is asked in
-- each transaction that takes something after its steps.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- As `erase_batches` takes the person's own lines. To be called in the transaction of each `erase_step`: it does so once a pass, when all sessions are
-- known and none is forgotten yet. Returns how many lines.
CREATE FUNCTION erase_session_batches(p_erasure uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; n integer;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.stage <> 'feedback' OR e.at_time IS NOT NULL OR cardinality(e.sessions) = 0 THEN RETURN 0; END IF;
  WITH gone AS (
    UPDATE batch_lines l SET status = 'unsent', request = NULL, custom_id = NULL, answered_at = clock_timestamp(),
           error = '{"code": "erased", "message": "The person whom this was about was erased."}'
      FROM batches b WHERE b.workspace_id = l.workspace_id AND b.batch_id = l.batch_id AND b.created_at < e.requested_at
       AND l.workspace_id = e.workspace_id AND l.status IS NULL AND l.request::jsonb #>> '{caller,session_id}' IN (SELECT unnest(e.sessions)) RETURNING l.batch_id),
  counted AS (
    UPDATE batches b SET failed = b.failed + g.n FROM (SELECT batch_id, count(*)::integer AS n FROM gone GROUP BY 1) g
     WHERE b.workspace_id = e.workspace_id AND b.batch_id = g.batch_id RETURNING g.n)
  SELECT coalesce(sum(c.n), 0)::integer INTO n FROM counted c;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'batches', n) WHERE erasure_id = p_erasure; END IF;
  RETURN n;
END $$;

CREATE FUNCTION erasure_held(p_erasure uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT EXISTS (SELECT FROM erasures e JOIN workspaces w ON w.workspace_id = e.workspace_id WHERE e.erasure_id = p_erasure AND w.legal_hold) $$;

CALL make_lookup_function('erasure_held(uuid)', app => false, worker => true);
REVOKE ALL ON FUNCTION erase_session_batches(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_session_batches(uuid) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
