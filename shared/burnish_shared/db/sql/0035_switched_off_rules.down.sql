SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION alerts_switched_off(integer);

RESET ROLE;
SET LOCAL search_path = public;
