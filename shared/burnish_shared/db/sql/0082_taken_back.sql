-- Feedback that was taken back: an entry that says nothing, in the place of the one it takes back, which history keeps.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE feedback ADD COLUMN is_taken_back boolean NOT NULL DEFAULT false;
ALTER TABLE feedback_history ADD COLUMN is_taken_back boolean NOT NULL DEFAULT false;

-- Lists, the newest first; and what one id stands for.
CREATE INDEX feedback_by_time ON feedback (workspace_id, accepted_at DESC, feedback_id DESC, kind DESC) WHERE feedback_id IS NOT NULL;
CREATE INDEX feedback_by_id ON feedback (workspace_id, feedback_id) WHERE feedback_id IS NOT NULL;
CREATE INDEX feedback_history_by_id ON feedback_history (workspace_id, feedback_id);

RESET ROLE;
SET LOCAL search_path = public;
