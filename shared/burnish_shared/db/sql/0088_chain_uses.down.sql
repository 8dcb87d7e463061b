SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TRIGGER follow_put_away ON prompts;
DROP FUNCTION follow_put_away();
DROP POLICY shared ON marketplace_entries;
CREATE POLICY shared ON marketplace_entries FOR SELECT TO burnish_app
  USING (visibility = 'public' OR visibility = 'organization' AND organization_id = (SELECT nullif(current_setting('app.organization', true), '')::uuid));
ALTER TABLE marketplace_entries DROP COLUMN is_put_away;
DROP TRIGGER raise_headers_revision ON webhook_endpoints;
DROP FUNCTION raise_headers_revision();
ALTER TABLE webhook_endpoints DROP COLUMN headers_revision;
DROP TRIGGER note_chain_uses ON chain_versions;
DROP FUNCTION note_chain_uses();
DROP TRIGGER follow_chain_words ON chains;
DROP FUNCTION follow_chain_words();
ALTER TABLE chains DROP COLUMN words;
DROP TABLE chain_uses;
DROP FUNCTION chain_calls(json);

RESET ROLE;
SET LOCAL search_path = public;
