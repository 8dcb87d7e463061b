-- A member who is asked for an answer of the queue once more is told who asked last, and when: the row of before becomes the newest.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT UPDATE (item_id, made_by, made_at) ON inbox_items TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
