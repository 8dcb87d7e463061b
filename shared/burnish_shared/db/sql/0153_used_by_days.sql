-- What went out of a credit account and was no use of it, by closed days: read on each look at the credit, from this index alone.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE INDEX ledger_days_unused ON ledger_days (workspace_id) INCLUDE (amount_nusd)
  WHERE kind IN ('funding_return', 'refund') AND credit = 'credit' OR kind IN ('move_out', 'adjustment') AND debit = 'credit';

RESET ROLE;
SET LOCAL search_path = public;
