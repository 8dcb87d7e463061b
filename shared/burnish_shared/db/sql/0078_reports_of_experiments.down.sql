SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX experiments_ended;
DELETE FROM reports WHERE kind = 'experiment';                     -- the release before knows none; a new one can be made of the same experiment
ALTER TABLE reports DROP CONSTRAINT reports_kind_check;
ALTER TABLE reports ADD CONSTRAINT reports_kind_check CHECK (kind IN ('workspace', 'prompt', 'version', 'model', 'api_key', 'end_user')) NOT VALID;

RESET ROLE;
SET LOCAL search_path = public;
