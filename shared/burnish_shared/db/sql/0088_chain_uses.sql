-- Of what is used by whom, and what is put away. Which versions of chains run which prompts, so that nobody reads every chain to answer it; words by which chains are found; and whether headers of a webhook endpoint were
-- changed, whose values nobody reads.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- The steps of a chain that run a prompt, those inside of others too, in the order in which they are written. `SLUG` alone means its label
-- `production`; who names a number names no label. As read_form.py reads it; what is no such name is left out.
CREATE FUNCTION chain_calls(p_content json) RETURNS TABLE (place integer, step text, slug text, label text, at_version integer)
LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_catalog, pg_temp AS $$
  WITH RECURSIVE walk AS (
    SELECT s.step, ARRAY[s.place] AS place FROM jsonb_array_elements(p_content::jsonb -> 'steps') WITH ORDINALITY s(step, place)
     UNION ALL
    SELECT i.step, w.place || i.place
      FROM walk w CROSS JOIN LATERAL (
           SELECT s.step, ARRAY[0, b.place, s.place] AS place
             FROM jsonb_array_elements(CASE jsonb_typeof(w.step -> 'parallel') WHEN 'array' THEN w.step -> 'parallel' ELSE '[]' END)
                    WITH ORDINALITY b(steps, place), jsonb_array_elements(b.steps) WITH ORDINALITY s(step, place)
            UNION ALL
           SELECT s.step, ARRAY[0, c.place, s.place]
             FROM jsonb_array_elements(CASE jsonb_typeof(w.step -> 'choose') WHEN 'array' THEN w.step -> 'choose' ELSE '[]' END)
                    WITH ORDINALITY c(one, place), jsonb_array_elements(c.one -> 'steps') WITH ORDINALITY s(step, place)
            UNION ALL
           SELECT s.step, ARRAY[1, 0, s.place]
             FROM jsonb_array_elements(CASE jsonb_typeof(w.step -> 'fallback') WHEN 'array' THEN w.step -> 'fallback' ELSE '[]' END)
                    WITH ORDINALITY s(step, place)) i),
  named AS (
    SELECT w.place, w.step ->> 'id' AS step, lower(split_part(w.step ->> 'prompt', '@', 1)) AS slug,
           coalesce(nullif(lower(substring(w.step ->> 'prompt' FROM '@(.*)$')), ''), 'production') AS at
      FROM walk w WHERE jsonb_typeof(w.step -> 'prompt') = 'string')
  SELECT (row_number() OVER (ORDER BY n.place))::integer, n.step, n.slug,
         CASE WHEN n.at !~ '^[0-9]+$' THEN n.at END, CASE WHEN n.at ~ '^[1-9][0-9]{0,8}$' THEN n.at::integer END
    FROM named n WHERE n.slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$' $$;
REVOKE ALL ON FUNCTION chain_calls(json) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chain_calls(json) TO burnish_app;

CREATE TABLE chain_uses (
  workspace_id uuid NOT NULL,
  chain_id     uuid NOT NULL,
  version      integer NOT NULL,
  place        integer NOT NULL,                                    -- of the step among those that run a prompt, from 1
  step         text NOT NULL,
  slug         text NOT NULL,
  label        text,                                                -- by which the prompt is run; NULL: by its number
  at_version   integer,
  PRIMARY KEY (workspace_id, chain_id, version, place),
  FOREIGN KEY (workspace_id, chain_id, version) REFERENCES chain_versions (workspace_id, chain_id, version));
CREATE INDEX chain_uses_of ON chain_uses (workspace_id, slug, chain_id, version);
CALL make_tenant_table('chain_uses', app => 'SELECT, INSERT', worker => '', writer => 'gateway');

-- By the table: gateways of the release before, and imports, save versions too.
CREATE FUNCTION note_chain_uses() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO chain_uses (workspace_id, chain_id, version, place, step, slug, label, at_version)
  SELECT NEW.workspace_id, NEW.chain_id, NEW.version, c.* FROM chain_calls(NEW.content) c ON CONFLICT DO NOTHING;
  UPDATE chains SET words = words WHERE workspace_id = NEW.workspace_id AND chain_id = NEW.chain_id AND latest_version = NEW.version;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION note_chain_uses() FROM PUBLIC;
CREATE TRIGGER note_chain_uses AFTER INSERT ON chain_versions FOR EACH ROW EXECUTE FUNCTION note_chain_uses();

-- Before chains are locked: it reads every version.
INSERT INTO chain_uses (workspace_id, chain_id, version, place, step, slug, label, at_version)
SELECT v.workspace_id, v.chain_id, v.version, c.* FROM chain_versions v, chain_calls(v.content) c;

-- Words of chains, as of prompts: what is said of a chain, and the steps and prompts of its newest version. A workspace has few chains: its list
-- is walked by slug, and each row asked.
ALTER TABLE chains ADD COLUMN words tsvector NOT NULL DEFAULT '';
GRANT UPDATE (words) ON chains TO burnish_app;
CREATE FUNCTION follow_chain_words() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  NEW.words := words_of(concat_ws(' ', NEW.slug, NEW.name, array_to_string(NEW.tags, ' '), NEW.folder, NEW.description,
    (SELECT string_agg(u.step || ' ' || u.slug, ' ') FROM chain_uses u
      WHERE u.workspace_id = NEW.workspace_id AND u.chain_id = NEW.chain_id AND u.version = NEW.latest_version)));
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION follow_chain_words() FROM PUBLIC;
CREATE TRIGGER follow_chain_words BEFORE INSERT OR UPDATE ON chains FOR EACH ROW EXECUTE FUNCTION follow_chain_words();

UPDATE chains SET words = words;

-- Grows with every write of the headers: by the table too. Who re-seals them under a new key-encryption key makes it grow as well.
ALTER TABLE webhook_endpoints ADD COLUMN headers_revision integer NOT NULL DEFAULT 1;
CREATE FUNCTION raise_headers_revision() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  NEW.headers_revision := OLD.headers_revision + 1;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION raise_headers_revision() FROM PUBLIC;
CREATE TRIGGER raise_headers_revision BEFORE UPDATE OF headers_sealed ON webhook_endpoints FOR EACH ROW
  WHEN (NEW.headers_sealed IS DISTINCT FROM OLD.headers_sealed) EXECUTE FUNCTION raise_headers_revision();

-- A prompt that is put away is in the marketplace no more until it is restored. Templates of the workspace's own stay. By the table: gateways
-- of the release before put prompts away too.
ALTER TABLE marketplace_entries ADD COLUMN is_put_away boolean NOT NULL DEFAULT false;
GRANT UPDATE (is_put_away) ON marketplace_entries TO burnish_app;
DROP POLICY shared ON marketplace_entries;
CREATE POLICY shared ON marketplace_entries FOR SELECT TO burnish_app
  USING (NOT is_put_away
    AND (visibility = 'public' OR visibility = 'organization' AND organization_id = (SELECT nullif(current_setting('app.organization', true), '')::uuid)));
CREATE FUNCTION follow_put_away() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  UPDATE marketplace_entries SET is_put_away = NEW.archived_at IS NOT NULL WHERE workspace_id = NEW.workspace_id AND prompt_id = NEW.prompt_id;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION follow_put_away() FROM PUBLIC;
CREATE TRIGGER follow_put_away AFTER UPDATE OF archived_at ON prompts FOR EACH ROW
  WHEN ((OLD.archived_at IS NULL) <> (NEW.archived_at IS NULL)) EXECUTE FUNCTION follow_put_away();
UPDATE marketplace_entries e SET is_put_away = true
  FROM prompts p WHERE p.workspace_id = e.workspace_id AND p.prompt_id = e.prompt_id AND p.archived_at IS NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
