SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION renew_prompt_words(uuid, integer);
REVOKE UPDATE (text_words) ON prompts FROM burnish_lookup;
ALTER TABLE prompts DROP COLUMN words_rule;
DROP TRIGGER follow_entry_words ON marketplace_entries;
DROP FUNCTION follow_entry_words(), web_query(text), words_query(text, integer), piece_query(text, boolean);
REVOKE EXECUTE ON FUNCTION text_of_content(json), marketplace_search(text, text, text, text[], text) FROM burnish_worker;
REVOKE EXECUTE ON FUNCTION words_of(text), text_of_content(json) FROM burnish_lookup;
-- As in 0009, of as much text as words of prompts are made of (0042): a tsvector holds 1 MB.
CREATE OR REPLACE FUNCTION marketplace_search(p_name text, p_description text, p_use_case text, p_words text[], p_content text) RETURNS tsvector LANGUAGE sql IMMUTABLE
SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT setweight(to_tsvector(c, p_name), 'A') || setweight(to_tsvector(c, array_to_string(p_words, ' ')), 'A')
      || setweight(to_tsvector(c, p_use_case), 'B') || setweight(to_tsvector(c, p_description), 'B') || setweight(to_tsvector(c, left(p_content, 100000)), 'D')
      || setweight(to_tsvector('simple', p_name), 'A') || setweight(to_tsvector('simple', array_to_string(p_words, ' ')), 'A')
      || setweight(to_tsvector('simple', p_use_case), 'B') || setweight(to_tsvector('simple', p_description), 'B')
    FROM (SELECT 'english'::regconfig AS c) one $$;
CREATE OR REPLACE FUNCTION words_of(p_text text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT to_tsvector('simple', one) || to_tsvector('english', one) FROM (SELECT regexp_replace(coalesce(p_text, ''), '[^[:alnum:]]+', ' ', 'g') AS one) said $$;
DROP FUNCTION more_words_of(text), joined(tsvector, tsvector), spaced_of(text), pairs_of(text, integer), pieces_of(text), folded(text);

RESET ROLE;
SET LOCAL search_path = public;
