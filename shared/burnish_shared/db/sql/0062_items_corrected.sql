-- An item of a dataset that is corrected or taken out stays for the runs that saw it: it belongs to the versions before `removed_version`.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE dataset_items ADD COLUMN removed_version integer CHECK (removed_version > added_version);   -- NULL: it is in the newest version
GRANT UPDATE (removed_version, content_hash) ON dataset_items TO burnish_app;   -- the hash makes room for the same input

RESET ROLE;
SET LOCAL search_path = public;
