SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE OR REPLACE FUNCTION erase_reviews(p_erasure uuid, p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_ids uuid[]; v_hits uuid[]; v_items uuid[]; m integer; v_inner bytea; v_outer bytea;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL OR EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = e.workspace_id AND w.legal_hold) THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  SELECT array_agg(b.execution_id ORDER BY b.execution_id), array_agg(b.execution_id) FILTER (WHERE b.hit) INTO v_ids, v_hits
    FROM (SELECT r.execution_id, coalesce(keyed_hash(v_inner, v_outer, x.end_user) = e.subject_digest, false)
                 OR EXISTS (SELECT FROM execution_facts f WHERE f.execution_id = r.execution_id AND f.workspace_id = r.workspace_id AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest)
                 OR EXISTS (SELECT FROM executions s WHERE s.workspace_id = r.workspace_id AND s.session_id = x.session_id AND keyed_hash(v_inner, v_outer, s.end_user) = e.subject_digest) AS hit
            FROM review_items r LEFT JOIN executions x ON x.execution_id = r.execution_id AND x.workspace_id = r.workspace_id
           WHERE r.workspace_id = e.workspace_id AND r.forgotten_at IS NULL AND r.execution_id > p_after AND r.execution_id < moment_bound(e.requested_at)
           ORDER BY r.execution_id LIMIT p_most) b;
  IF v_hits IS NOT NULL THEN
    SELECT array_agg(r.item_id) INTO v_items FROM review_items r
     WHERE r.workspace_id = e.workspace_id AND r.execution_id = ANY (v_hits) AND r.item_added AND r.item_id IS NOT NULL;
    DELETE FROM dataset_items d WHERE d.workspace_id = e.workspace_id AND d.item_id = ANY (v_items);
    GET DIAGNOSTICS m = ROW_COUNT;
    UPDATE evaluations SET output = NULL, error = NULL WHERE workspace_id = e.workspace_id AND item_id = ANY (v_items) AND (output IS NOT NULL OR error IS NOT NULL);
    UPDATE test_runs t SET result = jsonb_set(t.result, '{failed_cases}', (SELECT coalesce(jsonb_agg(c), '[]') FROM jsonb_array_elements(t.result -> 'failed_cases') c
                                                                          WHERE coalesce((c ->> 'item_id')::uuid <> ALL (v_items), true)))
     WHERE t.workspace_id = e.workspace_id AND EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(t.result -> 'failed_cases') = 'array' THEN t.result -> 'failed_cases' END) c
                                                       WHERE (c ->> 'item_id')::uuid = ANY (v_items));
    DELETE FROM review_items r WHERE r.workspace_id = e.workspace_id AND r.execution_id = ANY (v_hits) AND r.decided_at IS NULL;
    UPDATE review_items r SET expected = NULL, note = NULL, item_id = NULL, item_added = false, forgotten_at = clock_timestamp()
     WHERE r.workspace_id = e.workspace_id AND r.execution_id = ANY (v_hits);
    UPDATE erasures SET counts = erased(erased(counts, 'review_items', cardinality(v_hits)), 'dataset_items', m) WHERE erasure_id = p_erasure;
  END IF;
  RETURN v_ids[cardinality(v_ids)];
END $$;

RESET ROLE;
SET LOCAL search_path = public;
