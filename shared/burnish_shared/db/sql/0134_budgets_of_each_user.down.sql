SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Budgets for each end user bind nothing without their accounts; what counted for one of them is lost.
UPDATE budgets SET closed_at = clock_timestamp() WHERE target_kind = 'end_user' AND target_id = '*' AND closed_at IS NULL;
DROP FUNCTION forget_user_accounts(integer), ready_accounts(bigint[], bigint[], bigint[]);
DROP INDEX accounts_of_users;
COMMENT ON COLUMN accounts.parent_account_id IS NULL;
REVOKE DELETE ON accounts FROM burnish_lookup;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

CREATE OR REPLACE FUNCTION change_budget_account(p_ws uuid, p_budget uuid, p_limit bigint, p_warn bigint, p_period text, p_hard boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_now timestamptz;
BEGIN
  PERFORM 1 FROM accounts WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2 FOR NO KEY UPDATE;
  v_now := clock_timestamp();
  UPDATE accounts SET limit_nusd = p_limit, warn_nusd = p_warn, period = p_period, hard = p_hard, spent_nusd = CASE WHEN resets_at <= v_now THEN 0 ELSE spent_nusd END,
         resets_at = next_reset(p_period, v_now), crossed = CASE WHEN resets_at <= v_now THEN 0 ELSE least(crossed, crossing(kind, p_limit, spent_nusd, p_warn)) END
   WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2;
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION close_budget_account(p_ws uuid, p_budget uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  UPDATE accounts SET hard = false, warn_nusd = NULL, period = NULL, resets_at = NULL, crossed = 2 WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2;
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION pass_marks(p_service text, p_accounts bigint[], p_least smallint) RETURNS void LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE one record; v_data jsonb; v_about jsonb;
BEGIN
  FOR one IN SELECT a.*, c.reached, greatest(c.reached, p_least) AS after FROM accounts a, LATERAL (SELECT crossing(a.kind, a.limit_nusd, a.spent_nusd, a.warn_nusd) AS reached) c
              WHERE a.account_id = ANY (p_accounts) AND a.crossed < greatest(c.reached, p_least) ORDER BY a.account_id LOOP
    UPDATE accounts SET crossed = one.after WHERE account_id = one.account_id;
    v_data := jsonb_build_object('account_id', one.account_id, 'budget_id', CASE WHEN one.kind = 2 THEN one.reference END, 'limit_nusd', one.limit_nusd,
      'spent_nusd', one.spent_nusd, 'available_nusd', greatest(one.limit_nusd - one.spent_nusd - one.held_nusd, 0), 'period', one.period,
      'resets_at', to_char(one.resets_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
    IF one.kind = 2 THEN
      -- The slug of a prompt's budget is in it so that filters match. Of an end user only the kind is said: events outlive erasures.
      SELECT jsonb_build_object('name', b.name, 'target', b.target_kind, 'target_name', coalesce(p.slug, k.name), 'prompt', p.slug) INTO v_about
        FROM budgets b
        LEFT JOIN prompts p ON b.target_kind = 'prompt' AND p.workspace_id = b.workspace_id AND p.prompt_id::text = b.target_id
        LEFT JOIN api_keys k ON b.target_kind = 'api_key' AND k.workspace_id = b.workspace_id AND k.api_key_id::text = b.target_id
       WHERE b.workspace_id = one.workspace_id AND b.budget_id = one.reference;
      IF v_about IS NULL THEN                                          -- the cap of a live evaluation is no budget that anybody could open
        SELECT jsonb_build_object('budget_id', NULL, 'live_evaluation_id', l.live_evaluation_id, 'target', 'live_evaluation', 'target_name', e.name) INTO v_about
          FROM live_evaluations l JOIN evaluators e ON e.workspace_id = l.workspace_id AND e.evaluator_id = l.evaluator_id
         WHERE l.workspace_id = one.workspace_id AND l.live_evaluation_id = one.reference;
      END IF;
      v_data := v_data || jsonb_build_object('hard', one.hard, 'prompt', NULL) || coalesce(v_about, '{}');
    END IF;
    IF one.crossed = 0 AND one.warn_nusd IS NOT NULL AND one.reached > 0 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.threshold_crossed' ELSE 'credits.low' END, one.workspace_id, coalesce(one.reference, one.workspace_id)::text, v_data);
    END IF;
    IF one.after = 2 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.exhausted' ELSE 'credits.exhausted' END, one.workspace_id, coalesce(one.reference, one.workspace_id)::text, v_data);
    END IF;
  END LOOP;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;
DROP FUNCTION lock_users_of(bigint, boolean);

RESET ROLE;
SET LOCAL search_path = public;
