-- An approval that is taken back stays told: who gave it, when, and with which words.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE prompt_reviews
  ADD COLUMN approved_by text,                                                -- of an approval that was taken back: decided_by says by whom
  ADD COLUMN approved_at timestamptz,
  ADD COLUMN approval    text NOT NULL DEFAULT '' CHECK (length(approval) <= 5000),   -- what was said when it was approved
  ADD CHECK ((approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL OR status = 'sent_back'));
GRANT UPDATE (approved_by, approved_at, approval) ON prompt_reviews TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
