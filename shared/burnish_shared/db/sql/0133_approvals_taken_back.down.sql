SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
ALTER TABLE prompt_reviews DROP COLUMN approved_by, DROP COLUMN approved_at, DROP COLUMN approval;
RESET ROLE;
SET LOCAL search_path = public;
