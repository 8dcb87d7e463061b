SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION forget_mails(integer, integer), claim_mails(integer, integer);
DROP TABLE mails;

RESET ROLE;
SET LOCAL search_path = public;
