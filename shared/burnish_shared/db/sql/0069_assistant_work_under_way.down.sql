SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION renew_assistant_work(text, integer, uuid[]);

RESET ROLE;
SET LOCAL search_path = public;
