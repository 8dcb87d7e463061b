SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE OR REPLACE FUNCTION forget_comments(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  DELETE FROM prompt_comments d WHERE d.workspace_id = p_ws AND d.comment_id IN (
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
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

CREATE OR REPLACE FUNCTION erase_comments(p_erasure uuid, p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_ids uuid[]; v_hits uuid[]; n integer; v_inner bytea; v_outer bytea; v_before uuid;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL OR EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = e.workspace_id AND w.legal_hold) THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92); v_before := moment_bound(e.requested_at);
  SELECT array_agg(b.comment_id ORDER BY b.comment_id), array_agg(b.comment_id) FILTER (WHERE b.hit) INTO v_ids, v_hits
    FROM (SELECT c.comment_id, CASE
            WHEN c.chain_run_id IS NOT NULL THEN EXISTS (SELECT FROM chain_runs r WHERE r.workspace_id = c.workspace_id AND r.run_id = c.chain_run_id
                                                            AND r.created_at < e.requested_at AND keyed_hash(v_inner, v_outer, r.end_user) = e.subject_digest)
            ELSE coalesce(keyed_hash(v_inner, v_outer, o.end_user) = e.subject_digest, false)
              OR EXISTS (SELECT FROM execution_facts f WHERE f.execution_id = c.execution_id AND f.workspace_id = c.workspace_id
                            AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest)
              OR EXISTS (SELECT FROM executions x WHERE x.workspace_id = c.workspace_id AND x.session_id = coalesce(c.session_id, o.session_id)
                            AND x.execution_id < v_before AND (keyed_hash(v_inner, v_outer, x.end_user) = e.subject_digest
                                 OR EXISTS (SELECT FROM execution_facts f WHERE f.execution_id = x.execution_id AND f.workspace_id = x.workspace_id
                                               AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest)))
              OR c.session_id IS NOT NULL AND EXISTS (SELECT FROM feedback f WHERE f.workspace_id = c.workspace_id AND f.target_kind = 'session'
                                                        AND f.target_id = c.session_id AND f.accepted_at < e.requested_at
                                                        AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest) END AS hit
            FROM prompt_comments c LEFT JOIN executions o ON o.execution_id = c.execution_id AND o.workspace_id = c.workspace_id
           WHERE c.workspace_id = e.workspace_id AND c.prompt_id IS NULL AND c.comment_id > p_after AND (c.execution_id IS NULL OR c.execution_id < v_before)
           ORDER BY c.comment_id LIMIT p_most) b;
  IF v_hits IS NOT NULL THEN
    DELETE FROM prompt_comments c WHERE c.workspace_id = e.workspace_id AND c.comment_id = ANY (v_hits);
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE erasures SET counts = erased(counts, 'prompt_comments', n) WHERE erasure_id = p_erasure;
  END IF;
  RETURN v_ids[cardinality(v_ids)];
END $$;

DROP FUNCTION drop_comments(uuid, uuid[]);

RESET ROLE;
SET LOCAL search_path = public;
