-- A mail that says that the password of an account was changed: its owner learns of it also when somebody else did it.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN ('invitation', 'password_reset', 'password_changed'));

RESET ROLE;
SET LOCAL search_path = public;
