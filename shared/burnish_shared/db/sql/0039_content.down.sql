SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION purge_prompt(uuid, uuid);
DROP TABLE prompt_uses;
DROP INDEX rollups_day_by_slug, prompts_by_category, prompts_by_app_context;
ALTER TABLE prompts DROP COLUMN categories, DROP COLUMN app_contexts, DROP COLUMN locked_blocks, DROP COLUMN rules, DROP COLUMN archived_at,
  DROP COLUMN archived_by;

RESET ROLE;
SET LOCAL search_path = public;
