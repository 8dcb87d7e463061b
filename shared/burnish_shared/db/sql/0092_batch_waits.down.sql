SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE batches DROP COLUMN waiting_for;

RESET ROLE;
SET LOCAL search_path = public;
