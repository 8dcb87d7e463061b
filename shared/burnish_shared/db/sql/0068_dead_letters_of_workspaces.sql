-- Messages that nobody could handle go with the workspace that they are about: its erasure left them, some with their text, until they were 30
-- days old. Looks at up to p_most letters after p_after, whoever's they are, and returns the last one; NULL: no more. A list keeps what is others'.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE FUNCTION erase_letters_of_workspace(p_ws uuid, p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_ids uuid[]; one record; n integer := 0;
BEGIN
  IF NOT EXISTS (SELECT FROM workspace_erasures e JOIN workspaces w USING (workspace_id) WHERE e.workspace_id = p_ws AND e.completed_at IS NULL AND NOT w.legal_hold) THEN RETURN NULL; END IF;
  SELECT array_agg(b.dead_letter_id ORDER BY b.dead_letter_id) INTO v_ids
    FROM (SELECT d.dead_letter_id FROM dead_letters d WHERE d.dead_letter_id > p_after ORDER BY d.dead_letter_id LIMIT p_most) b;
  FOR one IN
    SELECT d.dead_letter_id, b.body, i.others, i.other_n, i.all_n
      FROM dead_letters d CROSS JOIN LATERAL (SELECT as_json(d.payload) AS body) b
           CROSS JOIN LATERAL (SELECT jsonb_agg(x.item ORDER BY x.no) FILTER (WHERE x.is_others) AS others, count(*) FILTER (WHERE x.is_others) AS other_n, count(*) AS all_n
             FROM (SELECT e.item, e.no, coalesce(coalesce(e.item ->> 'workspace_id', b.body ->> 'workspace_id') <> p_ws::text, false) AS is_others
                     FROM jsonb_array_elements(CASE jsonb_typeof(b.body -> 'items') WHEN 'array' THEN b.body -> 'items' ELSE '[]' END) WITH ORDINALITY e (item, no)) x) i
     WHERE d.dead_letter_id = ANY (v_ids) AND (position(convert_to(p_ws::text, 'UTF8') IN d.payload) > 0 OR position(p_ws::text IN d.subject) > 0)
  LOOP
    -- A message, or an item of its list, is whose it says, whatever else it mentions; one that does not say is about what the message names.
    CONTINUE WHEN one.all_n = 0 AND one.body ->> 'workspace_id' <> p_ws::text;
    IF one.other_n = 0 THEN DELETE FROM dead_letters WHERE dead_letter_id = one.dead_letter_id;
    ELSIF one.other_n < one.all_n THEN
      UPDATE dead_letters SET payload = convert_to((one.body || jsonb_build_object('items', one.others))::text, 'UTF8') WHERE dead_letter_id = one.dead_letter_id;
    ELSE CONTINUE; END IF;
    n := n + 1;
  END LOOP;
  IF n > 0 THEN UPDATE workspace_erasures SET counts = erased(counts, 'dead_letters', n) WHERE workspace_id = p_ws; END IF;
  RETURN v_ids[cardinality(v_ids)];
END $$;
REVOKE ALL ON FUNCTION erase_letters_of_workspace(uuid, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_letters_of_workspace(uuid, uuid, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
