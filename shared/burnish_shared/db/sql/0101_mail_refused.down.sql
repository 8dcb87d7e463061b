SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE alert_notices DROP COLUMN mail_refused;

RESET ROLE;
SET LOCAL search_path = public;
