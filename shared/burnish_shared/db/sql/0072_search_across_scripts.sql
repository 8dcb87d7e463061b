-- Searches find words of every script: without their accents, in full and half width, and parts of texts that put no blanks between words. All of it is
-- added to the words that were kept, so a gateway of the version before finds what it found, and words in ASCII alone are kept and ranked as before.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- One rule for what is kept and for what is asked: compatible forms are one (NFKC), letters are small, and marks that people leave out when they type
-- (accents, points of Hebrew and Arabic) are gone. Where the unaccent extension is missing, as in the packaged PostgreSQL, it could not be used.
CREATE FUNCTION folded(p_text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT left(replace(replace(replace(translate(normalize(regexp_replace(lower(left(normalize(left(p_text, 100000), NFKD), 200000)),
           '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]', '', 'g'), NFKC),
         'øđłħıðς', 'odlhidσ'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 100000) $$;

-- Pieces of a text between blanks, signs of ASCII and punctuation of other scripts.
CREATE FUNCTION pieces_of(p_text text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100 SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT one FROM regexp_split_to_table(p_text, '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u2000-\u206f\u3000-\u3004\u3008-\u303f]+') one
   WHERE one <> '' $$;

-- Each two neighbours in a run of Thai, Lao, Burmese, Khmer, Chinese, Japanese or Korean, and the last one alone, in order, of a text that is folded.
CREATE FUNCTION pairs_of(p_folded text, p_most integer) RETURNS TABLE (run bigint, pair text) LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT m.n, c.one || coalesce(lead(c.one) OVER (PARTITION BY m.n ORDER BY c.i), '')
    FROM regexp_matches(p_folded, '[\u0e01-\u0e4e\u0e80-\u0ecd\u1000-\u104f\u1100-\u11ff\u1780-\u17d3\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af]+', 'g') WITH ORDINALITY m(said, n),
         unnest(string_to_array(m.said[1], NULL)) WITH ORDINALITY c(one, i)
   ORDER BY m.n, c.i LIMIT p_most $$;

-- Whole words of a folded text, a blank between them: what is in no run of pairs.
CREATE FUNCTION spaced_of(p_folded text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT btrim(regexp_replace(regexp_replace(p_folded, '[\u0e01-\u0e4e\u0e80-\u0ecd\u1000-\u104f\u1100-\u11ff\u1780-\u17d3\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af]+', ' ', 'g'),
         '[^[:alnum:]]+', ' ', 'g')) $$;

-- Both, or the first alone where they are too much for a tsvector, which holds 1 MB: a text is never refused for the words by which it is found.
CREATE FUNCTION joined(p_first tsvector, p_more tsvector) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  RETURN p_first || p_more;
EXCEPTION WHEN program_limit_exceeded THEN RETURN p_first;
END $$;

-- What is kept of a text beside its words as they are written: the folded ones, ä ö ü ø å as they are typed without them (ae oe ue oe aa), and pairs.
-- 40,000 pairs at most: a tsvector holds 1 MB.
CREATE FUNCTION more_words_of(p_text text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE SET search_path = burnish, pg_catalog, pg_temp AS $$
DECLARE wide text; plain text; spelled text; pairs tsvector;
BEGIN
  IF p_text IS NULL OR octet_length(p_text) = length(p_text) THEN RETURN ''; END IF;
  SELECT string_agg(one, ' ') INTO wide FROM pieces_of(left(p_text, 100000)) one WHERE octet_length(one) <> length(one);
  IF wide IS NULL THEN RETURN ''; END IF;
  plain := folded(wide);
  SELECT folded(string_agg(replace(replace(replace(replace(replace(one, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ø', 'oe'), 'å', 'aa'), ' ')) INTO spelled
    FROM regexp_split_to_table(lower(left(normalize(wide, NFKC), 100000)), ' ') one WHERE one ~ '[äöüøå]';
  SELECT string_agg(pair || ':' || least(n, 16383), ' ')::tsvector INTO pairs FROM (SELECT p.pair, row_number() OVER () AS n FROM pairs_of(plain, 40000) p) said;
  plain := spaced_of(plain);
  RETURN joined(joined(joined(to_tsvector('simple', plain), coalesce(pairs, '')), to_tsvector('simple', spaced_of(coalesce(spelled, '')))), to_tsvector('english', plain));
END $$;

CREATE OR REPLACE FUNCTION words_of(p_text text) RETURNS tsvector LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT joined(to_tsvector('simple', one) || to_tsvector('english', one), more_words_of(p_text))
    FROM (SELECT regexp_replace(coalesce(p_text, ''), '[^[:alnum:]]+', ' ', 'g') AS one) said $$;

-- As in 0070, and words of every script.
CREATE OR REPLACE FUNCTION marketplace_search(p_name text, p_description text, p_use_case text, p_words text[], p_content text) RETURNS tsvector LANGUAGE sql IMMUTABLE
SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT joined(joined(joined(setweight(to_tsvector(c, p_name), 'A') || setweight(to_tsvector(c, array_to_string(p_words, ' ')), 'A')
      || setweight(to_tsvector(c, p_use_case), 'B') || setweight(to_tsvector(c, p_description), 'B') || setweight(to_tsvector(c, left(p_content, 100000)), 'D')
      || setweight(to_tsvector('simple', p_name), 'A') || setweight(to_tsvector('simple', array_to_string(p_words, ' ')), 'A')
      || setweight(to_tsvector('simple', p_use_case), 'B') || setweight(to_tsvector('simple', p_description), 'B'),
         setweight(more_words_of(concat_ws(' ', p_name, array_to_string(p_words, ' '))), 'A')), setweight(more_words_of(concat_ws(' ', p_use_case, p_description)), 'B')),
         strip(more_words_of(p_content)))
    FROM (SELECT 'english'::regconfig AS c) one $$;

-- What one piece of a search asks: its words folded, all of them, or as they are written (rows whose words were kept before 0072). NULL: it holds no word.
-- A word of a tsquery has 2 KB at most, and a piece 24 words that count: each more makes what is asked longer, and costs the square of it.
CREATE FUNCTION piece_query(p_piece text, p_begun boolean) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
DECLARE begun text := CASE WHEN p_begun THEN ':*' ELSE '' END; plain text; asked tsquery; written tsquery; one text;
BEGIN
  -- A word that English leaves out is no condition, unless what begins with it is looked for.
  FOR one IN SELECT left(w, 500) FROM string_to_table(btrim(regexp_replace(lower(p_piece), '[^[:alnum:]]+', ' ', 'g')), ' ') w WHERE w <> '' AND (p_begun OR numnode(plainto_tsquery('english', w)) > 0) LIMIT 24 LOOP
    written := coalesce(written && ((quote_literal(one) || begun)::tsquery || plainto_tsquery('english', one)), (quote_literal(one) || begun)::tsquery || plainto_tsquery('english', one));
  END LOOP;
  IF octet_length(p_piece) = length(p_piece) THEN RETURN written; END IF;
  plain := folded(p_piece);
  FOR one IN SELECT left(w, 500) FROM string_to_table(spaced_of(plain), ' ') w WHERE w <> '' AND (p_begun OR numnode(plainto_tsquery('english', w)) > 0) LIMIT 24 LOOP
    asked := coalesce(asked && ((quote_literal(one) || begun)::tsquery || plainto_tsquery('english', one)), (quote_literal(one) || begun)::tsquery || plainto_tsquery('english', one));
  END LOOP;
  -- The last one alone stands for what follows it: any pair that begins with it. In a longer run, the pairs before it say it already.
  FOR one IN SELECT CASE WHEN length(p.pair) = 1 THEN p.pair || ':*' ELSE p.pair END FROM (SELECT q.*, count(*) OVER (PARTITION BY q.run) AS many FROM pairs_of(plain, 24) q) p
              WHERE p.many = 1 OR length(p.pair) > 1 LOOP
    asked := coalesce(asked && one::tsquery, one::tsquery);
  END LOOP;
  RETURN coalesce(asked || written, asked, written);
END $$;

-- What somebody types into a search box: its first p_most words, each whole, in another form or begun. One that nothing fits (no word begins with '=') where there is none.
CREATE FUNCTION words_query(p_text text, p_most integer) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
DECLARE asked tsquery; one tsquery;
BEGIN
  FOR one IN SELECT q FROM (SELECT piece_query(p, true) AS q FROM pieces_of(p_text) p) said WHERE q IS NOT NULL LIMIT p_most LOOP
    asked := coalesce(asked && one, one);
  END LOOP;
  RETURN coalesce(asked, '''=none'''::tsquery);
END $$;

-- As websearch_to_tsquery, and words of every script. What stands in quotes stands together, as it is written. 32 terms at most.
CREATE FUNCTION web_query(p_text text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = burnish, pg_catalog, pg_temp AS $$
DECLARE written tsquery := websearch_to_tsquery('english', p_text) || websearch_to_tsquery('simple', p_text); any_of tsquery; all_of tsquery; one tsquery; term text[];
BEGIN
  IF octet_length(p_text) = length(p_text) THEN RETURN written; END IF;
  FOR term IN SELECT m FROM regexp_matches(normalize(p_text, NFKC), '(-?)(?:"([^"]*)"|([^\s"]+))', 'g') m LIMIT 32 LOOP
    IF term[3] ~* '^or$' AND term[1] = '' THEN
      any_of := coalesce(any_of || all_of, all_of, any_of);
      all_of := NULL;
      CONTINUE;
    END IF;
    one := NULL;
    IF term[2] IS NOT NULL AND NOT EXISTS (SELECT FROM pairs_of(folded(term[2]), 1)) THEN
      one := phraseto_tsquery('english', term[2]) || phraseto_tsquery('simple', term[2]);
    ELSE
      SELECT string_agg('(' || q::text || ')', ' & ')::tsquery INTO one FROM (SELECT piece_query(p, false) AS q FROM pieces_of(coalesce(term[2], term[3])) p) said WHERE q IS NOT NULL;
    END IF;
    CONTINUE WHEN one IS NULL OR numnode(one) = 0;
    IF term[1] = '-' THEN one := !!one; END IF;
    all_of := coalesce(all_of && one, one);
  END LOOP;
  RETURN coalesce(any_of || all_of, all_of, any_of, written);
END $$;

REVOKE ALL ON FUNCTION folded(text), pieces_of(text), pairs_of(text, integer), spaced_of(text), joined(tsvector, tsvector), more_words_of(text), piece_query(text, boolean), words_query(text, integer),
  web_query(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION folded(text), pieces_of(text), pairs_of(text, integer), spaced_of(text), joined(tsvector, tsvector), more_words_of(text), piece_query(text, boolean), words_query(text, integer),
  web_query(text) TO burnish_app;

-- Before any other lock: whoever publishes has read prompts first.
ALTER TABLE prompts ADD COLUMN words_rule smallint NOT NULL DEFAULT 71;  -- the migration by whose rule its words were kept
ALTER TABLE prompts ALTER COLUMN words_rule SET DEFAULT 72;

-- Rows that are there: entries of the marketplace when analytics takes their figures, which it does once a day; prompts in slices, by analytics too.
GRANT EXECUTE ON FUNCTION folded(text), pieces_of(text), pairs_of(text, integer), spaced_of(text), joined(tsvector, tsvector), more_words_of(text), text_of_content(json),
  marketplace_search(text, text, text, text[], text) TO burnish_worker;
CREATE FUNCTION follow_entry_words() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_catalog, pg_temp AS $$
BEGIN
  NEW.search := marketplace_search(NEW.name, NEW.description, NEW.use_case, NEW.categories || NEW.tags || ARRAY[NEW.slug], text_of_content(NEW.content));
  RETURN NEW;
END $$;
-- Who publishes anew has made the words already.
CREATE TRIGGER follow_entry_words BEFORE UPDATE OF measured_at ON marketplace_entries FOR EACH ROW WHEN (NEW.search = OLD.search) EXECUTE FUNCTION follow_entry_words();
REVOKE ALL ON FUNCTION follow_entry_words() FROM PUBLIC;

-- Keeps the words of so many prompts behind p_after anew, for half a second or one prompt, and returns the last of them. Who saves one at that moment is
-- not waited for. NULL: none was left behind p_after. The least UUID: of all that there are, none could be had at this moment.
CREATE FUNCTION renew_prompt_words(p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE began timestamptz := clock_timestamp(); one uuid; last uuid;
BEGIN
  FOR one IN SELECT p.prompt_id FROM prompts p WHERE p.words_rule < 72 AND (p_after IS NULL OR p.prompt_id > p_after) ORDER BY p.prompt_id LIMIT p_most LOOP
    PERFORM FROM prompts p WHERE p.prompt_id = one AND p.words_rule < 72 FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    UPDATE prompts p                                               -- a statement of its own: it sees the versions that are there now that the row is locked
       SET words_rule = 72, text_words = strip(words_of((SELECT text_of_content(v.content) FROM prompt_versions v
             WHERE v.workspace_id = p.workspace_id AND v.prompt_id = p.prompt_id AND v.branch IS NULL ORDER BY v.version DESC LIMIT 1)))
     WHERE p.prompt_id = one;
    last := one;
    EXIT WHEN clock_timestamp() > began + interval '500 ms';
  END LOOP;
  IF last IS NULL AND p_after IS NULL AND EXISTS (SELECT FROM prompts p WHERE p.words_rule < 72) THEN RETURN '00000000-0000-0000-0000-000000000000'; END IF;
  RETURN last;
END $$;
GRANT EXECUTE ON FUNCTION words_of(text), folded(text), pieces_of(text), pairs_of(text, integer), spaced_of(text), joined(tsvector, tsvector), more_words_of(text), text_of_content(json) TO burnish_lookup;
GRANT UPDATE (text_words, words_rule) ON prompts TO burnish_lookup;
CALL make_lookup_function('renew_prompt_words(uuid, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
