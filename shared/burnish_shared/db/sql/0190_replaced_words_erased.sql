-- An erasure took what nobody in particular said of the person's answers, and left what of it another reaction had replaced.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Deletes reactions of nobody to the person's executions that were replaced or taken back: a page of them, by the ids of feedback. Before the
-- first step, which takes the person from the executions. Returns the last one looked at; NULL: all were.
CREATE FUNCTION erase_replaced_words(p_erasure uuid, p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_last uuid; v_hits uuid[]; n integer; v_inner bytea; v_outer bytea; v_before uuid;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL OR EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = e.workspace_id AND w.legal_hold) THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92); v_before := moment_bound(e.requested_at);
  WITH page AS MATERIALIZED (
    SELECT h.feedback_id, CASE WHEN h.target_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN h.target_id::uuid END AS execution_id
      FROM feedback_history h
     WHERE h.workspace_id = e.workspace_id AND h.target_kind = 'execution' AND h.end_user = '' AND h.feedback_id > p_after AND h.accepted_at < e.requested_at
     ORDER BY h.feedback_id FETCH FIRST p_most ROWS WITH TIES),
  asked AS MATERIALIZED (
    SELECT x.execution_id, x.session_id, coalesce(keyed_hash(v_inner, v_outer, x.end_user) = e.subject_digest, false) AS hit
      FROM (SELECT DISTINCT execution_id FROM page) p JOIN executions x ON x.execution_id = p.execution_id AND x.workspace_id = e.workspace_id
     WHERE x.execution_id < v_before),
  sessions AS MATERIALIZED (
    SELECT s.session_id, EXISTS (SELECT FROM (
             SELECT x.end_user FROM executions x WHERE x.workspace_id = e.workspace_id AND x.session_id = s.session_id AND x.execution_id < v_before
              UNION SELECT f.end_user FROM executions x JOIN execution_facts f ON f.execution_id = x.execution_id AND f.workspace_id = x.workspace_id
                     WHERE x.workspace_id = e.workspace_id AND x.session_id = s.session_id AND x.execution_id < v_before OFFSET 0) u
             WHERE keyed_hash(v_inner, v_outer, u.end_user) = e.subject_digest) AS hit
      FROM (SELECT DISTINCT session_id FROM asked WHERE session_id IS NOT NULL AND NOT hit) s)
  SELECT (SELECT max(p.feedback_id::text)::uuid FROM page p), array_agg(a.execution_id) FILTER (WHERE a.hit OR coalesce(s.hit, false)
           OR EXISTS (SELECT FROM execution_facts f WHERE f.execution_id = a.execution_id AND f.workspace_id = e.workspace_id
                         AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest))
    INTO v_last, v_hits FROM asked a LEFT JOIN sessions s ON s.session_id = a.session_id;
  IF v_hits IS NOT NULL THEN
    DELETE FROM feedback_history h WHERE h.workspace_id = e.workspace_id AND h.target_kind = 'execution' AND h.target_id = ANY (v_hits::text[])
       AND h.end_user = '' AND h.accepted_at < e.requested_at;
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE erasures SET counts = erased(counts, 'feedback_history', n) WHERE erasure_id = p_erasure;
  END IF;
  RETURN v_last;
END $$;
REVOKE ALL ON FUNCTION erase_replaced_words(uuid, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_replaced_words(uuid, uuid, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
