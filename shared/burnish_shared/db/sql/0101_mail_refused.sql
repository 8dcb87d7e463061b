-- A mail server may take a notice for some addresses and refuse others, for good or for now. Whom it refused is kept with the notice until
-- it ends, so that another attempt goes to those alone whom it put off. A process of the release before does not look, and sends to all.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE alert_notices
  ADD COLUMN mail_refused jsonb;                                   -- address: what the server said for good, or null where it put off

RESET ROLE;
SET LOCAL search_path = public;
