SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION bring_back_notices(double precision[], double precision, double precision);
DROP FUNCTION bring_back_webhooks(double precision[], double precision, double precision, double precision, double precision, double precision, integer);

RESET ROLE;
SET LOCAL search_path = public;
