SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION end_user_days_due(timestamptz, integer, integer);
DROP TABLE end_user_days;

RESET ROLE;
SET LOCAL search_path = public;
