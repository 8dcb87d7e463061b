-- Batches: many requests, each an execution on the batch lane, paid from the batch's own account (optimizer/run_batch.py). And what lets go of
-- executions before they begin: comparisons that are held for as a whole or not at all, background executions that are cancelled in their queue.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE files (                                               -- what was uploaded for a batch; its lines are copied into the batch
  file_id      uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  purpose      text NOT NULL CHECK (purpose IN ('batch')),
  size_bytes   integer NOT NULL CHECK (size_bytes >= 0),
  content      bytea NOT NULL,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at   timestamptz NOT NULL);
CREATE INDEX files_newest ON files (workspace_id, file_id DESC);
CALL make_tenant_table('files', app => 'SELECT, INSERT, DELETE', worker => '', writer => 'gateway');

CREATE TABLE batches (
  batch_id           uuid PRIMARY KEY,
  workspace_id       uuid NOT NULL REFERENCES workspaces,
  name               text CHECK (length(name) BETWEEN 1 AND 200),
  endpoint           text NOT NULL CHECK (endpoint IN ('/v1/executions', '/v1/chat/completions')),
  input_file_id      uuid,                                         -- as it was named; the file may be gone
  metadata           jsonb NOT NULL DEFAULT '{}',
  status             text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled', 'expired')),
  pause_requested    boolean NOT NULL DEFAULT false,
  pause_reason       text CHECK (pause_reason IN ('asked', 'funds', 'budget', 'suspended', 'refused')),
  cancel_requested   boolean NOT NULL DEFAULT false,
  total              integer NOT NULL CHECK (total > 0),
  succeeded          integer NOT NULL DEFAULT 0,
  failed             integer NOT NULL DEFAULT 0,                   -- with those that were never valid
  most_nusd          bigint NOT NULL CHECK (most_nusd >= 0),       -- what all of it could cost
  set_aside_nusd     bigint NOT NULL CHECK (set_aside_nusd >= 0),  -- what was moved into its account
  spent_nusd         bigint NOT NULL DEFAULT 0,
  funding_account_id bigint,                                       -- NULL: no line was valid
  simulated          boolean NOT NULL DEFAULT false,
  error              jsonb,
  fence              integer NOT NULL DEFAULT 0,                   -- grows with each claim: who holds an older one writes nothing any more
  leased_by          text,
  leased_until       timestamptz,
  turn_at            timestamptz,                                  -- when it was last claimed: whoever waited longest is next
  created_by         text NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at         timestamptz,
  stopping_at        timestamptz,                                  -- when it was asked to cancel
  finished_at        timestamptz,
  expires_at         timestamptz NOT NULL,
  hops               integer NOT NULL DEFAULT 0,
  UNIQUE (workspace_id, batch_id));
CREATE INDEX batches_newest ON batches (workspace_id, batch_id DESC);
CREATE INDEX batches_open ON batches (batch_id) WHERE status IN ('pending', 'running', 'paused');
CALL make_tenant_table('batches', worker => 'SELECT, UPDATE', writer => 'optimizer; the gateway inserts, pauses, resumes and asks to cancel',
  app => 'SELECT, INSERT, UPDATE (status, pause_requested, pause_reason, cancel_requested, stopping_at, set_aside_nusd)');

-- The checkpoint: the execution id is chosen once and written before it is published, so whoever goes on after a crash finds the answer in the books.
CREATE TABLE batch_lines (
  workspace_id uuid NOT NULL,
  batch_id     uuid NOT NULL,
  line         integer NOT NULL CHECK (line >= 0),                 -- in the order of the results
  custom_id    text CHECK (length(custom_id) BETWEEN 1 AND 200),
  model        text,
  request      text,                                               -- the rendered request as JSON; NULL: not needed any more, or never valid
  hold_nusd    bigint NOT NULL DEFAULT 0 CHECK (hold_nusd >= 0),
  execution_id uuid,                                               -- NULL: never sent
  attempt      smallint NOT NULL DEFAULT 1,
  status       text,                                               -- of its execution; 'invalid': it never could run; 'unsent': the batch ended before
  error        jsonb,                                              -- where no execution says why
  spent_nusd   bigint NOT NULL DEFAULT 0,                          -- all attempts together
  answered_at  timestamptz,
  PRIMARY KEY (workspace_id, batch_id, line),
  FOREIGN KEY (workspace_id, batch_id) REFERENCES batches (workspace_id, batch_id) ON DELETE CASCADE);
CREATE INDEX batch_lines_open ON batch_lines (workspace_id, batch_id, line) WHERE status IS NULL;
CALL make_tenant_table('batch_lines', app => 'SELECT, INSERT', worker => 'SELECT, UPDATE', writer => 'optimizer; the gateway inserts');

-- Batches that nobody works on, of those workspaces first that have the fewest under way, and who waited longest first.
-- A paused one only to end it: it was cancelled, or its time is over.
CREATE FUNCTION claim_batches(p_worker text, p_lease_s integer, p_most integer)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH busy AS (
    SELECT b.workspace_id AS ws, count(*) AS n FROM batches b WHERE b.status = 'running' AND b.leased_until >= clock_timestamp() GROUP BY 1),
  due AS (
    SELECT b.batch_id AS one FROM batches b LEFT JOIN busy ON busy.ws = b.workspace_id
     WHERE (b.status IN ('pending', 'running') OR b.status = 'paused' AND (b.cancel_requested OR b.expires_at < clock_timestamp()))
       AND (b.leased_until IS NULL OR b.leased_until < clock_timestamp())
     ORDER BY NOT b.cancel_requested, coalesce(busy.n, 0), b.turn_at NULLS FIRST, b.batch_id LIMIT p_most FOR UPDATE OF b SKIP LOCKED)
  UPDATE batches b SET status = 'running', fence = b.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second',
         turn_at = clock_timestamp(), started_at = coalesce(b.started_at, clock_timestamp())
    FROM due WHERE b.batch_id = due.one RETURNING 'batch'::text, b.batch_id, b.workspace_id, b.fence;
END $$;
CREATE FUNCTION batches_wait() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT EXISTS (SELECT FROM batches b WHERE b.status IN ('pending', 'running') AND (b.leased_until IS NULL OR b.leased_until < clock_timestamp())) $$;
CREATE FUNCTION release_batches(p_worker text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer;
BEGIN
  UPDATE batches SET leased_until = NULL WHERE leased_by = p_worker AND status = 'running';
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
GRANT UPDATE ON batches TO burnish_lookup;
CALL make_lookup_function('claim_batches(text, integer, integer)', app => false, worker => true);
CALL make_lookup_function('batches_wait()', app => false, worker => true);
CALL make_lookup_function('release_batches(text)', app => false, worker => true);

-- More credit for a job's account that is open. False: there is not enough, or it is closing. In the caller's transaction.
CREATE FUNCTION add_funding(p_ws uuid, p_account bigint, p_amount bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_credit bigint; v_free bigint;
BEGIN
  IF p_amount <= 0 OR p_amount > 1000000000000000 THEN RAISE EXCEPTION 'amount out of range' USING ERRCODE = 'numeric_value_out_of_range'; END IF;
  SELECT parent_account_id INTO v_credit FROM accounts WHERE account_id = p_account AND workspace_id = p_ws AND kind = 4;
  IF v_credit IS NULL THEN RETURN false; END IF;
  PERFORM 1 FROM accounts WHERE account_id IN (p_account, v_credit) ORDER BY account_id FOR NO KEY UPDATE;
  v_free := free_of(p_ws, v_credit, 3::smallint);
  IF v_free IS NULL OR v_free < p_amount OR free_of(p_ws, p_account, 4::smallint) < 0 THEN RETURN false; END IF;
  PERFORM take(v_credit, p_amount), give(p_account, p_amount), post(p_ws, 'funding', v_credit, p_account, p_amount, NULL, NULL, NULL);
  RETURN true;
END $$;
CALL make_lookup_function('add_funding(uuid, bigint, bigint)', app => true, worker => false);

-- Lets go of executions that were admitted and given to nobody: as if they had never been asked for, save that rates have counted them.
CREATE FUNCTION withdraw(p_exec uuid[], p_ws uuid, p_route text, p_keys text[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_ids uuid[]; v_accounts bigint[];
BEGIN
  SELECT array_agg(l.execution_id) INTO v_ids FROM (
    SELECT execution_id FROM holds WHERE execution_id = ANY (p_exec) AND workspace_id = p_ws AND fence = 1 AND lane = 'interactive' ORDER BY execution_id FOR UPDATE) l;
  IF v_ids IS NULL THEN RETURN 0; END IF;
  SELECT array_agg(DISTINCT a.id) INTO v_accounts FROM holds h, unnest(h.account_ids || h.slot_account_id) a(id) WHERE h.execution_id = ANY (v_ids);
  PERFORM 1 FROM accounts WHERE account_id = ANY (v_accounts) ORDER BY account_id FOR NO KEY UPDATE;
  WITH gone AS (DELETE FROM holds WHERE execution_id = ANY (v_ids) RETURNING amount_nusd, account_ids, slot_account_id)
  UPDATE accounts a SET held_nusd = held_nusd - d.h, in_flight = in_flight - d.s
    FROM (SELECT u.id, sum(u.h)::bigint AS h, sum(u.s)::integer AS s
            FROM (SELECT p.id, amount_nusd AS h, 0 AS s FROM gone, unnest(account_ids) p(id)
                  UNION ALL SELECT slot_account_id, 0, 1 FROM gone WHERE slot_account_id IS NOT NULL) u GROUP BY u.id) d
   WHERE a.account_id = d.id;
  DELETE FROM idempotency_keys WHERE workspace_id = p_ws AND route = p_route AND key = ANY (p_keys) AND execution_id = ANY (v_ids);
  RETURN cardinality(v_ids);
END $$;
CALL make_lookup_function('withdraw(uuid[], uuid, text, text[])', app => true, worker => false);

-- Ends a background execution that nobody has begun. False: it is under way, has ended, or was never there.
CREATE FUNCTION cancel_queued(p_exec uuid, p_ws uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_made uuid[];
BEGIN
  PERFORM 1 FROM holds WHERE execution_id = p_exec AND workspace_id = p_ws AND lane = 'background' AND fence = 1 FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  v_made := settle(ARRAY[ended_without_answer(p_exec, p_ws, 1, 'background', 'cancelled', 'cancelled', 'It was cancelled before it began.')],
                   'executor', 'cancelled:' || p_exec::text);
  RETURN cardinality(v_made) > 0;
END $$;
CALL make_lookup_function('cancel_queued(uuid, uuid)', app => true, worker => false);

-- Files whose time is over, and lines of batches that ended before the workspace's days: names that customers gave may name persons. 0: all done.
CREATE FUNCTION forget_batches(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; done integer := 0; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  DELETE FROM files f WHERE f.workspace_id = p_ws AND f.file_id IN (
    SELECT x.file_id FROM files x WHERE x.workspace_id = p_ws AND (x.expires_at < clock_timestamp() OR x.created_at < cutoff) LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM batch_lines l WHERE l.workspace_id = p_ws AND (l.batch_id, l.line) IN (
    SELECT x.batch_id, x.line FROM batches b JOIN batch_lines x USING (workspace_id, batch_id)
     WHERE b.workspace_id = p_ws AND b.finished_at < cutoff LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;

-- Of the person of an erasure: lines that wait and are about them, with the names that they were given; and uploaded files, which may hold them
-- (what a batch needs of them it has copied). Up to p_most lines; 0: all done.
CREATE FUNCTION erase_batches(p_erasure uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; n integer; done integer := 0; v_inner bytea; v_outer bytea;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL THEN RETURN 0; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  DELETE FROM files f WHERE f.workspace_id = e.workspace_id AND f.created_at < e.requested_at;
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  WITH hits AS (
    SELECT l.batch_id, l.line FROM batch_lines l JOIN batches b USING (workspace_id, batch_id)
     WHERE l.workspace_id = e.workspace_id AND l.status IS NULL AND b.created_at < e.requested_at
       AND keyed_hash(v_inner, v_outer, l.request::jsonb #>> '{caller,user_id}') = e.subject_digest LIMIT p_most),
  gone AS (
    UPDATE batch_lines l SET status = 'unsent', request = NULL, custom_id = NULL, answered_at = clock_timestamp(),
           error = '{"code": "erased", "message": "The person whom this was about was erased."}'
      FROM hits h WHERE l.workspace_id = e.workspace_id AND l.batch_id = h.batch_id AND l.line = h.line AND l.status IS NULL RETURNING l.batch_id)
  UPDATE batches b SET failed = b.failed + g.n FROM (SELECT batch_id, count(*)::integer AS n FROM gone GROUP BY 1) g
   WHERE b.workspace_id = e.workspace_id AND b.batch_id = g.batch_id;
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  IF done > 0 THEN UPDATE erasures SET counts = erased(counts, 'batches', done) WHERE erasure_id = p_erasure; END IF;
  RETURN done;
END $$;
REVOKE ALL ON FUNCTION forget_batches(uuid, integer), erase_batches(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_batches(uuid, integer), erase_batches(uuid, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
