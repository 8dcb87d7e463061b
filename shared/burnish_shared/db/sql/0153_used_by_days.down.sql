SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX ledger_days_unused;

RESET ROLE;
SET LOCAL search_path = public;
