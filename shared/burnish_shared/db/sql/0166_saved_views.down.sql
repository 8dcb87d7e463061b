SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TABLE saved_views;

RESET ROLE;
SET LOCAL search_path = public;
