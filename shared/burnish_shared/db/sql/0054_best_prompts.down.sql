SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION best_prompts(tsquery, boolean, double precision, uuid, integer);

RESET ROLE;
SET LOCAL search_path = public;
