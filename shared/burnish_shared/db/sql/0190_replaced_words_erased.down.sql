SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION erase_replaced_words(uuid, uuid, integer);

RESET ROLE;
SET LOCAL search_path = public;
