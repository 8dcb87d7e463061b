-- A gateway renews the leases of those runs of chains that it works on: one that stands in its name and that it does not know (the answer
-- to a commit was lost, say) becomes free when its lease is over. The form without p_runs stays for gateways of the version before.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE FUNCTION look_at_chain_runs(p_worker text, p_lease_s integer, p_renew boolean, p_runs uuid[])
RETURNS TABLE (run_id uuid, fence integer, cancel_requested boolean) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  IF p_renew THEN
    UPDATE chain_runs r SET leased_until = clock_timestamp() + p_lease_s * interval '1 second'
     WHERE r.leased_by = p_worker AND r.status = 'running' AND r.run_id = ANY (p_runs);
  END IF;
  RETURN QUERY SELECT r.run_id, r.fence, r.cancel_requested FROM chain_runs r WHERE r.status IN ('queued', 'running') AND r.leased_by = p_worker;
END $$;
CALL make_lookup_function('look_at_chain_runs(text, integer, boolean, uuid[])', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
