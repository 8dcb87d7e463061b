-- A budget for each end user: an account of its own for everybody who calls, made by the admission itself (docs/decisions/0101).
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

COMMENT ON COLUMN accounts.parent_account_id IS 'funding: the credit account that what is left goes back to; budget: that of the budget for each end user which this one counts for';
CREATE INDEX accounts_of_users ON accounts (parent_account_id) WHERE kind = 2 AND parent_account_id IS NOT NULL;
GRANT DELETE ON accounts TO burnish_lookup;

-- Who makes, changes or forgets accounts of end users of this budget; taken before any row.
CREATE FUNCTION lock_users_of(p_account bigint, p_alone boolean) RETURNS void LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
BEGIN
  IF p_alone THEN PERFORM pg_advisory_xact_lock(hashtextextended('burnish.user_budget', p_account));
  ELSE PERFORM pg_advisory_xact_lock_shared(hashtextextended('burnish.user_budget', p_account)); END IF;
END $$;
CALL make_lookup_function('lock_users_of(bigint, boolean)', app => false, worker => false);

-- p_acct_id as it came, once those of end users (p_user, distinct, ascending) are there, each made from the account of its budget (p_of).
-- An argument of `admit` in its statement: nothing is asked twice, and the accounts are there when it locks.
CREATE FUNCTION ready_accounts(p_acct_id bigint[], p_user bigint[], p_of bigint[]) RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM lock_users_of(b, false) FROM (SELECT DISTINCT unnest(p_of) AS b ORDER BY 1) l;
  IF (SELECT count(*) FROM accounts WHERE account_id = ANY (p_user)) < cardinality(p_user) THEN
    INSERT INTO accounts (account_id, workspace_id, kind, parent_account_id, limit_nusd, warn_nusd, period, resets_at, hard)
    SELECT u.id, b.workspace_id, 2, b.account_id, b.limit_nusd, b.warn_nusd, b.period, next_reset(b.period, clock_timestamp()), b.hard
      FROM unnest(p_user, p_of) u(id, b) JOIN accounts b ON b.account_id = u.b AND b.kind = 2 AND b.parent_account_id IS NULL
     ORDER BY u.id ON CONFLICT DO NOTHING;
  END IF;
  RETURN p_acct_id;
END $$;
CALL make_lookup_function('ready_accounts(bigint[], bigint[], bigint[])', app => true, worker => false);

-- Accounts of end users whose period ended more than two days ago: nothing that holds on one is as old. They begin anew with the next call.
-- Returns how many, at most p_most.
CREATE FUNCTION forget_user_accounts(p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_ids bigint[]; v_of bigint[]; v_gone integer;
BEGIN
  SELECT array_agg(account_id), array_agg(DISTINCT parent_account_id) INTO v_ids, v_of
    FROM (SELECT account_id, parent_account_id FROM accounts WHERE kind = 2 AND parent_account_id IS NOT NULL AND held_nusd = 0 AND in_flight = 0
             AND (resets_at IS NULL OR resets_at < clock_timestamp() - interval '2 days') LIMIT p_most) l;
  IF v_ids IS NULL THEN RETURN 0; END IF;
  PERFORM lock_users_of(b, true) FROM (SELECT unnest(v_of) AS b ORDER BY 1) l;
  PERFORM 1 FROM accounts WHERE account_id = ANY (v_ids) ORDER BY account_id FOR UPDATE;
  DELETE FROM accounts WHERE account_id = ANY (v_ids) AND held_nusd = 0 AND in_flight = 0 AND (resets_at IS NULL OR resets_at < clock_timestamp() - interval '2 days');
  GET DIAGNOSTICS v_gone = ROW_COUNT;
  RETURN v_gone;
END $$;
CALL make_lookup_function('forget_user_accounts(integer)', app => false, worker => true);

-- In place, since services go on calling them.
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

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

-- As in 0022, and of a budget for each end user the first to pass a mark in a period tells, for all of them: what the budget's own account keeps.
CREATE OR REPLACE FUNCTION pass_marks(p_service text, p_accounts bigint[], p_least smallint) RETURNS void LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE one record; v_data jsonb; v_about jsonb; v_account bigint; v_reference uuid; v_crossed smallint;
BEGIN
  FOR one IN SELECT a.*, c.reached, greatest(c.reached, p_least) AS after FROM accounts a, LATERAL (SELECT crossing(a.kind, a.limit_nusd, a.spent_nusd, a.warn_nusd) AS reached) c
              WHERE a.account_id = ANY (p_accounts) AND a.crossed < greatest(c.reached, p_least) ORDER BY a.kind = 2 AND a.parent_account_id IS NOT NULL, a.parent_account_id, a.account_id LOOP
    UPDATE accounts SET crossed = one.after WHERE account_id = one.account_id;
    v_account := one.account_id; v_reference := one.reference; v_crossed := one.crossed;
    IF one.kind = 2 AND one.parent_account_id IS NOT NULL THEN
      CONTINUE WHEN EXISTS (SELECT FROM accounts b WHERE b.account_id = one.parent_account_id AND b.crossed >= one.after AND b.resets_at >= one.resets_at);
      SELECT b.account_id, b.reference, CASE WHEN b.resets_at >= one.resets_at THEN b.crossed ELSE 0 END INTO v_account, v_reference, v_crossed
        FROM accounts b WHERE b.account_id = one.parent_account_id FOR NO KEY UPDATE;
      CONTINUE WHEN v_account IS NULL OR v_crossed >= one.after;
      UPDATE accounts SET crossed = one.after, resets_at = one.resets_at WHERE account_id = v_account;
    END IF;
    v_data := jsonb_build_object('account_id', v_account, 'budget_id', CASE WHEN one.kind = 2 THEN v_reference END, 'limit_nusd', one.limit_nusd,
      'spent_nusd', one.spent_nusd, 'available_nusd', greatest(one.limit_nusd - one.spent_nusd - one.held_nusd, 0), 'period', one.period,
      'resets_at', to_char(one.resets_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
    IF one.kind = 2 THEN
      -- The slug of a prompt's budget is in it so that filters match. Of an end user only the kind is said: events outlive erasures.
      SELECT jsonb_build_object('name', b.name, 'target', b.target_kind, 'target_name', coalesce(p.slug, k.name), 'prompt', p.slug) INTO v_about
        FROM budgets b
        LEFT JOIN prompts p ON b.target_kind = 'prompt' AND p.workspace_id = b.workspace_id AND p.prompt_id::text = b.target_id
        LEFT JOIN api_keys k ON b.target_kind = 'api_key' AND k.workspace_id = b.workspace_id AND k.api_key_id::text = b.target_id
       WHERE b.workspace_id = one.workspace_id AND b.budget_id = v_reference;
      IF v_about IS NULL THEN                                          -- the cap of a live evaluation is no budget that anybody could open
        SELECT jsonb_build_object('budget_id', NULL, 'live_evaluation_id', l.live_evaluation_id, 'target', 'live_evaluation', 'target_name', e.name) INTO v_about
          FROM live_evaluations l JOIN evaluators e ON e.workspace_id = l.workspace_id AND e.evaluator_id = l.evaluator_id
         WHERE l.workspace_id = one.workspace_id AND l.live_evaluation_id = v_reference;
      END IF;
      v_data := v_data || jsonb_build_object('hard', one.hard, 'prompt', NULL) || coalesce(v_about, '{}');
    END IF;
    IF v_crossed = 0 AND one.warn_nusd IS NOT NULL AND one.reached > 0 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.threshold_crossed' ELSE 'credits.low' END, one.workspace_id, coalesce(v_reference, one.workspace_id)::text, v_data);
    END IF;
    IF one.after = 2 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.exhausted' ELSE 'credits.exhausted' END, one.workspace_id, coalesce(v_reference, one.workspace_id)::text, v_data);
    END IF;
  END LOOP;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
