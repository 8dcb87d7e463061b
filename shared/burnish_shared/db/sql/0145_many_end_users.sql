-- A budget for each of very many end users is changed and closed in bounded time (docs/decisions/0107), batches count for end users too, and a
-- scoring of past executions draws nothing from what comes, whichever release looks at it.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE live_evaluations
  DROP CONSTRAINT live_evaluations_sample_ratio_check,
  ADD CONSTRAINT live_evaluations_sample_ratio_check CHECK (sample_ratio <= 1 AND (sample_ratio > 0 OR kind = 'past' AND sample_ratio = 0));
UPDATE live_evaluations SET sample_ratio = 0 WHERE kind = 'past';
GRANT UPDATE (tasks_total) ON live_evaluations TO burnish_app;

ALTER TABLE budgets ADD COLUMN users_behind boolean NOT NULL DEFAULT false;       -- some of its end users' accounts go by what it was before
CREATE INDEX budgets_users_behind ON budgets (budget_id) WHERE users_behind;
GRANT UPDATE (users_behind) ON budgets TO burnish_lookup;
COMMENT ON TABLE budgets IS 'writer: gateway; users_behind: change_budget_account and follow_budgets';

-- Gives at most p_most accounts of end users the limits of their budget, where they have others; periods run on as they are. Returns how many.
CREATE FUNCTION follow_budget(p_account bigint, p_limit bigint, p_warn bigint, p_hard boolean, p_most integer) RETURNS integer
LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE v_ids bigint[];
BEGIN
  SELECT array_agg(l.account_id) INTO v_ids
    FROM (SELECT account_id FROM accounts WHERE parent_account_id = p_account AND kind = 2 AND (limit_nusd, warn_nusd, hard) IS DISTINCT FROM (p_limit, p_warn, p_hard)
           LIMIT p_most) l;
  PERFORM 1 FROM accounts WHERE account_id = ANY (v_ids) ORDER BY account_id FOR NO KEY UPDATE;
  UPDATE accounts SET limit_nusd = p_limit, warn_nusd = p_warn, hard = p_hard, crossed = least(crossed, crossing(kind, p_limit, spent_nusd, p_warn)) WHERE account_id = ANY (v_ids);
  RETURN coalesce(cardinality(v_ids), 0);
END $$;
CALL make_lookup_function('follow_budget(bigint, bigint, bigint, boolean, integer)', app => false, worker => false);

-- One turn over one changed budget; NULL: there is none. Its row is held, so nobody changes it meanwhile. Returns how many accounts followed.
CREATE FUNCTION follow_budgets(p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE one record; n integer;
BEGIN
  SELECT b.budget_id, a.account_id, a.limit_nusd, a.warn_nusd, a.hard, b.closed_at INTO one
    FROM budgets b JOIN accounts a ON a.account_id = b.account_id WHERE b.users_behind ORDER BY b.budget_id LIMIT 1 FOR NO KEY UPDATE OF b SKIP LOCKED;
  IF NOT FOUND THEN RETURN NULL; END IF;
  n := CASE WHEN one.closed_at IS NULL THEN follow_budget(one.account_id, one.limit_nusd, one.warn_nusd, one.hard, p_most) ELSE 0 END;
  IF n < p_most THEN UPDATE budgets SET users_behind = false WHERE budget_id = one.budget_id; END IF;
  RETURN n;
END $$;
CALL make_lookup_function('follow_budgets(integer)', app => false, worker => true);

-- In place, since services go on calling them.
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

GRANT EXECUTE ON FUNCTION ready_accounts(bigint[], bigint[], bigint[]) TO burnish_worker;

-- As in 0134, but that 5,000 accounts of end users follow at once and the rest by follow_budgets: admissions of this budget wait meanwhile.
CREATE OR REPLACE FUNCTION change_budget_account(p_ws uuid, p_budget uuid, p_limit bigint, p_warn bigint, p_period text, p_hard boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_now timestamptz; v_id bigint := (SELECT account_id FROM accounts WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2);
BEGIN
  PERFORM lock_users_of(v_id, true);
  IF follow_budget(v_id, p_limit, p_warn, p_hard, 5000) = 5000 THEN UPDATE budgets SET users_behind = true WHERE workspace_id = p_ws AND budget_id = p_budget; END IF;
  PERFORM 1 FROM accounts WHERE account_id = v_id FOR NO KEY UPDATE;
  v_now := clock_timestamp();
  UPDATE accounts SET limit_nusd = p_limit, warn_nusd = p_warn, period = p_period, hard = p_hard, spent_nusd = CASE WHEN resets_at <= v_now THEN 0 ELSE spent_nusd END,
         resets_at = next_reset(p_period, v_now), crossed = CASE WHEN resets_at <= v_now THEN 0 ELSE least(crossed, crossing(kind, p_limit, spent_nusd, p_warn)) END
   WHERE account_id = v_id;
  RETURN FOUND;
END $$;

-- As in 0001: nobody names the accounts of its end users any more, and they go two days after their period. Its own says that all was told.
CREATE OR REPLACE FUNCTION close_budget_account(p_ws uuid, p_budget uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_users boolean := EXISTS (SELECT FROM accounts a JOIN accounts u ON u.parent_account_id = a.account_id AND u.kind = 2
                                    WHERE a.workspace_id = p_ws AND a.reference = p_budget AND a.kind = 2);
BEGIN
  UPDATE accounts SET hard = false, warn_nusd = NULL, crossed = 2, period = CASE WHEN v_users THEN period END, resets_at = CASE WHEN v_users THEN 'infinity'::timestamptz END
   WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2;
  RETURN FOUND;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
