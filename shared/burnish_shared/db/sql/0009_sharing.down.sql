SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

RESET ROLE;
SET LOCAL search_path = public;
