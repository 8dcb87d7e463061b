SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

REVOKE EXECUTE ON FUNCTION ready_accounts(bigint[], bigint[], bigint[]) FROM burnish_worker;

-- As in 0001, and of the accounts of end users. They are locked before that of the budget, as pass_marks does it.
CREATE OR REPLACE FUNCTION change_budget_account(p_ws uuid, p_budget uuid, p_limit bigint, p_warn bigint, p_period text, p_hard boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_now timestamptz; v_id bigint := (SELECT account_id FROM accounts WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2);
BEGIN
  PERFORM lock_users_of(v_id, true);
  PERFORM 1 FROM accounts WHERE parent_account_id = v_id AND kind = 2 ORDER BY account_id FOR NO KEY UPDATE;
  PERFORM 1 FROM accounts WHERE account_id = v_id FOR NO KEY UPDATE;
  v_now := clock_timestamp();
  UPDATE accounts SET limit_nusd = p_limit, warn_nusd = p_warn, period = p_period, hard = p_hard, spent_nusd = CASE WHEN resets_at <= v_now THEN 0 ELSE spent_nusd END,
         resets_at = next_reset(p_period, v_now), crossed = CASE WHEN resets_at <= v_now THEN 0 ELSE least(crossed, crossing(kind, p_limit, spent_nusd, p_warn)) END
   WHERE kind = 2 AND (account_id = v_id OR parent_account_id = v_id);
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION close_budget_account(p_ws uuid, p_budget uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_id bigint := (SELECT account_id FROM accounts WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2);
BEGIN
  PERFORM lock_users_of(v_id, true);
  PERFORM 1 FROM accounts WHERE parent_account_id = v_id AND kind = 2 ORDER BY account_id FOR NO KEY UPDATE;
  UPDATE accounts SET hard = false, warn_nusd = NULL, period = NULL, resets_at = NULL, crossed = 2 WHERE kind = 2 AND (account_id = v_id OR parent_account_id = v_id);
  RETURN FOUND;
END $$;

UPDATE accounts SET period = NULL, resets_at = NULL WHERE kind = 2 AND resets_at = 'infinity';

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

DROP FUNCTION follow_budgets(integer), follow_budget(bigint, bigint, bigint, boolean, integer);
REVOKE UPDATE (users_behind) ON budgets FROM burnish_lookup;
-- Those that did not follow yet do so now: nobody else would.
UPDATE accounts u SET limit_nusd = a.limit_nusd, warn_nusd = a.warn_nusd, hard = a.hard FROM budgets b JOIN accounts a ON a.account_id = b.account_id
 WHERE b.users_behind AND b.closed_at IS NULL AND u.parent_account_id = a.account_id AND u.kind = 2;
ALTER TABLE budgets DROP COLUMN users_behind;
COMMENT ON TABLE budgets IS 'writer: gateway';

REVOKE UPDATE (tasks_total) ON live_evaluations FROM burnish_app;
UPDATE live_evaluations SET sample_ratio = 1 WHERE kind = 'past';
ALTER TABLE live_evaluations
  DROP CONSTRAINT live_evaluations_sample_ratio_check,
  ADD CONSTRAINT live_evaluations_sample_ratio_check CHECK (sample_ratio > 0 AND sample_ratio <= 1);

RESET ROLE;
SET LOCAL search_path = public;
