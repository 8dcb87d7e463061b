-- What a prompt holds beside its versions, which versions include which other prompts, and how a prompt is put away and removed.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE prompts
  ADD COLUMN categories    text[] NOT NULL DEFAULT '{}' CHECK (cardinality(categories) <= 20),
  ADD COLUMN app_contexts  text[] NOT NULL DEFAULT '{}' CHECK (cardinality(app_contexts) <= 20),
  ADD COLUMN locked_blocks text[] NOT NULL DEFAULT '{}' CHECK (cardinality(locked_blocks) <= 50),   -- texts that optimization and compression keep word for word
  ADD COLUMN rules         text[] NOT NULL DEFAULT '{}' CHECK (cardinality(rules) <= 50),           -- what they must keep to, in words
  ADD COLUMN archived_at   timestamptz,
  ADD COLUMN archived_by   text;
GRANT UPDATE (categories, app_contexts, locked_blocks, rules, archived_at, archived_by) ON prompts TO burnish_app;
CREATE INDEX prompts_by_category ON prompts USING gin (categories);
CREATE INDEX prompts_by_app_context ON prompts USING gin (app_contexts);

CREATE INDEX rollups_day_by_slug ON rollups_day (workspace_id, slug, bucket);   -- what one prompt was used for, whatever else the workspace has

-- Which prompts a version includes as snippets: one row for each name that it includes. Neither label nor number: `production`.
CREATE TABLE prompt_uses (
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  version      integer NOT NULL,
  slug         text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  label        text,
  at_version   integer CHECK (at_version >= 1),
  name         text NOT NULL,                                                 -- as it is written: slug, slug@label or slug@3
  CHECK (label IS NULL OR at_version IS NULL),
  PRIMARY KEY (workspace_id, prompt_id, version, name),
  FOREIGN KEY (workspace_id, prompt_id, version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CREATE INDEX prompt_uses_of ON prompt_uses (workspace_id, slug);
CALL make_tenant_table('prompt_uses', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');

-- Removes a prompt that was archived, with all that hangs on it. What was paid for stays: executions, figures, amounts, the audit log.
-- Every table that has a prompt_id goes, so that a new one is not forgotten; rows that others refer to go after those. NULL: it is not
-- there or not archived, or somebody else's. Else the number of its versions.
CREATE FUNCTION purge_prompt(p_ws uuid, p_prompt uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  one text; v_versions integer; v_left text[]; v_next text[];
  kept constant text[] := ARRAY['executions', 'execution_facts', 'prompts'];
BEGIN
  IF p_ws IS DISTINCT FROM nullif(current_setting('app.workspace', true), '')::uuid
     OR NOT EXISTS (SELECT FROM prompts WHERE workspace_id = p_ws AND prompt_id = p_prompt AND archived_at IS NOT NULL) THEN RETURN NULL; END IF;
  SELECT count(*) INTO v_versions FROM prompt_versions WHERE workspace_id = p_ws AND prompt_id = p_prompt;
  DELETE FROM lineage_edges WHERE workspace_id = p_ws AND parent_prompt_id = p_prompt;
  DELETE FROM evaluations e USING test_runs r WHERE r.workspace_id = p_ws AND r.prompt_id = p_prompt AND e.workspace_id = p_ws AND e.owner_id = r.test_run_id;
  DELETE FROM evaluations e USING optimization_jobs j WHERE j.workspace_id = p_ws AND j.prompt_id = p_prompt AND e.workspace_id = p_ws AND e.owner_id = j.job_id;
  DELETE FROM optimization_candidates c USING optimization_jobs j WHERE j.workspace_id = p_ws AND j.prompt_id = p_prompt AND c.workspace_id = p_ws AND c.job_id = j.job_id;
  DELETE FROM routing_policies r USING prompts p WHERE p.workspace_id = p_ws AND p.prompt_id = p_prompt AND r.workspace_id = p_ws AND r.slug = p.slug;
  SELECT array_agg(c.relname ORDER BY c.relname) INTO v_left
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'prompt_id' AND NOT a.attisdropped
   WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> ALL (kept);
  WHILE cardinality(v_left) > 0 LOOP
    v_next := '{}';
    FOREACH one IN ARRAY v_left LOOP
      BEGIN
        EXECUTE format('DELETE FROM %I WHERE workspace_id = $1 AND prompt_id = $2', one) USING p_ws, p_prompt;
      EXCEPTION WHEN foreign_key_violation THEN                    -- what refers to it goes first
        v_next := v_next || one;
      END;
    END LOOP;
    IF v_next = v_left THEN RAISE EXCEPTION 'prompt % is still referred to from %', p_prompt, v_left USING ERRCODE = 'foreign_key_violation'; END IF;
    v_left := v_next;
  END LOOP;
  DELETE FROM prompts WHERE workspace_id = p_ws AND prompt_id = p_prompt;
  RETURN v_versions;
END $$;
REVOKE ALL ON FUNCTION purge_prompt(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_prompt(uuid, uuid) TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
