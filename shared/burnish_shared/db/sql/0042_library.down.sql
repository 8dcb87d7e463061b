SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX prompt_versions_by_author;
DROP INDEX prompts_by_model;
DROP INDEX prompts_by_update;
DROP INDEX prompts_by_search;
DROP INDEX prompts_by_folder;
DROP FUNCTION find_prompts(tsquery);
CREATE INDEX prompts_by_tag ON prompts USING gin (tags);
CREATE INDEX prompts_by_folder ON prompts (workspace_id, folder, prompt_id);
DROP TRIGGER follow_newest_version ON prompt_versions;
DROP TRIGGER follow_prompt_words ON prompts;
DROP FUNCTION follow_newest_version();
DROP FUNCTION follow_prompt_words();
ALTER TABLE prompts DROP COLUMN search, DROP COLUMN text_words, DROP COLUMN name_words, DROP COLUMN model;
DROP FUNCTION text_of_content(json);
DROP FUNCTION words_of(text);

DROP FUNCTION count_template_use(text);
DROP TABLE template_uses;
DROP POLICY shared ON marketplace_entries;
CREATE POLICY shared ON marketplace_entries FOR SELECT TO burnish_app
  USING (visibility = 'public' OR organization_id = (SELECT nullif(current_setting('app.organization', true), '')::uuid));
DELETE FROM marketplace_entries WHERE visibility = 'private';
ALTER TABLE marketplace_entries DROP COLUMN form;
ALTER TABLE marketplace_entries DROP CONSTRAINT marketplace_entries_visibility_check;
ALTER TABLE marketplace_entries ADD CONSTRAINT marketplace_entries_visibility_check CHECK (visibility IN ('organization', 'public'));

RESET ROLE;
SET LOCAL search_path = public;
