-- A month's statement names the plan whose base fee it shows: of several the one of the highest fee, of equal ones the last. It named the first of
-- equal ones, and a cheaper one where that gave more base credit.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

CREATE OR REPLACE FUNCTION begin_month(p_organization uuid, p_month date) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v record; v_had plan_months; v_due bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.month'), hashtext(p_organization::text));
  SELECT w.workspace_id AS ws, w.credit_account_id AS account, o.plan, p.base_fee_nusd AS fee, CASE WHEN o.brings_credit THEN p.base_credit_nusd ELSE 0 END AS credit INTO v
    FROM organizations o JOIN plans p USING (plan) JOIN workspaces w ON w.workspace_id = o.home_workspace_id
   WHERE o.organization_id = p_organization AND w.suspended_at IS NULL AND NOT is_erased(w.workspace_id);
  IF NOT FOUND THEN RETURN 0; END IF;
  SELECT * INTO v_had FROM plan_months WHERE organization_id = p_organization AND month = p_month;
  v_due := greatest(v.credit - coalesce(v_had.base_credit_nusd, 0), 0);
  IF v_had.month IS NOT NULL AND v_due = 0 AND (v.fee < v_had.base_fee_nusd OR v.fee = v_had.base_fee_nusd AND v.plan = v_had.plan) THEN RETURN 0; END IF;
  IF v_due > 0 THEN
    PERFORM add_credit(v.ws, v.account, 'base_grant', v_due, to_char(p_month, 'YYYY-MM') || ':' || v.credit, 'base credit of ' || to_char(p_month, 'YYYY-MM'));
  END IF;
  INSERT INTO plan_months AS m (organization_id, month, workspace_id, plan, base_fee_nusd, base_credit_nusd) VALUES (p_organization, p_month, v.ws, v.plan, v.fee, v.credit)
  ON CONFLICT (organization_id, month) DO UPDATE SET plan = CASE WHEN excluded.base_fee_nusd >= m.base_fee_nusd THEN excluded.plan ELSE m.plan END,
    base_fee_nusd = greatest(m.base_fee_nusd, excluded.base_fee_nusd),
    base_credit_nusd = greatest(m.base_credit_nusd, excluded.base_credit_nusd), at = clock_timestamp();
  RETURN v_due;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
