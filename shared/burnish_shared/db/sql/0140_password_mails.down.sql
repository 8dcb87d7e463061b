SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DELETE FROM mails WHERE kind = 'password_changed';
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN ('invitation', 'password_reset'));

RESET ROLE;
SET LOCAL search_path = public;
