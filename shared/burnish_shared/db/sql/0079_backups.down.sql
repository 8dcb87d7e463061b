SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TABLE backups;

RESET ROLE;
SET LOCAL search_path = public;
