SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE feedback_news DROP COLUMN session_id;

RESET ROLE;
SET LOCAL search_path = public;
