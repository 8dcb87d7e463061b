SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION claim_live_evaluations(text, integer, integer, uuid[]);

RESET ROLE;
SET LOCAL search_path = public;
