-- News of feedback that was taken back (`feedback.retracted`), beside that of new reactions. It is kept whoever listens: there is little of it,
-- and wildcards of endpoints cover it.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE feedback_news ADD COLUMN is_taken_back boolean NOT NULL DEFAULT false;

RESET ROLE;
SET LOCAL search_path = public;
