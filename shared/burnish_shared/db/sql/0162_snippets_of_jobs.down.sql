SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE optimization_jobs DROP COLUMN snippets;

RESET ROLE;
SET LOCAL search_path = public;
