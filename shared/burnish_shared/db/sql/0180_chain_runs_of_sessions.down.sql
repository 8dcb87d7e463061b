SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION erase_session_chain_runs(uuid);

RESET ROLE;
SET LOCAL search_path = public;
