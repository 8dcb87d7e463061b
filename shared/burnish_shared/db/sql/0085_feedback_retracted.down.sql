SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DELETE FROM feedback_news WHERE is_taken_back;                     -- an older analytics would tell of it as of a new reaction
ALTER TABLE feedback_news DROP COLUMN is_taken_back;

RESET ROLE;
SET LOCAL search_path = public;
