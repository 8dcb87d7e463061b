SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION claim_due_deliveries(integer, integer, integer, integer, boolean);

RESET ROLE;
SET LOCAL search_path = public;
