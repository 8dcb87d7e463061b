SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DO $mend$
DECLARE
  compared constant text := 'coalesce(x.session_id = ANY (e.sessions), false)'; looked_up constant text := 'coalesce(x.session_id IN (SELECT unnest(e.sessions)), false)';
  whole text := pg_get_functiondef('erase_step(uuid, integer)'::regprocedure);
BEGIN
  ASSERT strpos(whole, looked_up) > 0, 'erase_step is not that of 0179';
  EXECUTE replace(whole, looked_up, compared);
END $mend$;

RESET ROLE;
SET LOCAL search_path = public;
