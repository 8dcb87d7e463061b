SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE feedback_news ADD COLUMN session_id text;              -- the target, where that is a session

RESET ROLE;
SET LOCAL search_path = public;
