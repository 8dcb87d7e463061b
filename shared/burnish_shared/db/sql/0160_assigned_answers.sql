-- An answer of the review queue may be asked of one member, whose inbox says so.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE review_items
  ADD COLUMN assigned_to uuid,                                     -- who is asked to look at it; NULL: whoever comes
  ADD FOREIGN KEY (workspace_id, assigned_to) REFERENCES members (workspace_id, user_id) ON DELETE SET NULL (assigned_to);
CREATE INDEX review_items_assigned ON review_items (workspace_id, assigned_to, urgency, review_id) WHERE assigned_to IS NOT NULL;

-- A row tells of a comment, of a step of a review of a version, or of an answer in the queue. That one says its prompt itself.
ALTER TABLE inbox_items ADD COLUMN queue_item_id uuid;
ALTER TABLE inbox_items ALTER COLUMN prompt_id DROP NOT NULL, ALTER COLUMN version DROP NOT NULL;
ALTER TABLE inbox_items DROP CONSTRAINT inbox_items_kind_check, DROP CONSTRAINT inbox_items_check;
ALTER TABLE inbox_items
  ADD CHECK (kind IN ('review_asked', 'review_decided', 'mention', 'answer', 'comment', 'queue_asked')),
  ADD CHECK (num_nonnulls(comment_id, review_id, queue_item_id) = 1 AND (review_id IS NOT NULL) = (kind IN ('review_asked', 'review_decided'))
         AND (queue_item_id IS NOT NULL) = (kind = 'queue_asked') AND num_nulls(prompt_id, version) = CASE WHEN queue_item_id IS NULL THEN 0 ELSE 2 END),
  ADD FOREIGN KEY (workspace_id, queue_item_id) REFERENCES review_items (workspace_id, review_id) ON DELETE CASCADE;
CREATE UNIQUE INDEX inbox_items_of_answer ON inbox_items (workspace_id, queue_item_id, user_id) WHERE queue_item_id IS NOT NULL;
GRANT INSERT (queue_item_id) ON inbox_items TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
