-- What was found wrong under load and in large installations: who reads a table for long held up all calls while a day was made or dropped; what a
-- provider counted beyond a hold looked like drift; a fee's refunds were looked for among all charges; an account could be made suspended while its
-- workspace was resumed; and a very long text could not be published. All functions in place, since services go on calling them.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- ACCESS EXCLUSIVE is asked for, and calls queue behind who asks: for no longer than this. What cannot be had now is asked for again in a minute.
-- Not for the whole of ensure_partitions: two that begin at once wait for each other as before.
ALTER PROCEDURE make_day_partitions(text, integer, integer) SET lock_timeout = '50ms';

-- Drops a day of a table. False: somebody reads it, or the whole table; the next round tries again.
CREATE FUNCTION drop_day(p_part text) RETURNS boolean LANGUAGE plpgsql SET search_path = burnish, pg_temp SET lock_timeout = '50ms' AS $$
BEGIN
  EXECUTE format('DROP TABLE %I', p_part);
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RAISE WARNING '% has to wait to be dropped: %', p_part, SQLERRM;
  RETURN false;
END $$;
REVOKE ALL ON FUNCTION drop_day(text) FROM PUBLIC;

-- As in 0010 and 0013, and a day that cannot be dropped now keeps nothing else.
CREATE OR REPLACE FUNCTION forget_days(p_numbers_d integer, p_letters_d integer, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE today date := (clock_timestamp() AT TIME ZONE 'UTC')::date; longest integer; part text; waits boolean := false; n integer; done integer := 0;
BEGIN
  IF p_numbers_d < 1 OR p_letters_d < 1 THEN RAISE EXCEPTION 'retention is at least a day'; END IF;
  IF NOT pg_try_advisory_xact_lock(hashtext('burnish.forget_days')) THEN RETURN 0; END IF;
  SELECT coalesce(max(retention_days_most), 3650) INTO longest FROM plans;
  SELECT d.part INTO part
    FROM (SELECT c.relname AS part, p.relname AS parent, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
           WHERE p.relnamespace = 'burnish'::regnamespace AND p.relname IN ('executions', 'execution_contents', 'execution_facts') AND c.relname ~ '_[0-9]{8}$') d
   WHERE (d.day < today - p_numbers_d OR d.parent = 'execution_contents' AND d.day < today - longest - 1)
     AND NOT EXISTS (SELECT FROM workspaces w WHERE w.legal_hold AND EXISTS (SELECT FROM executions e
           WHERE e.workspace_id = w.workspace_id AND e.execution_id >= day_bound(d.day) AND e.execution_id < day_bound(d.day + 1)))
   ORDER BY d.day, d.part LIMIT 1;
  IF part IS NOT NULL THEN
    IF drop_day(part) THEN RETURN 1; END IF;                       -- without waiting for anything else under its locks
    waits := true;
  END IF;
  DELETE FROM dead_letters WHERE dead_letter_id IN (SELECT l.dead_letter_id FROM dead_letters l WHERE l.at < clock_timestamp() - p_letters_d * interval '1 day' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  -- What has no partition of its own day, and feedback on what is gone.
  FOREACH part IN ARRAY ARRAY['execution_contents', 'execution_facts', 'executions'] LOOP
    EXIT WHEN waits;                                               -- row by row a day that is dropped soon would be a great deal of work
    EXECUTE format('DELETE FROM %1$I WHERE execution_id IN (SELECT x.execution_id FROM %1$I x WHERE x.execution_id < $1
      AND NOT EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = x.workspace_id AND w.legal_hold) ORDER BY x.execution_id LIMIT $2)', part)
      USING day_bound(today - p_numbers_d), p_most;
    GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  END LOOP;
  DELETE FROM feedback WHERE (workspace_id, target_kind, target_id, end_user, kind) IN (SELECT f.workspace_id, f.target_kind, f.target_id, f.end_user, f.kind FROM feedback f
    WHERE f.forgotten_at IS NOT NULL AND f.accepted_at < clock_timestamp() - p_numbers_d * interval '1 day'
      AND NOT EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = f.workspace_id AND w.legal_hold) ORDER BY f.accepted_at LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM feedback_ids WHERE (workspace_id, feedback_id, kind) IN (SELECT i.workspace_id, i.feedback_id, i.kind FROM feedback_ids i
    WHERE i.forgotten_at IS NOT NULL AND i.at < clock_timestamp() - p_numbers_d * interval '1 day'
      AND NOT EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = i.workspace_id AND w.legal_hold) LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  RETURN CASE WHEN waits THEN 0 ELSE done END;                     -- nobody asks again at once, and for the lock with it
END $$;

CREATE OR REPLACE FUNCTION forget_old_webhooks(p_days integer, p_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE last_day date := (clock_timestamp() AT TIME ZONE 'UTC')::date - p_days; part text; n integer; done integer := 0; waits boolean := false;
BEGIN
  IF p_days < 1 THEN RAISE EXCEPTION 'retention is at least a day'; END IF;
  SELECT c.relname INTO part
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
   WHERE p.relnamespace = 'burnish'::regnamespace AND p.relname IN ('webhook_deliveries', 'webhook_attempts')
     AND c.relname ~ '_[0-9]{8}$' AND to_date(right(c.relname, 8), 'YYYYMMDD') < last_day
   ORDER BY right(c.relname, 8), c.relname LIMIT 1;
  IF part IS NOT NULL THEN
    IF drop_day(part) THEN RETURN 1; END IF;                       -- without waiting for anything else under its locks
    waits := true;
  END IF;
  DELETE FROM webhook_deliveries_default WHERE (event_id, endpoint_id) IN
    (SELECT d.event_id, d.endpoint_id FROM webhook_deliveries_default d WHERE d.created_at < last_day LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM webhook_attempts_default WHERE (event_id, endpoint_id, number) IN
    (SELECT a.event_id, a.endpoint_id, a.number FROM webhook_attempts_default a WHERE a.started_at < last_day LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM webhook_replays WHERE replay_id IN (SELECT r.replay_id FROM webhook_replays r WHERE r.requested_at < last_day LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM webhook_ranges WHERE range_id IN (SELECT r.range_id FROM webhook_ranges r WHERE r.finished_at < last_day LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM webhook_endpoint_days WHERE (workspace_id, endpoint_id, day) IN
    (SELECT d.workspace_id, d.endpoint_id, d.day FROM webhook_endpoint_days d WHERE d.day < least(last_day, (clock_timestamp() AT TIME ZONE 'UTC')::date - 90) LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  RETURN CASE WHEN waits THEN 0 ELSE done END;
END $$;

-- As in 0009, of as much text as words of prompts are made of (0042): a tsvector holds 1 MB.
CREATE OR REPLACE FUNCTION marketplace_search(p_name text, p_description text, p_use_case text, p_words text[], p_content text) RETURNS tsvector LANGUAGE sql IMMUTABLE
SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT setweight(to_tsvector(c, p_name), 'A') || setweight(to_tsvector(c, array_to_string(p_words, ' ')), 'A')
      || setweight(to_tsvector(c, p_use_case), 'B') || setweight(to_tsvector(c, p_description), 'B') || setweight(to_tsvector(c, left(p_content, 100000)), 'D')
      || setweight(to_tsvector('simple', p_name), 'A') || setweight(to_tsvector('simple', array_to_string(p_words, ' ')), 'A')
      || setweight(to_tsvector('simple', p_use_case), 'B') || setweight(to_tsvector('simple', p_description), 'B')
    FROM (SELECT 'english'::regconfig AS c) one $$;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

-- As in 0001, and the workspace stays as it is until its account is there: resuming it sees the account, or the account sees it resumed.
CREATE OR REPLACE FUNCTION make_allowance_account(p_ws uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_id bigint;
BEGIN
  INSERT INTO accounts (account_id, workspace_id, kind, reference, limit_nusd, suspended)
  SELECT nextval('account_ids'), w.workspace_id, 11, w.workspace_id, 0, w.suspended_at IS NOT NULL FROM workspaces w
   WHERE w.workspace_id = p_ws AND NOT EXISTS (SELECT FROM accounts a WHERE a.workspace_id = p_ws AND a.reference = p_ws)
   FOR SHARE OF w
  ON CONFLICT (workspace_id, reference) WHERE reference IS NOT NULL DO NOTHING;
  SELECT account_id INTO v_id FROM accounts WHERE workspace_id = p_ws AND reference = p_ws;
  RETURN v_id;
END $$;

CREATE OR REPLACE FUNCTION make_budget_account(p_ws uuid, p_budget uuid, p_limit bigint, p_warn bigint, p_period text, p_hard boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_id bigint;
BEGIN
  INSERT INTO accounts (account_id, workspace_id, kind, reference, limit_nusd, warn_nusd, period, resets_at, hard, suspended)
  SELECT nextval('account_ids'), p_ws, 2, p_budget, p_limit, p_warn, p_period, next_reset(p_period, clock_timestamp()), p_hard, w.suspended_at IS NOT NULL
    FROM workspaces w WHERE w.workspace_id = p_ws FOR SHARE
  ON CONFLICT (workspace_id, reference) WHERE reference IS NOT NULL DO NOTHING;
  SELECT account_id INTO v_id FROM accounts WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2;
  RETURN v_id;
END $$;

-- As in 0001, and what a provider counted beyond the hold: it is booked as overage, and the cost is what was charged (0051).
CREATE OR REPLACE FUNCTION ledger_drift(p_days integer) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT coalesce(sum(abs(d.cost - d.booked)), 0)::bigint
    FROM workspaces w,
         generate_series((clock_timestamp() AT TIME ZONE 'UTC')::date - p_days + 1, (clock_timestamp() AT TIME ZONE 'UTC')::date, interval '1 day') day,
         LATERAL (SELECT (SELECT coalesce(sum(cost_nusd + coalesce((details ->> 'overage_nusd')::bigint, 0)), 0) FROM executions
                           WHERE workspace_id = w.workspace_id AND execution_id >= day_bound(day::date) AND execution_id < day_bound(day::date + 1)) AS cost,
                         (SELECT coalesce(sum(amount_nusd), 0) FROM transfers
                           WHERE workspace_id = w.workspace_id AND execution_id >= day_bound(day::date) AND execution_id < day_bound(day::date + 1) AND kind IN ('charge', 'overage')) AS booked) d $$;

-- As in 0007, by the index of what no execution moved, as refund() reads it.
CREATE OR REPLACE FUNCTION return_fee(p_ws uuid, p_reference text, p_reason text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_fee bigint; v_left bigint;
BEGIN
  SELECT t.transfer_id, t.amount_nusd - coalesce((SELECT sum(c.amount_nusd) FROM transfers c WHERE c.workspace_id = p_ws AND c.execution_id IS NULL AND c.corrects = t.transfer_id), 0)
    INTO v_fee, v_left FROM transfers t WHERE t.workspace_id = p_ws AND t.kind = 'fee' AND t.reference = p_reference;
  IF v_left > 0 THEN PERFORM refund(p_ws, v_fee, v_left, p_reason); END IF;
  RETURN coalesce(v_left, 0);
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
