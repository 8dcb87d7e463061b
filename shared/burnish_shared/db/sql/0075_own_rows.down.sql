SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION own_rows(uuid[], integer[], timestamptz[]);

RESET ROLE;
SET LOCAL search_path = public;
