SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

REVOKE UPDATE (removed_version, content_hash) ON dataset_items FROM burnish_app;
ALTER TABLE dataset_items DROP COLUMN removed_version;

RESET ROLE;
SET LOCAL search_path = public;
