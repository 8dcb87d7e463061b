SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DELETE FROM inbox_items WHERE queue_item_id IS NOT NULL;
ALTER TABLE inbox_items DROP CONSTRAINT inbox_items_kind_check, DROP CONSTRAINT inbox_items_check, DROP COLUMN queue_item_id;
ALTER TABLE inbox_items ALTER COLUMN prompt_id SET NOT NULL, ALTER COLUMN version SET NOT NULL;
ALTER TABLE inbox_items
  ADD CHECK (kind IN ('review_asked', 'review_decided', 'mention', 'answer', 'comment')),
  ADD CHECK ((comment_id IS NULL) = (review_id IS NOT NULL) AND (review_id IS NOT NULL) = (kind IN ('review_asked', 'review_decided')));
ALTER TABLE review_items DROP COLUMN assigned_to;

RESET ROLE;
SET LOCAL search_path = public;
