-- A search that asks for words alone ranks and cuts where the words are found, so that the list joins a page and not everything that has a common word.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- As find_prompts (0042): those that fit best, behind the place (p_after_rank, p_after) where one is given.
CREATE FUNCTION best_prompts(p_query tsquery, p_archived boolean, p_after_rank double precision, p_after uuid, p_most integer)
RETURNS TABLE (prompt_id uuid, rank real) LANGUAGE sql STABLE ROWS 50 SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT f.prompt_id, f.rank
    FROM (SELECT p.prompt_id, ts_rank(p.name_words, p_query) AS rank FROM prompts p
           WHERE p.search @@ (p_query && quote_literal('=w' || current_setting('app.workspace', true))::tsquery)
             AND p.workspace_id = nullif(current_setting('app.workspace', true), '')::uuid AND (p.archived_at IS NOT NULL) = p_archived) f
   WHERE p_after IS NULL OR (f.rank::double precision, f.prompt_id) < (p_after_rank, p_after)
   ORDER BY f.rank DESC, f.prompt_id DESC LIMIT p_most $$;
CALL make_lookup_function('best_prompts(tsquery, boolean, double precision, uuid, integer)', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
