-- A gateway renews the leases of those sessions and enrichments that it works on: one that stands in its name and that it put off, or does not
-- know (the answer to a commit was lost, say), becomes free when its lease is over. The form without p_ids stays for gateways of the version before.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE FUNCTION renew_assistant_work(p_worker text, p_lease_s integer, p_ids uuid[]) RETURNS TABLE (id uuid, fence integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY UPDATE clarifications c SET leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    WHERE c.leased_by = p_worker AND c.task IS NOT NULL AND c.session_id = ANY (p_ids) RETURNING c.session_id, c.fence;
  RETURN QUERY UPDATE enrichments e SET leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    WHERE e.leased_by = p_worker AND e.processing_status = 'processing' AND e.enrichment_id = ANY (p_ids) RETURNING e.enrichment_id, e.fence;
END $$;
CALL make_lookup_function('renew_assistant_work(text, integer, uuid[])', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
