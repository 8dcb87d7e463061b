-- Nearly always nothing is due, and the claim of deliveries was asked for all the same: its statements are planned anew for what they are asked,
-- over all partitions, which took 2.8 ms a second in each installation. Whether anything is due is one look at an index.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE FUNCTION claim_due_deliveries(p_limit integer, p_lease_ms integer, p_per_endpoint integer, p_per_workspace integer, p_only_idle boolean)
RETURNS TABLE (workspace_id uuid, event_id uuid, endpoint_id uuid, claim_no integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM webhook_endpoint_states s WHERE s.due_at < 'infinity' AND s.due_at <= statement_timestamp()) THEN
    RETURN QUERY SELECT * FROM claim_webhook_deliveries(p_limit, p_lease_ms, p_per_endpoint, p_per_workspace, p_only_idle);
  END IF;
END $$;
CALL make_lookup_function('claim_due_deliveries(integer, integer, integer, integer, boolean)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
