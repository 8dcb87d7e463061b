-- The library of templates, and finding prompts: full text, and an index for each filter and order of the list.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- A template of a workspace is an entry of the marketplace that nobody else sees. `form`: what is said of it beside the columns
-- (variables, recommended models, proven uses).
ALTER TABLE marketplace_entries DROP CONSTRAINT marketplace_entries_visibility_check;
ALTER TABLE marketplace_entries ADD CONSTRAINT marketplace_entries_visibility_check CHECK (visibility IN ('private', 'organization', 'public'));
ALTER TABLE marketplace_entries ADD COLUMN form json NOT NULL DEFAULT '{}';
GRANT UPDATE (form) ON marketplace_entries TO burnish_app;
DROP POLICY shared ON marketplace_entries;
CREATE POLICY shared ON marketplace_entries FOR SELECT TO burnish_app
  USING (visibility = 'public' OR visibility = 'organization' AND organization_id = (SELECT nullif(current_setting('app.organization', true), '')::uuid));

-- How often each template that ships was used, in the whole installation.
CREATE TABLE template_uses (
  template text PRIMARY KEY CHECK (length(template) <= 63),
  uses     bigint NOT NULL);
CALL make_system_table('template_uses', app => 'SELECT', worker => '', writer => 'count_template_use, called by the gateway');
CREATE FUNCTION count_template_use(p_template text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  INSERT INTO template_uses AS t (template, uses) VALUES (p_template, 1) ON CONFLICT (template) DO UPDATE SET uses = t.uses + 1 $$;
GRANT INSERT, UPDATE ON template_uses TO burnish_lookup;
CALL make_lookup_function('count_template_use(text)', app => true, worker => false);

-- Words with and without stemming; what is neither letter nor digit parts words, so that `chat_analysis` and `a/b` are found by their parts.
CREATE FUNCTION words_of(p_text text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT to_tsvector('simple', one) || to_tsvector('english', one) FROM (SELECT regexp_replace(coalesce(p_text, ''), '[^[:alnum:]]+', ' ', 'g') AS one) said $$;
CREATE FUNCTION text_of_content(p_content json) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT left(string_agg(m ->> 'content', ' '), 100000) FROM json_array_elements(p_content -> 'messages') m $$;
REVOKE ALL ON FUNCTION words_of(text), text_of_content(json) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION words_of(text), text_of_content(json) TO burnish_app;

ALTER TABLE prompts
  ADD COLUMN model      text NOT NULL DEFAULT '',           -- of the newest version
  ADD COLUMN name_words tsvector NOT NULL DEFAULT '',       -- what is said of it beside its text: short, so that a rank by it reads no more than the row
  ADD COLUMN text_words tsvector NOT NULL DEFAULT '',       -- what the newest version says
  ADD COLUMN search     tsvector NOT NULL DEFAULT '';       -- all words; and behind a '=', which begins no word, the workspace and each tag, category, app context, use case
GRANT UPDATE (model, text_words) ON prompts TO burnish_app;

CREATE FUNCTION follow_prompt_words() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  NEW.name_words := setweight(words_of(concat_ws(' ', NEW.slug, NEW.name, array_to_string(NEW.tags || NEW.categories || NEW.app_contexts, ' '))), 'A')
    || setweight(words_of(concat_ws(' ', NEW.use_case, NEW.folder, NEW.description)), 'B');
  NEW.search := array_to_tsvector(ARRAY['=w' || NEW.workspace_id, '=u' || md5(lower(NEW.use_case))]
      || ARRAY(SELECT '=t' || md5(one) FROM unnest(NEW.tags) one) || ARRAY(SELECT '=c' || md5(one) FROM unnest(NEW.categories) one)
      || ARRAY(SELECT '=a' || md5(one) FROM unnest(NEW.app_contexts) one))
    || NEW.name_words || NEW.text_words;
  RETURN NEW;
END $$;
CREATE TRIGGER follow_prompt_words BEFORE INSERT OR UPDATE ON prompts FOR EACH ROW EXECUTE FUNCTION follow_prompt_words();

CREATE FUNCTION follow_newest_version() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  UPDATE prompts p SET model = n.model, text_words = strip(words_of(text_of_content(n.content)))
    FROM (SELECT DISTINCT ON (m.workspace_id, m.prompt_id) m.* FROM made m WHERE m.branch IS NULL ORDER BY m.workspace_id, m.prompt_id, m.version DESC) n
   WHERE p.workspace_id = n.workspace_id AND p.prompt_id = n.prompt_id AND n.version >= p.latest_version;
  RETURN NULL;
END $$;
CREATE TRIGGER follow_newest_version AFTER INSERT ON prompt_versions REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION follow_newest_version();
REVOKE ALL ON FUNCTION follow_prompt_words(), follow_newest_version() FROM PUBLIC;

UPDATE prompts p SET model = v.model, text_words = strip(words_of(text_of_content(v.content)))
  FROM prompt_versions v WHERE v.workspace_id = p.workspace_id AND v.prompt_id = p.prompt_id AND v.version = p.latest_version;

-- Policies may not be passed by the index of words: its operator is not leakproof, so as the gateway's own role a search would read every prompt.
-- Ids and ranks, of the workspace of the transaction alone. A word that many workspaces use costs nobody more: the workspace is a word too.
CREATE FUNCTION find_prompts(p_query tsquery) RETURNS TABLE (prompt_id uuid, rank real) LANGUAGE sql STABLE ROWS 100 SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT p.prompt_id, ts_rank(p.name_words, p_query) FROM prompts p
   WHERE p.search @@ (p_query && quote_literal('=w' || current_setting('app.workspace', true))::tsquery)
     AND p.workspace_id = nullif(current_setting('app.workspace', true), '')::uuid $$;
CALL make_lookup_function('find_prompts(tsquery)', app => true, worker => false);

DROP INDEX prompts_by_folder, prompts_by_tag;
CREATE INDEX prompts_by_folder ON prompts (workspace_id, folder COLLATE "C", prompt_id);
CREATE INDEX prompts_by_search ON prompts USING gin (search) WITH (fastupdate = off);
CREATE INDEX prompts_by_update ON prompts (workspace_id, updated_at, prompt_id);
CREATE INDEX prompts_by_model ON prompts (workspace_id, model, prompt_id);
CREATE INDEX prompt_versions_by_author ON prompt_versions (workspace_id, author, prompt_id);

RESET ROLE;
SET LOCAL search_path = public;
