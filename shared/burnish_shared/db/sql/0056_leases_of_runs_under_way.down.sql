SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION look_at_chain_runs(text, integer, boolean, uuid[]);

RESET ROLE;
SET LOCAL search_path = public;
