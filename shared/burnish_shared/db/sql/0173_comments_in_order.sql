-- Comments on what was run go in one order, and an erasure reads each session once, not once for each comment on it: of long sessions with many
-- comments it never came to its end.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Deletes comments with the answers to them. Comments first, then what tells of them, each in the order of their ids, so that no two who delete
-- wait for each other. Returns how many went.
CREATE FUNCTION drop_comments(p_ws uuid, p_ids uuid[]) RETURNS integer LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE v_all uuid[];
BEGIN
  v_all := ARRAY(SELECT c.comment_id FROM prompt_comments c WHERE c.workspace_id = p_ws AND c.comment_id = ANY (p_ids)
                  UNION SELECT c.comment_id FROM prompt_comments c WHERE c.workspace_id = p_ws AND c.reply_to = ANY (p_ids));
  PERFORM FROM prompt_comments c WHERE c.workspace_id = p_ws AND c.comment_id = ANY (v_all) ORDER BY c.comment_id FOR UPDATE;
  PERFORM FROM inbox_items i WHERE i.workspace_id = p_ws AND i.comment_id = ANY (v_all) ORDER BY i.item_id FOR UPDATE;
  DELETE FROM prompt_comments c WHERE c.workspace_id = p_ws AND c.comment_id = ANY (v_all);
  RETURN cardinality(v_all);
END $$;
REVOKE ALL ON FUNCTION drop_comments(uuid, uuid[]) FROM PUBLIC;

-- As in 0167.
CREATE OR REPLACE FUNCTION forget_comments(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_ids uuid[]; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  v_ids := ARRAY(
    SELECT c.comment_id FROM prompt_comments c
     WHERE c.workspace_id = p_ws AND c.prompt_id IS NULL AND CASE
           WHEN c.execution_id IS NOT NULL THEN c.execution_id < moment_bound(cutoff)
             OR c.of_text AND NOT EXISTS (SELECT FROM execution_contents t WHERE t.execution_id = c.execution_id AND t.workspace_id = p_ws)
           WHEN c.chain_run_id IS NOT NULL THEN EXISTS (SELECT FROM chain_runs r WHERE r.workspace_id = p_ws AND r.run_id = c.chain_run_id
                                                           AND (r.finished_at < cutoff OR c.of_text AND NOT r.keeps_text))
           ELSE c.created_at < cutoff
             OR NOT EXISTS (SELECT FROM executions x WHERE x.workspace_id = p_ws AND x.session_id = c.session_id)
            AND NOT EXISTS (SELECT FROM feedback f WHERE f.workspace_id = p_ws AND f.target_kind = 'session' AND f.target_id = c.session_id) END
     LIMIT p_most);
  RETURN drop_comments(p_ws, v_ids);
END $$;

CREATE OR REPLACE FUNCTION erase_comments(p_erasure uuid, p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_ids uuid[]; v_hits uuid[]; n integer; v_inner bytea; v_outer bytea; v_before uuid;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL OR EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = e.workspace_id AND w.legal_hold) THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92); v_before := moment_bound(e.requested_at);
  WITH page AS MATERIALIZED (
    SELECT c.comment_id, c.execution_id, c.chain_run_id, c.session_id AS of_session, CASE WHEN c.chain_run_id IS NULL THEN coalesce(c.session_id, o.session_id) END AS session_id, o.end_user
      FROM prompt_comments c LEFT JOIN executions o ON o.execution_id = c.execution_id AND o.workspace_id = c.workspace_id
     WHERE c.workspace_id = e.workspace_id AND c.prompt_id IS NULL AND c.comment_id > p_after AND (c.execution_id IS NULL OR c.execution_id < v_before)
     ORDER BY c.comment_id LIMIT p_most),
  sessions AS MATERIALIZED (                                         -- each is read once, however many comments lead to it
    SELECT s.session_id, EXISTS (SELECT FROM (
             SELECT x.end_user FROM executions x WHERE x.workspace_id = e.workspace_id AND x.session_id = s.session_id AND x.execution_id < v_before
              UNION SELECT f.end_user FROM executions x JOIN execution_facts f ON f.execution_id = x.execution_id AND f.workspace_id = x.workspace_id
                     WHERE x.workspace_id = e.workspace_id AND x.session_id = s.session_id AND x.execution_id < v_before OFFSET 0) u
             WHERE keyed_hash(v_inner, v_outer, u.end_user) = e.subject_digest) AS hit
      FROM (SELECT DISTINCT session_id FROM page WHERE session_id IS NOT NULL) s),
  spoken AS MATERIALIZED (
    SELECT s.of_session, EXISTS (SELECT FROM feedback f WHERE f.workspace_id = e.workspace_id AND f.target_kind = 'session' AND f.target_id = s.of_session
                                    AND f.accepted_at < e.requested_at AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest) AS hit
      FROM (SELECT DISTINCT of_session FROM page WHERE of_session IS NOT NULL) s)
  SELECT array_agg(b.comment_id ORDER BY b.comment_id), array_agg(b.comment_id) FILTER (WHERE b.hit) INTO v_ids, v_hits
    FROM (SELECT p.comment_id, CASE
            WHEN p.chain_run_id IS NOT NULL THEN EXISTS (SELECT FROM chain_runs r WHERE r.workspace_id = e.workspace_id AND r.run_id = p.chain_run_id
                                                            AND r.created_at < e.requested_at AND keyed_hash(v_inner, v_outer, r.end_user) = e.subject_digest)
            ELSE coalesce(keyed_hash(v_inner, v_outer, p.end_user) = e.subject_digest, false)
              OR EXISTS (SELECT FROM execution_facts f WHERE f.execution_id = p.execution_id AND f.workspace_id = e.workspace_id
                            AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest)
              OR coalesce(s.hit, false) OR coalesce(t.hit, false) END AS hit
            FROM page p LEFT JOIN sessions s ON s.session_id = p.session_id LEFT JOIN spoken t ON t.of_session = p.of_session) b;
  IF v_hits IS NOT NULL THEN
    n := drop_comments(e.workspace_id, v_hits);
    UPDATE erasures SET counts = erased(counts, 'prompt_comments', n) WHERE erasure_id = p_erasure;
  END IF;
  RETURN v_ids[cardinality(v_ids)];
END $$;

RESET ROLE;
SET LOCAL search_path = public;
