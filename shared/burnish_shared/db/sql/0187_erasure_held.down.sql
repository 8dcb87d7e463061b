SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION erasure_held(uuid);
DROP FUNCTION erase_session_batches(uuid);

RESET ROLE;
SET LOCAL search_path = public;
