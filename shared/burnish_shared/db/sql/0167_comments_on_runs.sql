-- Comments on executions, sessions and runs of chains, in the table of those on versions: threads, mentions and inboxes are the same.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE prompt_comments
  ALTER COLUMN prompt_id DROP NOT NULL,
  ALTER COLUMN version DROP NOT NULL,
  ADD COLUMN execution_id uuid,
  ADD COLUMN session_id text CHECK (length(session_id) BETWEEN 1 AND 500),    -- the caller's own name of it
  ADD COLUMN chain_run_id uuid,
  ADD COLUMN of_text boolean NOT NULL DEFAULT false,                          -- the text of the run was kept when this was written: it goes with that
  ADD CONSTRAINT prompt_comments_about CHECK (num_nonnulls(prompt_id, execution_id, session_id, chain_run_id) = 1
    AND (prompt_id IS NULL) = (version IS NULL) AND (prompt_id IS NOT NULL OR num_nonnulls(against, part) = 0)),
  ADD FOREIGN KEY (workspace_id, chain_run_id) REFERENCES chain_runs (workspace_id, run_id) ON DELETE CASCADE;
CREATE INDEX prompt_comments_of_execution ON prompt_comments (workspace_id, execution_id, comment_id DESC) WHERE execution_id IS NOT NULL;
CREATE INDEX prompt_comments_of_session ON prompt_comments (workspace_id, session_id, comment_id DESC) WHERE session_id IS NOT NULL;
CREATE INDEX prompt_comments_of_chain_run ON prompt_comments (workspace_id, chain_run_id, comment_id DESC) WHERE chain_run_id IS NOT NULL;
CREATE INDEX prompt_comments_of_runs ON prompt_comments (workspace_id, comment_id) WHERE prompt_id IS NULL;

-- A row that tells of such a comment names no version.
ALTER TABLE inbox_items DROP CONSTRAINT inbox_items_check;
ALTER TABLE inbox_items
  ADD CHECK (num_nonnulls(comment_id, review_id, queue_item_id) = 1 AND (review_id IS NOT NULL) = (kind IN ('review_asked', 'review_decided'))
         AND (queue_item_id IS NOT NULL) = (kind = 'queue_asked') AND (prompt_id IS NULL) = (version IS NULL)
         AND (review_id IS NULL OR prompt_id IS NOT NULL) AND (queue_item_id IS NULL OR prompt_id IS NULL));

-- Comments on what was run go with its text: with the workspace's days, and with what took the text before. Those on a session, of which each run
-- goes by itself, after the workspace's days of their own, or when nothing carries the session any more. 0: all done.
CREATE FUNCTION forget_comments(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
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

-- The same of the person of an erasure, at whatever age: comments on their runs and sessions, and on other runs of their sessions. Looks at up to
-- p_most comments after p_after; returns the last one; NULL: no more.
CREATE FUNCTION erase_comments(p_erasure uuid, p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
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
REVOKE ALL ON FUNCTION forget_comments(uuid, integer), erase_comments(uuid, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_comments(uuid, integer), erase_comments(uuid, uuid, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
