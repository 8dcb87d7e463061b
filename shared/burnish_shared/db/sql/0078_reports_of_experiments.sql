-- Reports of experiments that ended: what was found, kept as reports are (PRODUCT A3, X2). `target` is the experiment's id.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE INDEX experiments_ended ON experiments (workspace_id, completed_at DESC) WHERE status = 'completed';

ALTER TABLE reports DROP CONSTRAINT reports_kind_check;
ALTER TABLE reports ADD CONSTRAINT reports_kind_check
  CHECK (kind IN ('workspace', 'prompt', 'version', 'model', 'api_key', 'end_user', 'experiment')) NOT VALID;

RESET ROLE;
SET LOCAL search_path = public;
