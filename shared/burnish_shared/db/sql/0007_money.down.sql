SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION set_plan(uuid, text), begin_allowance(uuid, date), allowances_due(date, integer), allowance_of(uuid), is_erased(uuid), allowance_given(uuid, date), begin_month(uuid, date),
  organizations_due(date, integer), this_month(), return_fee(uuid, text, text), fold_usage_users(uuid, date), close_usage_days(uuid, date, integer), usage_days_due(date, integer),
  ledger_between(uuid, date, date), account_word(smallint), usage_between(uuid, date, date), day_of(uuid);
DROP INDEX transfers_unexecuted, transfers_overage;
DROP TABLE ledger_days, usage_user_days, usage_days, usage_closings, plan_months, budgets;
REVOKE UPDATE (plan) ON organizations FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
