SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

REVOKE UPDATE (item_id, made_by, made_at) ON inbox_items FROM burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
