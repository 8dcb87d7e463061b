SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TRIGGER follow_entry_words ON marketplace_entries;
ALTER TABLE marketplace_entries DROP COLUMN words_rule;
CREATE OR REPLACE FUNCTION follow_entry_words() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  NEW.search := marketplace_search(NEW.name, NEW.description, NEW.use_case, NEW.categories || NEW.tags || ARRAY[NEW.slug], text_of_content(NEW.content));
  RETURN NEW;
END $$;
CREATE TRIGGER follow_entry_words BEFORE UPDATE OF measured_at ON marketplace_entries FOR EACH ROW WHEN (NEW.search = OLD.search) EXECUTE FUNCTION follow_entry_words();
REVOKE UPDATE (times, message, refused_at) ON inbound_refusals FROM burnish_app;
DROP INDEX inbound_refusals_by_minute;
DELETE FROM inbound_refusals WHERE reason IN ('too_large', 'throttled');
ALTER TABLE inbound_refusals
  DROP COLUMN times, DROP COLUMN minute, DROP CONSTRAINT inbound_refusals_reason_check,
  ADD CONSTRAINT inbound_refusals_reason_check CHECK (reason IN ('signature', 'body', 'mapping', 'too_many'));
DROP TRIGGER raise_inbound_revision ON inbound_endpoints;
DROP FUNCTION raise_inbound_revision();
ALTER TABLE inbound_endpoints DROP COLUMN revision;
DROP INDEX prompts_words_left;

RESET ROLE;
SET LOCAL search_path = public;
