SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP TABLE inbox_items;
ALTER TABLE prompt_reviews DROP COLUMN reviewers, DROP CONSTRAINT prompt_reviews_workspace_id_review_id_key;
RESET ROLE;
SET LOCAL search_path = public;
