SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION forget_reviews(uuid, integer, integer), erase_reviews(uuid, uuid, integer);
REVOKE DELETE ON dataset_items FROM burnish_app;
DROP TABLE review_items, review_settings;
RESET ROLE;
SET LOCAL search_path = public;
