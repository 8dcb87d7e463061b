SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION forget_comments(uuid, integer), erase_comments(uuid, uuid, integer);
DELETE FROM prompt_comments WHERE prompt_id IS NULL;                          -- their rows in inboxes go with them
ALTER TABLE inbox_items DROP CONSTRAINT inbox_items_check;
ALTER TABLE inbox_items
  ADD CHECK (num_nonnulls(comment_id, review_id, queue_item_id) = 1 AND (review_id IS NOT NULL) = (kind IN ('review_asked', 'review_decided'))
         AND (queue_item_id IS NOT NULL) = (kind = 'queue_asked') AND num_nulls(prompt_id, version) = CASE WHEN queue_item_id IS NULL THEN 0 ELSE 2 END);
DROP INDEX prompt_comments_of_runs;
ALTER TABLE prompt_comments DROP CONSTRAINT prompt_comments_about;
ALTER TABLE prompt_comments DROP COLUMN execution_id, DROP COLUMN session_id, DROP COLUMN chain_run_id, DROP COLUMN of_text;
ALTER TABLE prompt_comments ALTER COLUMN prompt_id SET NOT NULL, ALTER COLUMN version SET NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
