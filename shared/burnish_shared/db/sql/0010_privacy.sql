-- Retention and erasure. Both run as the owner, one bounded batch a call: rows of the books and of the registry are otherwise append-only, and
-- no service has the right to change them. What may be forgotten these functions read from the tables themselves (the workspace's days, a row
-- in `erasures`), never from an argument.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE feedback ADD COLUMN forgotten_at timestamptz;                -- text and person are gone; what it counts stays
ALTER TABLE feedback_ids ADD COLUMN forgotten_at timestamptz;
ALTER TABLE test_runs ADD COLUMN forgotten_at timestamptz;               -- the answers among its failed cases are gone
CREATE INDEX feedback_to_forget ON feedback (workspace_id, accepted_at, feedback_id) WHERE forgotten_at IS NULL;
CREATE INDEX feedback_forgotten ON feedback (accepted_at) WHERE forgotten_at IS NOT NULL;
CREATE INDEX feedback_ids_forgotten ON feedback_ids (at) WHERE forgotten_at IS NOT NULL;
CREATE INDEX feedback_history_by_time ON feedback_history (workspace_id, accepted_at);
CREATE INDEX evaluations_to_forget ON evaluations (workspace_id, answered_at) WHERE output IS NOT NULL OR error IS NOT NULL;
CREATE INDEX test_runs_to_forget ON test_runs (workspace_id, finished_at) WHERE forgotten_at IS NULL;

-- The lowest id that a UUIDv7 of this moment can have, and the moment of an id.
CREATE FUNCTION moment_bound(p_at timestamptz) RETURNS uuid LANGUAGE sql STABLE SET search_path = burnish, pg_temp
RETURN (lpad(to_hex(greatest(floor(extract(epoch FROM p_at) * 1000), 0)::bigint), 12, '0') || repeat('0', 20))::uuid;
CREATE FUNCTION moment_of(p_id uuid) RETURNS timestamptz LANGUAGE sql STABLE SET search_path = burnish, pg_temp
RETURN to_timestamp(('x' || substr(replace(p_id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0);

-- HMAC-SHA-256 (RFC 2104) of a text; the key comes as its two padded blocks, so that no extension is needed.
CREATE FUNCTION keyed_hash(p_inner bytea, p_outer bytea, p_text text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(p_outer || sha256(p_inner || convert_to(p_text, 'UTF8')));

CREATE FUNCTION hmac_block(p_key bytea, p_pad integer) RETURNS bytea LANGUAGE plpgsql IMMUTABLE SET search_path = burnish, pg_temp AS $$
DECLARE block bytea := decode(repeat(lpad(to_hex(p_pad), 2, '0'), 64), 'hex');
BEGIN
  FOR i IN 0..length(p_key) - 1 LOOP block := set_byte(block, i, get_byte(p_key, i) # p_pad); END LOOP;
  RETURN block;
END $$;

-- Before this moment text and persons of the workspace are forgotten. NULL: nothing is, because of a legal hold, or because there is no such workspace.
CREATE FUNCTION retention_cutoff(p_ws uuid) RETURNS timestamptz LANGUAGE sql STABLE SET search_path = burnish, pg_temp
RETURN (SELECT clock_timestamp() - least(w.retention_days, p.retention_days_most) * interval '1 day'
          FROM workspaces w JOIN organizations o USING (organization_id) JOIN plans p USING (plan) WHERE w.workspace_id = p_ws AND NOT w.legal_hold);
REVOKE ALL ON FUNCTION moment_bound(timestamptz), moment_of(uuid), keyed_hash(bytea, bytea, text), hmac_block(bytea, integer), retention_cutoff(uuid) FROM PUBLIC;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Retention (PROMISES P-01).

CREATE TABLE retention_progress (
  workspace_id       uuid PRIMARY KEY,
  executions_through uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',   -- up to this id all is forgotten
  rechecked_on       date NOT NULL DEFAULT '-infinity',                              -- rows that came late are looked for once a day
  at                 timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_tenant_table('retention_progress', app => 'SELECT', worker => 'SELECT', writer => 'the functions of retention');

CREATE FUNCTION retention_workspaces() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id FROM workspaces w WHERE NOT w.legal_hold ORDER BY 1 $$;
CALL make_lookup_function('retention_workspaces()', app => false, worker => true);

-- The next p_most executions that are too old: content goes, persons and words of errors are taken out, numbers stay. seen = 0: all done.
CREATE FUNCTION forget_executions(p_ws uuid, p_most integer, OUT seen integer, OUT contents integer, OUT persons integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  late constant interval := '8 days';                              -- a message waits 7 days in its stream at most
  today date := (clock_timestamp() AT TIME ZONE 'UTC')::date; cutoff timestamptz := retention_cutoff(p_ws); v_from uuid; v_checked date; v_ids uuid[];
BEGIN
  seen := 0; contents := 0; persons := 0;
  IF cutoff IS NULL OR NOT pg_try_advisory_xact_lock(hashtext('burnish.forget'), hashtext(p_ws::text)) THEN RETURN; END IF;
  INSERT INTO retention_progress (workspace_id) VALUES (p_ws) ON CONFLICT DO NOTHING;
  SELECT executions_through, rechecked_on INTO v_from, v_checked FROM retention_progress WHERE workspace_id = p_ws;
  IF v_checked < today THEN v_from := least(v_from, moment_bound(cutoff - late)); END IF;
  SELECT array_agg(x.execution_id ORDER BY x.execution_id) INTO v_ids FROM (SELECT e.execution_id FROM executions e
    WHERE e.workspace_id = p_ws AND e.execution_id > v_from AND e.execution_id < moment_bound(cutoff) ORDER BY e.execution_id LIMIT p_most) x;
  seen := coalesce(cardinality(v_ids), 0);
  IF seen > 0 THEN
    SELECT f.contents, f.persons INTO contents, persons FROM forget_these(p_ws, v_ids, v_ids) f;
  END IF;
  UPDATE retention_progress SET executions_through = coalesce(v_ids[seen], v_from), rechecked_on = today, at = clock_timestamp() WHERE workspace_id = p_ws;
END $$;

-- Takes content and persons from executions. p_among: ascending ids around them, which lets PostgreSQL skip partitions.
CREATE FUNCTION forget_these(p_ws uuid, p_among uuid[], p_ids uuid[], OUT contents integer, OUT persons integer) LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE lo uuid := p_among[1]; hi uuid := p_among[cardinality(p_among)]; n integer;
BEGIN
  DELETE FROM execution_contents c WHERE c.execution_id BETWEEN lo AND hi AND c.execution_id = ANY (p_ids) AND c.workspace_id = p_ws;
  GET DIAGNOSTICS contents = ROW_COUNT;
  UPDATE executions e SET end_user = NULL, session_id = NULL, request_id = NULL,
         error = CASE WHEN e.error ? 'message' THEN e.error || '{"message": ""}' ELSE e.error END,
         attempts = CASE WHEN jsonb_typeof(e.attempts) = 'array' THEN (SELECT coalesce(jsonb_agg(a - 'error'), '[]') FROM jsonb_array_elements(e.attempts) a) ELSE '[]' END
   WHERE e.execution_id BETWEEN lo AND hi AND e.execution_id = ANY (p_ids) AND e.workspace_id = p_ws
     AND (e.end_user IS NOT NULL OR e.session_id IS NOT NULL OR e.request_id IS NOT NULL OR e.error ->> 'message' <> '' OR e.attempts @? '$[*].error');
  GET DIAGNOSTICS persons = ROW_COUNT;
  UPDATE execution_facts f SET end_user = NULL
   WHERE f.execution_id BETWEEN lo AND hi AND f.execution_id = ANY (p_ids) AND f.workspace_id = p_ws AND f.end_user IS NOT NULL;
  GET DIAGNOSTICS n = ROW_COUNT; persons := greatest(persons, n);
END $$;
REVOKE ALL ON FUNCTION forget_these(uuid, uuid[], uuid[]) FROM PUBLIC;

-- Up to p_most reactions that are too old lose their words and their person. Each stays one vote: the person becomes a random name that
-- nothing else carries. What another reaction has replaced counts nothing and goes. Returns how many rows it changed; 0: all done.
CREATE FUNCTION forget_feedback(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE cutoff timestamptz := retention_cutoff(p_ws); v_ids uuid[]; v_old uuid[]; v_until timestamptz; v_old_until timestamptz; n integer; done integer := 0;
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  SELECT array_agg(x.feedback_id), max(x.accepted_at) INTO v_ids, v_until FROM (SELECT f.feedback_id, f.accepted_at FROM feedback f
    WHERE f.workspace_id = p_ws AND f.forgotten_at IS NULL AND f.accepted_at < cutoff ORDER BY f.accepted_at, f.feedback_id LIMIT p_most) x;
  SELECT array_agg(x.feedback_id), max(x.accepted_at) INTO v_old, v_old_until FROM (SELECT h.feedback_id, h.accepted_at FROM feedback_history h WHERE h.workspace_id = p_ws AND h.accepted_at < cutoff ORDER BY h.accepted_at LIMIT p_most) x;
  IF v_ids IS NULL AND v_old IS NULL THEN RETURN 0; END IF;
  done := forget_ids(p_ws, coalesce(v_ids, '{}') || coalesce(v_old, '{}'), cutoff);      -- locked first, as ingestion does
  UPDATE feedback f SET end_user = nameless(f.end_user), target_id = CASE f.target_kind WHEN 'session' THEN nameless(f.target_id) ELSE f.target_id END,
         comment = NULL, correction = NULL, context = NULL, digest = uuid_send(gen_random_uuid()), forgotten_at = clock_timestamp()
   WHERE f.workspace_id = p_ws AND f.forgotten_at IS NULL AND f.accepted_at <= v_until AND f.feedback_id = ANY (v_ids);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM feedback_history h WHERE h.workspace_id = p_ws AND h.accepted_at <= v_old_until AND h.feedback_id = ANY (v_old);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;
-- The person and session behind these feedback ids, where nothing that came at or after p_before stands under them.
CREATE FUNCTION forget_ids(p_ws uuid, p_ids uuid[], p_before timestamptz) RETURNS integer LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE n integer;
BEGIN
  PERFORM FROM feedback_ids i WHERE i.workspace_id = p_ws AND i.feedback_id = ANY (p_ids) ORDER BY i.feedback_id, i.kind FOR UPDATE;
  UPDATE feedback_ids i SET end_user = nameless(i.end_user), target_id = CASE i.target_kind WHEN 'session' THEN nameless(i.target_id) ELSE i.target_id END, forgotten_at = clock_timestamp()
   WHERE i.workspace_id = p_ws AND i.feedback_id = ANY (p_ids) AND i.forgotten_at IS NULL
     AND NOT EXISTS (SELECT FROM feedback f WHERE f.workspace_id = i.workspace_id AND f.target_kind = i.target_kind AND f.target_id = i.target_id
                        AND f.end_user = i.end_user AND f.kind = i.kind AND f.feedback_id = i.feedback_id AND f.accepted_at >= p_before);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION forget_ids(uuid, uuid[], timestamptz) FROM PUBLIC;
CREATE FUNCTION nameless(p_name text) RETURNS text LANGUAGE sql VOLATILE SET search_path = burnish, pg_temp
RETURN CASE p_name WHEN '' THEN '' ELSE '~' || gen_random_uuid()::text END;
REVOKE ALL ON FUNCTION nameless(text) FROM PUBLIC;

-- What models answered in test runs and jobs that are over, and usage by person. Numbers, verdicts and the dataset's own items stay.
CREATE FUNCTION forget_answers(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE cutoff timestamptz := retention_cutoff(p_ws); n integer; done integer := 0;
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  UPDATE evaluations v SET output = NULL, error = NULL
    FROM (SELECT e.owner_id, e.question, e.item_id, e.repeat FROM evaluations e
           WHERE e.workspace_id = p_ws AND e.answered_at < cutoff AND (e.output IS NOT NULL OR e.error IS NOT NULL)
             AND NOT EXISTS (SELECT FROM test_runs t WHERE t.test_run_id = e.owner_id AND t.status IN ('pending', 'running'))
             AND NOT EXISTS (SELECT FROM optimization_jobs j WHERE j.job_id = e.owner_id AND j.status IN ('pending', 'running'))
           LIMIT p_most FOR UPDATE SKIP LOCKED) o
   WHERE v.workspace_id = p_ws AND v.owner_id = o.owner_id AND v.question = o.question AND v.item_id = o.item_id AND v.repeat = o.repeat;
  GET DIAGNOSTICS done = ROW_COUNT;
  UPDATE test_runs t SET result = without_answers(t.result), forgotten_at = clock_timestamp()
   WHERE t.test_run_id IN (SELECT r.test_run_id FROM test_runs r WHERE r.workspace_id = p_ws AND r.forgotten_at IS NULL AND r.finished_at < cutoff LIMIT p_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  done := done + fold_usage_users(p_ws, (cutoff AT TIME ZONE 'UTC')::date);
  DELETE FROM rollups WHERE (workspace_id, grain, bucket, slug, version, label, model, traffic) IN
    (SELECT r.workspace_id, r.grain, r.bucket, r.slug, r.version, r.label, r.model, r.traffic FROM rollups r
      WHERE r.workspace_id = p_ws AND r.grain IN ('minute', 'hour', 'day') AND r.bucket < clock_timestamp() - interval '25 months' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  RETURN done;
END $$;
CREATE FUNCTION without_answers(p_result jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_temp
RETURN CASE WHEN jsonb_typeof(p_result -> 'failed_cases') = 'array'
  THEN jsonb_set(p_result, '{failed_cases}', (SELECT coalesce(jsonb_agg(c || '{"output": null, "error": null}' || CASE WHEN jsonb_typeof(c -> 'scores') = 'object' THEN
         jsonb_build_object('scores', (SELECT coalesce(jsonb_object_agg(k, v || '{"reason": ""}'), '{}') FROM jsonb_each(c -> 'scores') x(k, v))) ELSE '{}' END), '[]')
       FROM jsonb_array_elements(p_result -> 'failed_cases') c))
  ELSE p_result END;
REVOKE ALL ON FUNCTION without_answers(jsonb) FROM PUBLIC;

-- Drops the oldest day of content that is beyond the longest plan, or of numbers beyond p_numbers_d days; one partition a call, so that no lock
-- is held for long. A day on which a workspace under legal hold has executions stays. Also dead letters after p_letters_d days, and feedback with
-- the executions it belongs to. Returns how much it did; 0: all done.
CREATE FUNCTION forget_days(p_numbers_d integer, p_letters_d integer, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE today date := (clock_timestamp() AT TIME ZONE 'UTC')::date; longest integer; part text; n integer; done integer := 0;
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
  IF part IS NOT NULL THEN EXECUTE format('DROP TABLE %I', part); done := 1; END IF;
  DELETE FROM dead_letters WHERE dead_letter_id IN (SELECT l.dead_letter_id FROM dead_letters l WHERE l.at < clock_timestamp() - p_letters_d * interval '1 day' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  -- What has no partition of its own day, and feedback on what is gone.
  FOREACH part IN ARRAY ARRAY['execution_contents', 'execution_facts', 'executions'] LOOP
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
  RETURN done;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Erasure (PROMISES P-02, P-03, P-04). A person is named by a keyed hash and nothing else, from the first moment on. The key is derived from a
-- secret of the installation and the erasure's id, so it can be made again for a restored database and is kept only while there is work.

CREATE TABLE erasures (
  erasure_id     uuid PRIMARY KEY,
  workspace_id   uuid NOT NULL,
  subject_digest bytea NOT NULL CHECK (length(subject_digest) = 32), -- HMAC-SHA-256 of the person's id under subject_key
  subject_key    bytea CHECK (length(subject_key) = 32),           -- of this erasure alone, made by the gateway; gone after the last pass
  reason         text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
  requested_by   text NOT NULL,
  requested_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  restored       boolean NOT NULL DEFAULT false,                   -- came back from the stream of tombstones after a restore
  status         text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed')),
  pass           smallint NOT NULL DEFAULT 1,                      -- the first; after a day; when no stream can hold anything of that time
  next_pass_at   timestamptz NOT NULL DEFAULT clock_timestamp(),   -- infinity: nothing can come any more
  stage          text NOT NULL DEFAULT 'executions',
  at_id          uuid,                                             -- how far the stage has come
  at_time        timestamptz,
  at_no          bigint,
  sessions       text[] NOT NULL DEFAULT '{}',                     -- of the person; only while a pass runs
  counts         jsonb NOT NULL DEFAULT '{}',
  completed_at   timestamptz,                                      -- the first pass was over
  last_pass_at   timestamptz);
CREATE INDEX erasures_due ON erasures (next_pass_at) WHERE next_pass_at < 'infinity';
CREATE INDEX erasures_newest ON erasures (workspace_id, erasure_id DESC);
CALL make_tenant_table('erasures', writer => 'gateway inserts, analytics does the work', app => 'SELECT, INSERT (erasure_id, workspace_id, subject_digest, subject_key, reason, requested_by), UPDATE (subject_key)',
  worker => 'SELECT, INSERT (erasure_id, workspace_id, subject_digest, requested_by, requested_at, restored), UPDATE (subject_key, status, pass, next_pass_at, stage, completed_at, last_pass_at)');

CREATE FUNCTION erasures_due(p_most integer) RETURNS TABLE (workspace_id uuid, erasure_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT e.workspace_id, e.erasure_id FROM erasures e
   WHERE e.next_pass_at <= clock_timestamp() AND e.subject_key IS NOT NULL
     AND NOT EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = e.workspace_id AND w.legal_hold)
   ORDER BY e.next_pass_at LIMIT p_most $$;
-- Those that a restore brought back, for which the gateway makes the key again.
CREATE FUNCTION erasures_without_key(p_most integer) RETURNS TABLE (workspace_id uuid, erasure_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT e.workspace_id, e.erasure_id FROM erasures e WHERE e.subject_key IS NULL AND e.next_pass_at < 'infinity' LIMIT p_most $$;
-- Which of these are in the table, and how many there are that a restore brought back and that are not done. For readiness and for the comparison.
CREATE FUNCTION known_erasures(p_ids uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT e.erasure_id FROM erasures e WHERE e.erasure_id = ANY (p_ids) $$;
-- Erasures that a stream which was lost does not hold any more. What is younger than an hour may still be on its way there.
CREATE FUNCTION erasures_beside(p_ids uuid[], p_most integer) RETURNS TABLE (workspace_id uuid, erasure_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT e.workspace_id, e.erasure_id FROM erasures e
   WHERE e.erasure_id <> ALL (p_ids) AND e.requested_at < clock_timestamp() - interval '1 hour' ORDER BY e.erasure_id LIMIT p_most $$;
CREATE FUNCTION erasures_standing(OUT known bigint, OUT unapplied bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT count(*), count(*) FILTER (WHERE e.restored AND e.completed_at IS NULL) FROM erasures e $$;
CALL make_lookup_function('erasures_due(integer)', app => false, worker => true);
CALL make_lookup_function('erasures_without_key(integer)', app => true, worker => false);
CALL make_lookup_function('known_erasures(uuid[])', app => false, worker => true);
CALL make_lookup_function('erasures_beside(uuid[], integer)', app => false, worker => true);
CALL make_lookup_function('erasures_standing()', app => true, worker => true);

-- Whether any string in the value is the person's id.
CREATE FUNCTION names_subject(p_value jsonb, p_inner bytea, p_outer bytea, p_digest bytea) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_temp
RETURN EXISTS (SELECT FROM jsonb_path_query(p_value, 'strict $.** ? (@.type() == "string")') v WHERE keyed_hash(p_inner, p_outer, v #>> '{}') = p_digest);
CREATE FUNCTION as_json(p_body bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path = burnish, pg_temp AS $$
BEGIN RETURN convert_from(p_body, 'UTF8')::jsonb; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;
-- A message on the bus without the person's reactions, and without the person in finished executions. NULL: there was nothing of theirs in it.
CREATE FUNCTION without_subject(p_body bytea, p_ws uuid, p_inner bytea, p_outer bytea, p_digest bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE SET search_path = burnish, pg_temp AS $$
DECLARE v jsonb := as_json(p_body); items jsonb;
BEGIN
  IF v IS NULL OR jsonb_typeof(v -> 'items') IS DISTINCT FROM 'array' OR NOT names_subject(v, p_inner, p_outer, p_digest) THEN RETURN NULL; END IF;
  SELECT coalesce(jsonb_agg(CASE WHEN is_theirs THEN i || '{"end_user": null}' ELSE i END) FILTER (WHERE i ? 'end_user' OR NOT is_theirs), '[]') INTO items
    FROM (SELECT i, i ->> 'workspace_id' = p_ws::text AND keyed_hash(p_inner, p_outer, coalesce(i ->> 'user_id', i ->> 'end_user', '')) = p_digest AS is_theirs
            FROM jsonb_array_elements(v -> 'items') i) x;
  RETURN convert_to((v || jsonb_build_object('items', items))::text, 'UTF8');
END $$;
REVOKE ALL ON FUNCTION names_subject(jsonb, bytea, bytea, bytea), as_json(bytea), without_subject(bytea, uuid, bytea, bytea, bytea) FROM PUBLIC;

-- Does the next bounded batch of an erasure's pass. 'more': call again; 'done': the pass is over; 'busy': somebody else is at it; 'held': legal hold.
-- Only what was there when the erasure was asked for is touched.
CREATE FUNCTION erase_step(p_erasure uuid, p_most integer) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  e erasures; stages constant text[] := ARRAY['executions', 'sessions', 'feedback', 'feedback_history', 'feedback_ids', 'dataset_items', 'usage_user_days', 'outbox', 'dead_letters', 'rest', 'done'];
  v_seen integer := 0; v_ids uuid[]; v_hits uuid[]; v_sessions text[]; v_id uuid; v_time timestamptz; v_no bigint; n integer := 0; m integer := 0; k integer := 0; v_before uuid; v_inner bytea; v_outer bytea;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('burnish.erasure'), hashtext(p_erasure::text)) THEN RETURN 'busy'; END IF;
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure FOR UPDATE;
  IF NOT FOUND OR e.next_pass_at > clock_timestamp() OR e.subject_key IS NULL THEN RETURN 'busy'; END IF;
  IF EXISTS (SELECT FROM workspaces WHERE workspace_id = e.workspace_id AND legal_hold) THEN RETURN 'held'; END IF;
  IF e.stage = 'done' THEN RETURN 'done'; END IF;
  v_before := moment_bound(e.requested_at); v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);   -- 0x36 and 0x5c of RFC 2104

  IF e.stage = 'executions' OR e.stage = 'sessions' AND cardinality(e.sessions) > 0 THEN
    IF e.at_id IS NULL THEN                                        -- what retention has gone through names nobody any more
      SELECT moment_bound(moment_of(executions_through) - interval '9 days') INTO e.at_id FROM retention_progress WHERE workspace_id = e.workspace_id;
      e.at_id := coalesce(e.at_id, '00000000-0000-0000-0000-000000000000');
    END IF;
    SELECT array_agg(b.execution_id ORDER BY b.execution_id), array_agg(b.execution_id ORDER BY b.execution_id) FILTER (WHERE b.hit), array_agg(DISTINCT b.session_id) FILTER (WHERE b.hit AND b.session_id IS NOT NULL)
      INTO v_ids, v_hits, v_sessions
      FROM (SELECT x.execution_id, x.session_id, coalesce(keyed_hash(v_inner, v_outer, x.end_user) = e.subject_digest, false) OR coalesce(x.session_id = ANY (e.sessions), false)
                   OR EXISTS (SELECT FROM execution_facts f WHERE f.execution_id = x.execution_id AND f.workspace_id = x.workspace_id AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest) AS hit
              FROM executions x WHERE x.workspace_id = e.workspace_id AND x.execution_id > e.at_id AND x.execution_id < v_before ORDER BY x.execution_id LIMIT p_most) b;
    v_seen := coalesce(cardinality(v_ids), 0);
    IF v_hits IS NOT NULL THEN
      SELECT f.contents, f.persons INTO n, m FROM forget_these(e.workspace_id, v_ids, v_hits) f;
      UPDATE feedback f SET comment = NULL, correction = NULL, context = NULL, digest = uuid_send(gen_random_uuid())   -- nobody's words on the person's answers
       WHERE f.workspace_id = e.workspace_id AND f.target_kind = 'execution' AND f.target_id = ANY (v_hits::text[]) AND f.end_user = '' AND f.feedback_id IS NOT NULL
         AND (f.comment IS NOT NULL OR f.correction IS NOT NULL OR f.context <> '{}');
      GET DIAGNOSTICS k = ROW_COUNT;
      UPDATE evaluations SET output = NULL, error = NULL WHERE workspace_id = e.workspace_id AND execution_id = ANY (v_hits);
      e.counts := erased(erased(erased(e.counts, 'executions', m), 'execution_contents', n), 'feedback', k);
      IF e.stage = 'executions' THEN e.sessions := ARRAY(SELECT DISTINCT s FROM unnest(e.sessions || v_sessions) s); END IF;
    END IF;
    v_id := v_ids[v_seen];
  ELSIF e.stage = 'feedback' THEN
    SELECT count(*), max(b.accepted_at), (array_agg(b.feedback_id ORDER BY b.accepted_at DESC, b.feedback_id DESC))[1] INTO v_seen, v_time, v_id
      FROM (SELECT f.accepted_at, f.feedback_id FROM feedback f WHERE f.workspace_id = e.workspace_id AND f.forgotten_at IS NULL AND f.accepted_at < e.requested_at
              AND (f.accepted_at, f.feedback_id) > (coalesce(e.at_time, '-infinity'), coalesce(e.at_id, '00000000-0000-0000-0000-000000000000'))
             ORDER BY f.accepted_at, f.feedback_id LIMIT p_most) b;
    SELECT array_agg(f.feedback_id) INTO v_hits FROM feedback f
     WHERE f.workspace_id = e.workspace_id AND f.forgotten_at IS NULL AND (f.accepted_at, f.feedback_id) <= (v_time, v_id)
       AND (f.accepted_at, f.feedback_id) > (coalesce(e.at_time, '-infinity'), coalesce(e.at_id, '00000000-0000-0000-0000-000000000000'))
       AND (f.end_user <> '' AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest OR f.target_kind = 'session' AND f.target_id = ANY (e.sessions));
    IF v_hits IS NOT NULL THEN
      m := forget_ids(e.workspace_id, v_hits, e.requested_at);
      UPDATE feedback f SET end_user = nameless(f.end_user), target_id = CASE f.target_kind WHEN 'session' THEN nameless(f.target_id) ELSE f.target_id END,
             comment = NULL, correction = NULL, context = NULL, digest = uuid_send(gen_random_uuid()), forgotten_at = clock_timestamp()
       WHERE f.workspace_id = e.workspace_id AND f.forgotten_at IS NULL AND f.accepted_at >= coalesce(e.at_time, '-infinity') AND f.accepted_at <= v_time AND f.feedback_id = ANY (v_hits)
         AND (f.end_user <> '' AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest OR f.target_kind = 'session' AND f.target_id = ANY (e.sessions));
      GET DIAGNOSTICS n = ROW_COUNT; e.counts := erased(erased(e.counts, 'feedback', n), 'feedback_ids', m);
    END IF;
  ELSIF e.stage = 'feedback_history' THEN
    SELECT count(*), max(b.accepted_at) INTO v_seen, v_time
      FROM (SELECT h.accepted_at FROM feedback_history h WHERE h.workspace_id = e.workspace_id AND h.accepted_at > coalesce(e.at_time, '-infinity') AND h.accepted_at < e.requested_at
             ORDER BY h.accepted_at FETCH FIRST p_most ROWS WITH TIES) b;
    WITH gone AS (DELETE FROM feedback_history h WHERE h.workspace_id = e.workspace_id AND h.accepted_at > coalesce(e.at_time, '-infinity') AND h.accepted_at <= v_time
        AND (h.end_user <> '' AND keyed_hash(v_inner, v_outer, h.end_user) = e.subject_digest OR h.target_kind = 'session' AND h.target_id = ANY (e.sessions)) RETURNING h.feedback_id)
    SELECT array_agg(feedback_id), count(*) INTO v_hits, n FROM gone;
    IF n > 0 THEN m := forget_ids(e.workspace_id, v_hits, e.requested_at); END IF;
    e.counts := erased(erased(e.counts, 'feedback_history', n), 'feedback_ids', m);
  ELSIF e.stage = 'feedback_ids' THEN
    SELECT count(*), (array_agg(b.feedback_id ORDER BY b.feedback_id DESC))[1] INTO v_seen, v_id
      FROM (SELECT i.feedback_id FROM feedback_ids i WHERE i.workspace_id = e.workspace_id AND i.feedback_id > coalesce(e.at_id, '00000000-0000-0000-0000-000000000000')
             ORDER BY i.feedback_id FETCH FIRST p_most ROWS WITH TIES) b;
    SELECT array_agg(i.feedback_id) INTO v_hits FROM feedback_ids i
     WHERE i.workspace_id = e.workspace_id AND i.feedback_id > coalesce(e.at_id, '00000000-0000-0000-0000-000000000000') AND i.feedback_id <= v_id AND i.forgotten_at IS NULL
       AND (i.end_user <> '' AND keyed_hash(v_inner, v_outer, i.end_user) = e.subject_digest OR i.target_kind = 'session' AND i.target_id = ANY (e.sessions));
    IF v_hits IS NOT NULL THEN e.counts := erased(e.counts, 'feedback_ids', forget_ids(e.workspace_id, v_hits, e.requested_at)); END IF;
  ELSIF e.stage = 'dataset_items' THEN
    SELECT array_agg(b.item_id ORDER BY b.item_id), array_agg(b.item_id) FILTER (WHERE names_subject(b.input, v_inner, v_outer, e.subject_digest) OR names_subject(b.metadata, v_inner, v_outer, e.subject_digest))
      INTO v_ids, v_hits
      FROM (SELECT d.item_id, d.input, d.metadata FROM dataset_items d WHERE d.workspace_id = e.workspace_id
              AND d.item_id > coalesce(e.at_id, '00000000-0000-0000-0000-000000000000') AND d.item_id < v_before ORDER BY d.item_id LIMIT p_most) b;
    v_seen := coalesce(cardinality(v_ids), 0); v_id := v_ids[v_seen];
    IF v_hits IS NOT NULL THEN
      DELETE FROM dataset_items WHERE workspace_id = e.workspace_id AND item_id = ANY (v_hits);
      GET DIAGNOSTICS n = ROW_COUNT; e.counts := erased(e.counts, 'dataset_items', n);
      UPDATE evaluations SET output = NULL, error = NULL WHERE workspace_id = e.workspace_id AND item_id = ANY (v_hits) AND (output IS NOT NULL OR error IS NOT NULL);
      UPDATE test_runs t SET result = jsonb_set(t.result, '{failed_cases}', (SELECT coalesce(jsonb_agg(c), '[]') FROM jsonb_array_elements(t.result -> 'failed_cases') c
                                                                            WHERE coalesce((c ->> 'item_id')::uuid <> ALL (v_hits), true)))
       WHERE t.workspace_id = e.workspace_id AND EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(t.result -> 'failed_cases') = 'array' THEN t.result -> 'failed_cases' END) c
                                                         WHERE (c ->> 'item_id')::uuid = ANY (v_hits));
      GET DIAGNOSTICS n = ROW_COUNT; e.counts := erased(e.counts, 'test_runs', n);
    END IF;
  ELSIF e.stage = 'usage_user_days' THEN                           -- a day at a time
    SELECT min(u.day)::timestamptz INTO v_time FROM usage_user_days u WHERE u.workspace_id = e.workspace_id AND u.day > coalesce(e.at_time::date, '-infinity');
    UPDATE usage_user_days u SET end_user = nameless(u.end_user)
     WHERE u.workspace_id = e.workspace_id AND u.day = v_time::date AND u.end_user <> '' AND keyed_hash(v_inner, v_outer, u.end_user) = e.subject_digest;
    GET DIAGNOSTICS n = ROW_COUNT; e.counts := erased(e.counts, 'usage_user_days', n);
    v_seen := CASE WHEN v_time IS NULL THEN 0 ELSE p_most END;
  ELSIF e.stage = 'outbox' THEN                                    -- what was sent within a day
    SELECT count(*), max(b.outbox_id) INTO v_seen, v_no
      FROM (SELECT o.outbox_id FROM outbox o WHERE o.outbox_id > coalesce(e.at_no, 0) ORDER BY o.outbox_id LIMIT p_most) b;
    UPDATE outbox o SET body = s.body FROM (SELECT x.outbox_id, without_subject(x.body, e.workspace_id, v_inner, v_outer, e.subject_digest) AS body
      FROM outbox x WHERE x.outbox_id > coalesce(e.at_no, 0) AND x.outbox_id <= v_no AND x.sent_at IS NOT NULL
        AND x.subject IN ('burnish.v1.executions.completed.batch', 'burnish.v1.feedback.recorded.batch')
        AND position(convert_to(e.workspace_id::text, 'UTF8') IN x.body) > 0) s WHERE o.outbox_id = s.outbox_id AND s.body IS NOT NULL;
    GET DIAGNOSTICS n = ROW_COUNT;
    DELETE FROM outbox o WHERE o.outbox_id > coalesce(e.at_no, 0) AND o.outbox_id <= v_no AND o.sent_at IS NOT NULL
       AND o.subject = 'burnish.v1.executions.requested.background.' || e.workspace_id::text AND names_subject(as_json(o.body), v_inner, v_outer, e.subject_digest);
    GET DIAGNOSTICS m = ROW_COUNT; e.counts := erased(e.counts, 'outbox', n + m);
  ELSIF e.stage = 'dead_letters' THEN                              -- those of 30 days, of everybody
    SELECT count(*), (array_agg(b.dead_letter_id ORDER BY b.dead_letter_id DESC))[1] INTO v_seen, v_id
      FROM (SELECT d.dead_letter_id FROM dead_letters d WHERE d.dead_letter_id > coalesce(e.at_id, '00000000-0000-0000-0000-000000000000') ORDER BY d.dead_letter_id LIMIT p_most) b;
    UPDATE dead_letters l SET payload = s.body FROM (SELECT d.dead_letter_id, without_subject(d.payload, e.workspace_id, v_inner, v_outer, e.subject_digest) AS body
      FROM dead_letters d WHERE d.dead_letter_id > coalesce(e.at_id, '00000000-0000-0000-0000-000000000000') AND d.dead_letter_id <= v_id
        AND position(convert_to(e.workspace_id::text, 'UTF8') IN d.payload) > 0) s WHERE l.dead_letter_id = s.dead_letter_id AND s.body IS NOT NULL;
    GET DIAGNOSTICS n = ROW_COUNT; e.counts := erased(e.counts, 'dead_letters', n);
  ELSIF e.stage = 'rest' THEN                                      -- few rows: budgets of end users
    UPDATE budgets b SET target_id = nameless(b.target_id), name = 'erased', closed_at = coalesce(b.closed_at, clock_timestamp())
     WHERE b.workspace_id = e.workspace_id AND b.target_kind = 'end_user' AND keyed_hash(v_inner, v_outer, b.target_id) = e.subject_digest;
    GET DIAGNOSTICS n = ROW_COUNT; e.counts := erased(e.counts, 'budgets', n);
  END IF;

  IF v_seen < p_most THEN                                          -- the stage is through
    e.stage := stages[array_position(stages, e.stage) + 1]; v_id := NULL; v_time := NULL; v_no := NULL;
    IF e.stage = 'done' THEN e.sessions := '{}'; END IF;
  END IF;
  UPDATE erasures SET status = CASE WHEN status = 'completed' THEN status ELSE 'running' END, stage = e.stage, at_id = v_id, at_time = v_time, at_no = v_no, sessions = e.sessions, counts = e.counts
   WHERE erasure_id = p_erasure;
  RETURN CASE e.stage WHEN 'done' THEN 'done' ELSE 'more' END;
END $$;
CREATE FUNCTION erased(p_counts jsonb, p_store text, p_n integer) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_temp
RETURN CASE WHEN p_n > 0 THEN p_counts || jsonb_build_object(p_store, coalesce((p_counts ->> p_store)::integer, 0) + p_n) ELSE p_counts END;
REVOKE ALL ON FUNCTION erased(jsonb, text, integer) FROM PUBLIC;

-- Erasure of a whole workspace. The gateway has suspended it, revoked its keys and set its retention to 0 days when it writes this row; from
-- then on retention takes text and persons of everything, and what is configuration goes here. Amounts, numbers and the audit log stay.
CREATE TABLE workspace_erasures (
  workspace_id uuid PRIMARY KEY,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  counts       jsonb NOT NULL DEFAULT '{}',
  completed_at timestamptz);
CALL make_tenant_table('workspace_erasures', app => 'SELECT, INSERT (workspace_id, requested_by)', worker => 'SELECT, UPDATE (completed_at)',
  writer => 'gateway inserts, analytics does the work');

CREATE FUNCTION workspace_erasures_due() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT e.workspace_id FROM workspace_erasures e JOIN workspaces w USING (workspace_id) WHERE e.completed_at IS NULL AND NOT w.legal_hold ORDER BY e.requested_at $$;
CALL make_lookup_function('workspace_erasures_due()', app => false, worker => true);

-- Removes up to p_most rows of the first table that has any and that no other table refers to. Every table of a workspace is removed, save those
-- that are named here, so that a new one is not forgotten. 'more': call again; 'waits': calls and jobs are still under way; 'done'.
CREATE FUNCTION erase_workspace_step(p_ws uuid, p_most integer) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  one text; n integer; blocked boolean := false;
  kept constant text[] := ARRAY['accounts', 'transfers', 'plan_months', 'usage_days', 'usage_closings', 'ledger_days', 'audit_log',            -- amounts, and who did what
    'executions', 'execution_contents', 'execution_facts', 'feedback', 'feedback_ids', 'feedback_history', 'rollups', 'retention_progress',   -- retention takes text and persons
    'holds', 'accepted', 'config_changes', 'workspaces', 'erasures', 'workspace_erasures'];
BEGIN
  IF NOT EXISTS (SELECT FROM workspace_erasures e JOIN workspaces w USING (workspace_id) WHERE e.workspace_id = p_ws AND e.completed_at IS NULL
                   AND w.suspended_at IS NOT NULL AND w.retention_days = 0 AND NOT w.legal_hold)
     OR NOT pg_try_advisory_xact_lock(hashtext('burnish.erasure'), hashtext(p_ws::text)) THEN RETURN 'waits'; END IF;
  UPDATE test_runs SET cancel_requested = true WHERE workspace_id = p_ws AND status IN ('pending', 'running') AND NOT cancel_requested;
  UPDATE optimization_jobs SET cancel_requested = true WHERE workspace_id = p_ws AND status IN ('pending', 'running') AND NOT cancel_requested;
  IF EXISTS (SELECT FROM holds WHERE workspace_id = p_ws) OR EXISTS (SELECT FROM test_runs WHERE workspace_id = p_ws AND status IN ('pending', 'running'))
     OR EXISTS (SELECT FROM optimization_jobs WHERE workspace_id = p_ws AND status IN ('pending', 'running')) THEN RETURN 'waits'; END IF;
  FOR one IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped
              WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> ALL (kept) ORDER BY c.relname LOOP
    BEGIN
      -- A ctid names a row of one partition only, so the workspace is asked for again. Newest versions go first: they name older ones as their base.
      EXECUTE format('DELETE FROM %1$I WHERE workspace_id = $1 AND ctid IN (SELECT ctid FROM %1$I WHERE workspace_id = $1 %2$s LIMIT $2)',
        one, CASE one WHEN 'prompt_versions' THEN 'ORDER BY version DESC' ELSE '' END) USING p_ws, p_most;
      GET DIAGNOSTICS n = ROW_COUNT;
    EXCEPTION WHEN foreign_key_violation THEN                      -- what refers to it goes first
      n := 0; blocked := true;
    END;
    IF n > 0 THEN
      UPDATE workspace_erasures SET counts = erased(counts, one, n) WHERE workspace_id = p_ws;
      RETURN 'more';
    END IF;
  END LOOP;
  IF blocked THEN RETURN 'waits'; END IF;
  UPDATE workspaces SET name = 'erased' WHERE workspace_id = p_ws AND name <> 'erased';
  RETURN 'done';
END $$;
REVOKE ALL ON FUNCTION erase_workspace_step(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_workspace_step(uuid, integer) TO burnish_worker;

REVOKE ALL ON FUNCTION forget_executions(uuid, integer), forget_feedback(uuid, integer), forget_answers(uuid, integer), forget_days(integer, integer, integer),
                       erase_step(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_executions(uuid, integer), forget_feedback(uuid, integer), forget_answers(uuid, integer), forget_days(integer, integer, integer),
                          erase_step(uuid, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
