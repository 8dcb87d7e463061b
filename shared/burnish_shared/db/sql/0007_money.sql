-- Budgets, what each month gave and cost, and the days of usage that are closed.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- The day in UTC that a UUIDv7 was made on: its first 48 bits are milliseconds since 1970 (RFC 9562).
CREATE FUNCTION day_of(p_id uuid) RETURNS date LANGUAGE sql IMMUTABLE   -- without settings of its own, so that PostgreSQL puts it in place
RETURN (date '1970-01-01' + (('x' || substr(replace(p_id::text, '-', ''), 1, 12))::bit(48)::bigint / 86400000)::integer);

-- A limit on what one target may spend in a day or month. The account counts; this row says for whom and how it is shown.
CREATE TABLE budgets (
  budget_id    uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  target_kind  text NOT NULL CHECK (target_kind IN ('workspace', 'api_key', 'prompt', 'end_user')),
  target_id    text NOT NULL CHECK ((target_kind = 'workspace') = (target_id = '')),   -- id of the key or prompt; the caller's own user id
  period       text NOT NULL CHECK (period IN ('day', 'month')),
  limit_nusd   bigint NOT NULL CHECK (limit_nusd BETWEEN 0 AND 1000000000000000),
  warn_percent integer CHECK (warn_percent BETWEEN 1 AND 100),
  hard         boolean NOT NULL,                                   -- false: warns, and lets everything through
  account_id   bigint NOT NULL,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at    timestamptz);
CREATE UNIQUE INDEX ON budgets (workspace_id, target_kind, target_id, period) WHERE closed_at IS NULL;
CREATE INDEX ON budgets (workspace_id, budget_id);
CALL make_tenant_table('budgets', worker => 'SELECT', writer => 'gateway',
  app => 'SELECT, INSERT (budget_id, workspace_id, name, target_kind, target_id, period, limit_nusd, warn_percent, hard, account_id, created_by), UPDATE (name, limit_nusd, warn_percent, hard, closed_at)');

-- What a month's plan cost and gave an organization, booked in its home workspace. The highest fee and credit of the month count.
CREATE TABLE plan_months (
  organization_id  uuid NOT NULL,
  month            date NOT NULL CHECK (extract(day FROM month) = 1),
  workspace_id     uuid NOT NULL,                                  -- the home workspace when it was written
  plan             text NOT NULL,
  base_fee_nusd    bigint NOT NULL,
  base_credit_nusd bigint NOT NULL,                                -- granted so far
  at               timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, month));
CREATE INDEX ON plan_months (workspace_id, month);
CALL make_tenant_table('plan_months', app => 'SELECT', worker => 'SELECT', writer => 'begin_month');
GRANT INSERT, UPDATE ON plan_months TO burnish_lookup;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- The turn of the month. Each organization, each workspace is one transaction of its own, so that no two accounts are ever locked together.

-- Gives back what is left of a fee. Safe to repeat. Returns what was given back.
CREATE FUNCTION return_fee(p_ws uuid, p_reference text, p_reason text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_fee bigint; v_left bigint;
BEGIN
  SELECT t.transfer_id, t.amount_nusd - coalesce((SELECT sum(c.amount_nusd) FROM transfers c WHERE c.workspace_id = p_ws AND c.corrects = t.transfer_id), 0)
    INTO v_fee, v_left FROM transfers t WHERE t.workspace_id = p_ws AND t.kind = 'fee' AND t.reference = p_reference;
  IF v_left > 0 THEN PERFORM refund(p_ws, v_fee, v_left, p_reason); END IF;
  RETURN coalesce(v_left, 0);
END $$;

CREATE FUNCTION this_month() RETURNS date LANGUAGE sql STABLE SET search_path = burnish, pg_temp
RETURN date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date;

-- Was the workspace erased, or is it being erased? Nothing more is billed to it or given to it. Erasures are a table of 0010.
CREATE FUNCTION is_erased(p_ws uuid) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM workspace_erasures e WHERE e.workspace_id = p_ws);
END $$;

-- Organizations that have not been given what their plan gives in this month. Not those whose home is erased; those whose home is suspended wait.
CREATE FUNCTION organizations_due(p_month date, p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT o.organization_id FROM organizations o JOIN plans p USING (plan) JOIN workspaces w ON w.workspace_id = o.home_workspace_id
    LEFT JOIN plan_months m ON m.organization_id = o.organization_id AND m.month = p_month
   WHERE (m.month IS NULL OR m.base_credit_nusd < CASE WHEN o.brings_credit THEN p.base_credit_nusd ELSE 0 END OR m.base_fee_nusd < p.base_fee_nusd)
     AND w.suspended_at IS NULL AND NOT is_erased(w.workspace_id)
   ORDER BY o.organization_id LIMIT p_most $$;

-- Books the base fee and grants the base credit of a month; after a change of plan the difference upwards. Safe to repeat. Returns what was granted.
-- Nothing while the home workspace is suspended, and nothing any more once it is erased.
CREATE FUNCTION begin_month(p_organization uuid, p_month date) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v record; v_had plan_months; v_due bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.month'), hashtext(p_organization::text));
  SELECT w.workspace_id AS ws, w.credit_account_id AS account, o.plan, p.base_fee_nusd AS fee, CASE WHEN o.brings_credit THEN p.base_credit_nusd ELSE 0 END AS credit INTO v
    FROM organizations o JOIN plans p USING (plan) JOIN workspaces w ON w.workspace_id = o.home_workspace_id
   WHERE o.organization_id = p_organization AND w.suspended_at IS NULL AND NOT is_erased(w.workspace_id);
  IF NOT FOUND THEN RETURN 0; END IF;
  SELECT * INTO v_had FROM plan_months WHERE organization_id = p_organization AND month = p_month;
  v_due := greatest(v.credit - coalesce(v_had.base_credit_nusd, 0), 0);
  IF v_had.month IS NOT NULL AND v_due = 0 AND v.fee <= v_had.base_fee_nusd THEN RETURN 0; END IF;
  IF v_due > 0 THEN
    PERFORM add_credit(v.ws, v.account, 'base_grant', v_due, to_char(p_month, 'YYYY-MM') || ':' || v.credit, 'base credit of ' || to_char(p_month, 'YYYY-MM'));
  END IF;
  INSERT INTO plan_months AS m (organization_id, month, workspace_id, plan, base_fee_nusd, base_credit_nusd) VALUES (p_organization, p_month, v.ws, v.plan, v.fee, v.credit)
  ON CONFLICT (organization_id, month) DO UPDATE SET plan = excluded.plan, base_fee_nusd = greatest(m.base_fee_nusd, excluded.base_fee_nusd),
    base_credit_nusd = greatest(m.base_credit_nusd, excluded.base_credit_nusd), at = clock_timestamp();
  RETURN v_due;
END $$;

CREATE FUNCTION allowance_given(p_ws uuid, p_month date) RETURNS bigint LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT sum(t.amount_nusd)::bigint FROM transfers t WHERE t.workspace_id = p_ws AND t.kind = 'allowance' AND t.reference >= to_char(p_month, 'YYYY-MM')
     AND t.reference < to_char(p_month + interval '1 month', 'YYYY-MM') $$;

-- What the plan gives this workspace in a month of free use: all of it to the organization's home workspace, nothing to others. NULL: it has no turn, being suspended or erased.
CREATE FUNCTION allowance_of(p_ws uuid) RETURNS bigint LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT CASE WHEN o.brings_credit AND o.home_workspace_id = w.workspace_id THEN p.platform_allowance_nusd ELSE 0 END
    FROM workspaces w JOIN organizations o USING (organization_id) JOIN plans p USING (plan)
   WHERE w.workspace_id = p_ws AND w.suspended_at IS NULL AND NOT is_erased(w.workspace_id) $$;

-- Workspaces whose free use of the operator's keys has not had its turn in this month, or whose plan gives more by now.
CREATE FUNCTION allowances_due(p_month date, p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id FROM workspaces w, LATERAL (SELECT allowance_of(w.workspace_id) AS gives) x
   WHERE x.gives > 0 AND x.gives > coalesce(allowance_given(w.workspace_id, p_month), 0)
      OR x.gives IS NOT NULL AND EXISTS (SELECT FROM accounts a WHERE a.workspace_id = w.workspace_id AND a.kind = 11 AND a.limit_nusd - a.spent_nusd - a.held_nusd > 0
                   AND NOT EXISTS (SELECT FROM transfers t WHERE t.workspace_id = w.workspace_id AND t.kind IN ('allowance', 'allowance_expired')
                                      AND t.reference = to_char(p_month, 'YYYY-MM')))
   ORDER BY w.workspace_id LIMIT p_most $$;

-- What is left of the last month expires, this month's is given; after a change of plan the difference upwards. Safe to repeat. Returns whether anything moved.
CREATE FUNCTION begin_allowance(p_ws uuid, p_month date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_account bigint; v_gives bigint; v_given bigint; v_moved boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.allowance'), hashtext(p_ws::text));
  v_gives := allowance_of(p_ws);
  IF v_gives IS NULL OR v_gives = 0 AND NOT EXISTS (SELECT FROM accounts a WHERE a.workspace_id = p_ws AND a.kind = 11) THEN RETURN false; END IF;
  v_account := make_allowance_account(p_ws);
  v_moved := renew_allowance(p_ws, v_account, v_gives, to_char(p_month, 'YYYY-MM'));
  v_given := coalesce(allowance_given(p_ws, p_month), 0);
  IF v_given < v_gives THEN
    PERFORM add_credit(p_ws, v_account, 'allowance', v_gives - v_given, to_char(p_month, 'YYYY-MM') || ':' || v_gives, NULL);
    v_moved := true;
  END IF;
  IF v_moved THEN PERFORM note_change(p_ws, 'workspace', p_ws::text); END IF;
  RETURN v_moved;
END $$;

-- The operator chooses an organization's plan, and with it that it brings what the plan gives. No row: there is no such organization. The caller notes the change.
CREATE FUNCTION set_plan(p_organization uuid, p_plan text) RETURNS TABLE (before text, home_workspace_id uuid, granted_nusd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  SELECT o.plan, o.home_workspace_id INTO before, home_workspace_id FROM organizations o WHERE o.organization_id = p_organization FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE organizations o SET plan = p_plan, brings_credit = true WHERE o.organization_id = p_organization;
  granted_nusd := begin_month(p_organization, this_month());
  RETURN NEXT;
END $$;
GRANT UPDATE (plan) ON organizations TO burnish_lookup;

CALL make_lookup_function('organizations_due(date, integer)', app => false, worker => true);
CALL make_lookup_function('begin_month(uuid, date)', app => false, worker => true);
CALL make_lookup_function('allowances_due(date, integer)', app => false, worker => true);
CALL make_lookup_function('begin_allowance(uuid, date)', app => false, worker => true);
CALL make_lookup_function('return_fee(uuid, text, text)', app => false, worker => true);
CALL make_lookup_function('set_plan(uuid, text)', app => true, worker => false);

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Usage and ledger by day.

-- Closed days of usage, by the day of admission. End users stand apart: they are forgotten with the workspace's texts.
CREATE TABLE usage_closings (
  workspace_id uuid PRIMARY KEY,
  through      date NOT NULL,                                      -- this day and all before it
  at           timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_tenant_table('usage_closings', app => 'SELECT', worker => 'SELECT', writer => 'close_usage_days');
GRANT INSERT, UPDATE ON usage_closings TO burnish_lookup;

CREATE TABLE usage_days (
  workspace_id        uuid NOT NULL,
  day                 date NOT NULL,
  api_key             text NOT NULL,                               -- '' where there is none, as in all that follow
  prompt              text NOT NULL,
  model               text NOT NULL,
  provider            text NOT NULL,
  provider_key        text NOT NULL,
  key_source          text NOT NULL,
  lane                text NOT NULL,
  executions          bigint NOT NULL,
  successes           bigint NOT NULL,
  input_tokens        bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  output_tokens       bigint NOT NULL,
  cost_nusd           bigint NOT NULL,
  markup_nusd         bigint NOT NULL,
  loss_nusd           bigint NOT NULL,                             -- of the cost: what the platform bore
  PRIMARY KEY (workspace_id, day, api_key, prompt, model, provider, provider_key, key_source, lane));
CALL make_tenant_table('usage_days', app => 'SELECT', worker => 'SELECT', writer => 'close_usage_days');
GRANT INSERT ON usage_days TO burnish_lookup;

CREATE TABLE usage_user_days (
  workspace_id        uuid NOT NULL,
  day                 date NOT NULL,
  end_user            text NOT NULL,
  executions          bigint NOT NULL,
  successes           bigint NOT NULL,
  input_tokens        bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  output_tokens       bigint NOT NULL,
  cost_nusd           bigint NOT NULL,
  markup_nusd         bigint NOT NULL,
  loss_nusd           bigint NOT NULL,
  PRIMARY KEY (workspace_id, day, end_user));
CREATE INDEX ON usage_user_days (workspace_id, end_user);
CALL make_tenant_table('usage_user_days', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE, DELETE', writer => 'close_usage_days');
GRANT INSERT, UPDATE, DELETE ON usage_user_days TO burnish_lookup;

-- The ledger of closed days: charges by the day of admission, everything else by the day it was booked.
CREATE TABLE ledger_days (
  workspace_id uuid NOT NULL,
  day          date NOT NULL,
  kind         text NOT NULL,
  debit        text NOT NULL,                                      -- credit | allowance | job | platform
  credit       text NOT NULL,
  transfers    bigint NOT NULL,
  amount_nusd  bigint NOT NULL,
  PRIMARY KEY (workspace_id, day, kind, debit, credit));
CALL make_tenant_table('ledger_days', app => 'SELECT', worker => 'SELECT', writer => 'close_usage_days');
GRANT INSERT ON ledger_days TO burnish_lookup;
CREATE INDEX transfers_unexecuted ON transfers (workspace_id, at) WHERE execution_id IS NULL;
CREATE INDEX transfers_overage ON transfers (workspace_id, execution_id) WHERE kind = 'overage';

-- What happened between two days, both included, read from the rows themselves: for days that are not closed, and to close them.
-- Row-level security is the caller's.
CREATE FUNCTION usage_between(p_ws uuid, p_from date, p_to date) RETURNS TABLE (day date, api_key text, prompt text, model text, provider text, provider_key text,
  key_source text, lane text, end_user text, executions bigint, successes bigint, input_tokens bigint, cached_input_tokens bigint, output_tokens bigint,
  cost_nusd bigint, markup_nusd bigint, loss_nusd bigint)
LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT day_of(e.execution_id), coalesce(e.api_key_id::text, ''), coalesce(e.slug, ''), e.model, e.provider, coalesce(e.provider_key_id::text, ''),
         coalesce(e.key_source, ''), e.lane, coalesce(e.end_user, ''), count(*), count(*) FILTER (WHERE e.status = 'success'),
         sum(e.input_tokens)::bigint, sum(e.cached_input_tokens)::bigint, sum(e.output_tokens)::bigint, sum(e.cost_nusd)::bigint, sum(e.markup_nusd)::bigint,
         coalesce(sum(t.amount_nusd), 0)::bigint
    FROM executions e LEFT JOIN transfers t ON t.workspace_id = e.workspace_id AND t.execution_id = e.execution_id AND t.kind = 'overage'
         AND t.execution_id >= day_bound(p_from) AND t.execution_id < day_bound(p_to + 1)
   WHERE e.workspace_id = p_ws AND e.execution_id >= day_bound(p_from) AND e.execution_id < day_bound(p_to + 1)
   GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 $$;

CREATE FUNCTION account_word(p_kind smallint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_kind = 3 THEN 'credit' WHEN p_kind = 4 THEN 'job' WHEN p_kind = 11 THEN 'allowance' ELSE 'platform' END;

CREATE FUNCTION ledger_between(p_ws uuid, p_from date, p_to date) RETURNS TABLE (day date, kind text, debit text, credit text, transfers bigint, amount_nusd bigint)
LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT x.day, x.kind, account_word(d.kind), account_word(c.kind), sum(x.n)::bigint, sum(x.amount)::bigint
    FROM (SELECT day_of(t.execution_id) AS day, t.kind, t.debit_account_id, t.credit_account_id, count(*) AS n, sum(t.amount_nusd) AS amount FROM transfers t
           WHERE t.workspace_id = p_ws AND t.execution_id >= day_bound(p_from) AND t.execution_id < day_bound(p_to + 1) GROUP BY 1, 2, 3, 4
          UNION ALL
          SELECT (t.at AT TIME ZONE 'UTC')::date, t.kind, t.debit_account_id, t.credit_account_id, count(*), sum(t.amount_nusd) FROM transfers t
           WHERE t.workspace_id = p_ws AND t.execution_id IS NULL AND t.at >= p_from::timestamp AT TIME ZONE 'UTC'
             AND t.at < (p_to + 1)::timestamp AT TIME ZONE 'UTC' GROUP BY 1, 2, 3, 4) x
    LEFT JOIN accounts d ON d.account_id = x.debit_account_id AND d.workspace_id = p_ws
    LEFT JOIN accounts c ON c.account_id = x.credit_account_id AND c.workspace_id = p_ws
   GROUP BY 1, 2, 3, 4 $$;

-- Workspaces with days up to p_through that are not closed; who was looked at longest ago first.
CREATE FUNCTION usage_days_due(p_through date, p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id FROM workspaces w LEFT JOIN usage_closings c USING (workspace_id)
   WHERE coalesce(c.through, '-infinity') < p_through ORDER BY coalesce(c.at, '-infinity'), w.workspace_id LIMIT p_most $$;

-- Closes days of a workspace up to p_through, at most so many, where nothing of them can change any more: no hold with an id of that day is left,
-- and no job that was begun by then is open (it sends its evaluations again under the ids that they had). Returns how many days it closed.
CREATE FUNCTION close_usage_days(p_ws uuid, p_through date, p_most_days integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_through date; v_from date; v_to date; v_open date;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.usage'), hashtext(p_ws::text));
  SELECT through INTO v_through FROM usage_closings WHERE workspace_id = p_ws;
  v_from := coalesce(v_through + 1, least(
    (SELECT (w.created_at AT TIME ZONE 'UTC')::date FROM workspaces w WHERE w.workspace_id = p_ws),
    (SELECT day_of(e.execution_id) FROM executions e WHERE e.workspace_id = p_ws ORDER BY e.execution_id LIMIT 1),
    (SELECT (min(t.at) AT TIME ZONE 'UTC')::date FROM transfers t WHERE t.workspace_id = p_ws AND t.execution_id IS NULL)));
  v_open := least((SELECT min(day_of(h.execution_id)) FROM holds h WHERE h.workspace_id = p_ws),
                  (SELECT min(day_of(a.reference)) FROM accounts a WHERE a.workspace_id = p_ws AND a.kind = 4 AND NOT a.closing));
  v_to := least(p_through, v_open - 1, v_from + p_most_days - 1);
  IF v_to >= v_from THEN
    WITH u AS MATERIALIZED (SELECT * FROM usage_between(p_ws, v_from, v_to)),
    by_user AS (
      INSERT INTO usage_user_days
      SELECT p_ws, u.day, u.end_user, sum(u.executions), sum(u.successes), sum(u.input_tokens), sum(u.cached_input_tokens), sum(u.output_tokens),
             sum(u.cost_nusd), sum(u.markup_nusd), sum(u.loss_nusd) FROM u GROUP BY 2, 3)
    INSERT INTO usage_days
    SELECT p_ws, u.day, u.api_key, u.prompt, u.model, u.provider, u.provider_key, u.key_source, u.lane, sum(u.executions), sum(u.successes),
           sum(u.input_tokens), sum(u.cached_input_tokens), sum(u.output_tokens), sum(u.cost_nusd), sum(u.markup_nusd), sum(u.loss_nusd)
      FROM u GROUP BY 2, 3, 4, 5, 6, 7, 8, 9;
    INSERT INTO ledger_days SELECT p_ws, l.* FROM ledger_between(p_ws, v_from, v_to) l;
  END IF;
  INSERT INTO usage_closings (workspace_id, through) VALUES (p_ws, least(greatest(v_to, v_from - 1), p_through))
  ON CONFLICT (workspace_id) DO UPDATE SET through = excluded.through, at = clock_timestamp();
  RETURN greatest(v_to - v_from + 1, 0);
END $$;

-- Forgets end users in closed days before a day: their figures move to the row without a user, so that the sums stay. Returns how many rows were folded.
CREATE FUNCTION fold_usage_users(p_ws uuid, p_before date) RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH gone AS (
    DELETE FROM usage_user_days u WHERE u.workspace_id = p_ws AND u.end_user <> '' AND u.day < p_before RETURNING *),
  kept AS (
    INSERT INTO usage_user_days AS k (workspace_id, day, end_user, executions, successes, input_tokens, cached_input_tokens, output_tokens, cost_nusd, markup_nusd, loss_nusd)
    SELECT p_ws, day, '', sum(executions), sum(successes), sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(cost_nusd), sum(markup_nusd), sum(loss_nusd)
      FROM gone GROUP BY day
    ON CONFLICT (workspace_id, day, end_user) DO UPDATE SET executions = k.executions + excluded.executions, successes = k.successes + excluded.successes,
      input_tokens = k.input_tokens + excluded.input_tokens, cached_input_tokens = k.cached_input_tokens + excluded.cached_input_tokens,
      output_tokens = k.output_tokens + excluded.output_tokens, cost_nusd = k.cost_nusd + excluded.cost_nusd, markup_nusd = k.markup_nusd + excluded.markup_nusd,
      loss_nusd = k.loss_nusd + excluded.loss_nusd)
  SELECT count(*)::integer FROM gone $$;

CALL make_lookup_function('usage_days_due(date, integer)', app => false, worker => true);
CALL make_lookup_function('close_usage_days(uuid, date, integer)', app => false, worker => true);
CALL make_lookup_function('fold_usage_users(uuid, date)', app => false, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
