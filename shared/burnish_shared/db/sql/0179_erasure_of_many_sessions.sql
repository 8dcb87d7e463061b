-- An erasure looks at every execution of a workspace for those in the person's sessions. It compared each with a list, one by one: of somebody with
-- 10,000 sessions, 2,600 executions a second. They are looked up now; the rest of `erase_step` (0010) stays as it was, so it is mended in place.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DO $mend$
DECLARE
  compared constant text := 'coalesce(x.session_id = ANY (e.sessions), false)'; looked_up constant text := 'coalesce(x.session_id IN (SELECT unnest(e.sessions)), false)';
  whole text := pg_get_functiondef('erase_step(uuid, integer)'::regprocedure);
BEGIN
  ASSERT strpos(whole, compared) > 0, 'erase_step is not that of 0010';
  EXECUTE replace(whole, compared, looked_up);
END $mend$;

RESET ROLE;
SET LOCAL search_path = public;
