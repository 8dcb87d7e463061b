-- The inbox of each member: what others said or ask that concerns them. Reviews name whom they ask.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE prompt_reviews
  ADD UNIQUE (workspace_id, review_id),
  ADD COLUMN reviewers uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(reviewers) <= 50);   -- who is asked; empty: whoever may decide
GRANT INSERT (reviewers) ON prompt_reviews TO burnish_app;

-- One row tells one member of one comment, or of one step of a review. It goes with what it tells of, and with the membership.
CREATE TABLE inbox_items (
  item_id      uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  user_id      uuid NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('review_asked', 'review_decided', 'mention', 'answer', 'comment')),
  prompt_id    uuid NOT NULL,
  version      integer NOT NULL,
  comment_id   uuid,
  review_id    uuid,
  made_by      text NOT NULL,                                                 -- as the audit log names people
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  read_at      timestamptz,
  CHECK ((comment_id IS NULL) = (review_id IS NOT NULL) AND (review_id IS NOT NULL) = (kind IN ('review_asked', 'review_decided'))),
  FOREIGN KEY (workspace_id, user_id) REFERENCES members ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, comment_id) REFERENCES prompt_comments (workspace_id, comment_id) ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, review_id) REFERENCES prompt_reviews (workspace_id, review_id) ON DELETE CASCADE);
CREATE UNIQUE INDEX inbox_items_of_comment ON inbox_items (workspace_id, comment_id, user_id) WHERE comment_id IS NOT NULL;
CREATE UNIQUE INDEX inbox_items_of_review ON inbox_items (workspace_id, review_id, user_id, kind) WHERE review_id IS NOT NULL;
CREATE INDEX inbox_items_newest ON inbox_items (workspace_id, user_id, item_id DESC);
CREATE INDEX inbox_items_unread ON inbox_items (workspace_id, user_id, item_id DESC) WHERE read_at IS NULL;
CALL make_tenant_table('inbox_items', worker => '', writer => 'gateway',
  app => 'SELECT, INSERT (item_id, workspace_id, user_id, kind, prompt_id, version, comment_id, review_id, made_by), UPDATE (read_at)');

RESET ROLE;
SET LOCAL search_path = public;
