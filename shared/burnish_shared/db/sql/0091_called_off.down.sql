SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION return_unbegun_fee(uuid, uuid);

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

CREATE OR REPLACE FUNCTION cancel_queued(p_exec uuid, p_ws uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_made uuid[]; v_about jsonb := (SELECT about FROM accepted WHERE execution_id = p_exec AND workspace_id = p_ws);
BEGIN
  PERFORM 1 FROM holds WHERE execution_id = p_exec AND workspace_id = p_ws AND lane = 'background' AND fence = 1 FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  v_made := settle(ARRAY[ended_without_answer(p_exec, p_ws, 1, 'background', 'cancelled', 'cancelled', 'It was cancelled before it began.', v_about)],
                   'executor', 'cancelled:' || p_exec::text);
  RETURN cardinality(v_made) > 0;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

ALTER TABLE holds DROP COLUMN called_off;

RESET ROLE;
SET LOCAL search_path = public;
