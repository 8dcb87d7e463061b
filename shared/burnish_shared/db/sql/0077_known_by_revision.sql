-- Two who change one inbound endpoint hear of each other; what a flood had refused is counted by the minute; words that stand are made no more.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE inbound_endpoints ADD COLUMN revision integer NOT NULL DEFAULT 1;  -- grows with every change of what an admin says of it
-- By the table: gateways of the release before change it too, and know of no revision.
CREATE FUNCTION raise_inbound_revision() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  NEW.revision := OLD.revision + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER raise_inbound_revision BEFORE UPDATE ON inbound_endpoints FOR EACH ROW
  WHEN (NEW.name IS DISTINCT FROM OLD.name OR NEW.mapping IS DISTINCT FROM OLD.mapping OR NEW.header IS DISTINCT FROM OLD.header
    OR NEW.prefix IS DISTINCT FROM OLD.prefix OR NEW.encoding IS DISTINCT FROM OLD.encoding)  -- not as rows: a restored database would write it otherwise
  EXECUTE FUNCTION raise_inbound_revision();
REVOKE ALL ON FUNCTION raise_inbound_revision() FROM PUBLIC;

-- `too_large` and `throttled` come without a signature that was looked at, in any number: one row for each minute, which counts them.
ALTER TABLE inbound_refusals
  ADD COLUMN times  integer NOT NULL DEFAULT 1 CHECK (times > 0),
  ADD COLUMN minute timestamptz,                                    -- of those that are counted
  DROP CONSTRAINT inbound_refusals_reason_check,
  ADD CONSTRAINT inbound_refusals_reason_check CHECK (reason IN ('signature', 'body', 'mapping', 'too_many', 'too_large', 'throttled'));
CREATE UNIQUE INDEX inbound_refusals_by_minute ON inbound_refusals (workspace_id, endpoint_id, reason, minute) WHERE minute IS NOT NULL;
GRANT UPDATE (times, message, refused_at) ON inbound_refusals TO burnish_app;

-- Entries of the marketplace had their words made anew with each day's figures, for ever. As of prompts: once, where a release before kept them.
ALTER TABLE marketplace_entries ADD COLUMN words_rule smallint NOT NULL DEFAULT 71;  -- the migration by whose rule its words were kept
ALTER TABLE marketplace_entries ALTER COLUMN words_rule SET DEFAULT 72;
CREATE OR REPLACE FUNCTION follow_entry_words() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.search = OLD.search THEN                                   -- who publishes anew has made the words already
    NEW.search := marketplace_search(NEW.name, NEW.description, NEW.use_case, NEW.categories || NEW.tags || ARRAY[NEW.slug], text_of_content(NEW.content));
  END IF;
  NEW.words_rule := 72;
  RETURN NEW;
END $$;
DROP TRIGGER follow_entry_words ON marketplace_entries;
CREATE TRIGGER follow_entry_words BEFORE UPDATE OF measured_at ON marketplace_entries FOR EACH ROW WHEN (OLD.words_rule < 72) EXECUTE FUNCTION follow_entry_words();

RESET ROLE;
SET LOCAL search_path = public;
