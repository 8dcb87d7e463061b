-- Whose complaint brought an answer into the review queue, while it waits: no voice fills the queue (core/review.py).

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE review_items ADD COLUMN voice bytea CHECK (length(voice) = 16);   -- a hash; NULL: nobody's, or decided
CREATE INDEX review_items_of_voice ON review_items (workspace_id, slug, voice) WHERE voice IS NOT NULL AND decided_at IS NULL AND NOT set_aside;

RESET ROLE;
SET LOCAL search_path = public;
