SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION erase_session_chain_runs(uuid);
DROP INDEX chain_runs_of_session;

RESET ROLE;
SET LOCAL search_path = public;
