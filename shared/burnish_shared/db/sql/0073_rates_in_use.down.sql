SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION rates_in_use(integer);

RESET ROLE;
SET LOCAL search_path = public;
