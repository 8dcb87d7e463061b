SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TABLE prompt_comments;
DROP TABLE prompt_reviews;
ALTER TABLE workspaces DROP COLUMN protected_labels, DROP COLUMN own_approval, DROP COLUMN test_run_gate;
DROP TABLE prompt_branches;
ALTER TABLE prompt_versions DROP COLUMN branch;
ALTER TABLE prompts DROP COLUMN branched_version;

RESET ROLE;
SET LOCAL search_path = public;
