SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TRIGGER forget_items_asked ON dataset_items;
DROP FUNCTION forget_items_asked();

RESET ROLE;
SET LOCAL search_path = public;
