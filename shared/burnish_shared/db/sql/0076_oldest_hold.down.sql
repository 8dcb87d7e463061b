SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION open_holds();
ALTER TABLE holds DROP COLUMN at;

RESET ROLE;
SET LOCAL search_path = public;
