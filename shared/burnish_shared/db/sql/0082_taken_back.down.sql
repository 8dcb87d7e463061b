SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX feedback_by_time, feedback_by_id, feedback_history_by_id;
ALTER TABLE feedback_history DROP COLUMN is_taken_back;
ALTER TABLE feedback DROP COLUMN is_taken_back;

RESET ROLE;
SET LOCAL search_path = public;
