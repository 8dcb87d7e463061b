-- A call that was cancelled while its executor died stays cancelled for the one that takes it over; and the fee of an optimization that was cancelled
-- before anybody began it comes back.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Said by a cancellation, and gone with the hold. Written by `cancel_queued` alone.
ALTER TABLE holds ADD COLUMN called_off boolean NOT NULL DEFAULT false;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

-- As in 0061; of one that somebody has begun it is noted, for whoever takes it over: who has it may be dead, and hears nothing.
CREATE OR REPLACE FUNCTION cancel_queued(p_exec uuid, p_ws uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_made uuid[]; v_about jsonb := (SELECT about FROM accepted WHERE execution_id = p_exec AND workspace_id = p_ws); v_lane text; v_fence integer;
BEGIN
  SELECT lane, fence INTO v_lane, v_fence FROM holds WHERE execution_id = p_exec AND workspace_id = p_ws FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF v_lane <> 'background' OR v_fence <> 1 THEN
    UPDATE holds SET called_off = true WHERE execution_id = p_exec AND NOT called_off;
    RETURN false;
  END IF;
  v_made := settle(ARRAY[ended_without_answer(p_exec, p_ws, 1, 'background', 'cancelled', 'cancelled', 'It was cancelled before it began.', v_about)],
                   'executor', 'cancelled:' || p_exec::text);
  RETURN cardinality(v_made) > 0;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

-- Gives the fee of an optimization back that ended before anybody began it. Safe to repeat. Returns what was given back.
CREATE FUNCTION return_unbegun_fee(p_ws uuid, p_job uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM 1 FROM optimization_jobs WHERE workspace_id = p_ws AND job_id = p_job AND status = 'cancelled' AND fence = 0;
  IF NOT FOUND THEN RETURN 0; END IF;
  RETURN return_fee(p_ws, 'optimization:' || p_job::text, 'cancelled: the search did not begin');
END $$;
CALL make_lookup_function('return_unbegun_fee(uuid, uuid)', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
