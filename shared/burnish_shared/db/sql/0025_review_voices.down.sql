SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX review_items_of_voice;
ALTER TABLE review_items DROP COLUMN voice;

RESET ROLE;
SET LOCAL search_path = public;
