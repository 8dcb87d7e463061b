SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TABLE restores;

RESET ROLE;
SET LOCAL search_path = public;
