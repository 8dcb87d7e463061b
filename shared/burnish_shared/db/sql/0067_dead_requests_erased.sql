-- Requests, and other messages about one thing, that nobody could handle go with the person who is named in them: an erasure knew dead letters
-- with a list of items alone. Who made a request sees what became of it in its execution. Looks at up to p_most letters after p_after, whoever's
-- they are, and returns the last one; NULL: no more.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE FUNCTION erase_dead_requests(p_erasure uuid, p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_ids uuid[]; v_ws bytea; v_inner bytea; v_outer bytea; n integer;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL OR EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = e.workspace_id AND w.legal_hold) THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92); v_ws := convert_to(e.workspace_id::text, 'UTF8');
  SELECT array_agg(b.dead_letter_id ORDER BY b.dead_letter_id) INTO v_ids
    FROM (SELECT d.dead_letter_id FROM dead_letters d WHERE d.dead_letter_id > p_after ORDER BY d.dead_letter_id LIMIT p_most) b;
  DELETE FROM dead_letters d
   WHERE d.dead_letter_id = ANY (v_ids) AND d.at < e.requested_at
     AND (position(v_ws IN d.payload) > 0 OR position(e.workspace_id::text IN d.subject) > 0)
     AND jsonb_typeof(as_json(d.payload) -> 'items') IS DISTINCT FROM 'array' AND names_subject(as_json(d.payload), v_inner, v_outer, e.subject_digest);
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'dead_letters', n) WHERE erasure_id = p_erasure; END IF;
  RETURN v_ids[cardinality(v_ids)];
END $$;
REVOKE ALL ON FUNCTION erase_dead_requests(uuid, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_dead_requests(uuid, uuid, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
