SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION pass_marks(text, bigint[], smallint);
CREATE FUNCTION pass_marks(p_service text, p_accounts bigint[], p_least smallint) RETURNS void LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE one record; v_data jsonb;
BEGIN
  FOR one IN SELECT a.*, c.reached, greatest(c.reached, p_least) AS after FROM accounts a, LATERAL (SELECT crossing(a.kind, a.limit_nusd, a.spent_nusd, a.warn_nusd) AS reached) c
              WHERE a.account_id = ANY (p_accounts) AND a.crossed < greatest(c.reached, p_least) ORDER BY a.account_id LOOP
    UPDATE accounts SET crossed = one.after WHERE account_id = one.account_id;
    v_data := jsonb_build_object('account_id', one.account_id, 'budget_id', CASE WHEN one.kind = 2 THEN one.reference END, 'limit_nusd', one.limit_nusd,
      'spent_nusd', one.spent_nusd, 'available_nusd', greatest(one.limit_nusd - one.spent_nusd - one.held_nusd, 0), 'period', one.period,
      'resets_at', to_char(one.resets_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
    IF one.kind = 2 THEN                                               -- a budget of a prompt says which, so that filters match
      v_data := v_data || jsonb_build_object('prompt', (SELECT p.slug FROM budgets b JOIN prompts p ON p.workspace_id = b.workspace_id AND p.prompt_id::text = b.target_id
        WHERE b.workspace_id = one.workspace_id AND b.budget_id = one.reference AND b.target_kind = 'prompt'));
    END IF;
    IF one.crossed = 0 AND one.warn_nusd IS NOT NULL AND one.reached > 0 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.threshold_crossed' ELSE 'credits.low' END, one.workspace_id, coalesce(one.reference, one.workspace_id)::text, v_data);
    END IF;
    IF one.after = 2 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.exhausted' ELSE 'credits.exhausted' END, one.workspace_id, coalesce(one.reference, one.workspace_id)::text, v_data);
    END IF;
  END LOOP;
END $$;
CALL make_lookup_function('pass_marks(text, bigint[], smallint)', app => false, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
