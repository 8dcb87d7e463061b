-- Clarifying sessions and content jobs: rows that a gateway claims while a model is to be asked for them (gateway/claimed/runner.py). The id
-- of each call is written before it is admitted, so nothing is paid twice, whoever dies when.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- A session is its owner's alone: the person who signed in, or the line of an API key (its first key), which is what auth.uid() says.
CREATE TABLE clarifications (
  session_id     uuid PRIMARY KEY,
  workspace_id   uuid NOT NULL REFERENCES workspaces,
  owner_id       uuid NOT NULL,
  status         text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'clarifying', 'ready', 'finalized', 'failed', 'expired')),
  task           text CHECK (task IN ('ask', 'write')),            -- what a model is to do now; NULL: nothing
  round          smallint NOT NULL DEFAULT 0 CHECK (round BETWEEN 0 AND 3),
  initial_prompt text NOT NULL CHECK (length(initial_prompt) <= 40000),
  selections     jsonb NOT NULL DEFAULT '{}',
  questions      jsonb NOT NULL DEFAULT '[]',                      -- of all rounds, with their answers
  working_memory jsonb NOT NULL DEFAULT '{}',
  result         jsonb,                                            -- what the strong model wrote
  error          jsonb,                                            -- of the last call that failed
  ask_model      text NOT NULL,
  write_model    text NOT NULL,
  attempts       smallint NOT NULL DEFAULT 0,                      -- of the task under way
  execution_id   uuid,                                             -- of its last attempt
  input_tokens   bigint NOT NULL DEFAULT 0,
  output_tokens  bigint NOT NULL DEFAULT 0,
  spent_nusd     bigint NOT NULL DEFAULT 0,
  latency_ms     bigint NOT NULL DEFAULT 0,
  simulated      boolean NOT NULL DEFAULT false,
  saved_slug     text,
  saved_version  integer,
  end_user       text,
  metadata       jsonb NOT NULL DEFAULT '{}',
  actor          text NOT NULL,
  api_key_id     uuid,
  first_key_id   uuid,
  user_id        uuid,
  traceparent    text NOT NULL DEFAULT '',
  request_id     text NOT NULL DEFAULT '',
  hops           integer NOT NULL DEFAULT 0,
  revision       integer NOT NULL DEFAULT 1,                       -- grows with every change
  fence          integer NOT NULL DEFAULT 0,
  leased_by      text,
  leased_until   timestamptz,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at     timestamptz NOT NULL,
  finished_at    timestamptz,
  UNIQUE (workspace_id, owner_id, session_id));
CREATE INDEX clarifications_of_owner ON clarifications (workspace_id, owner_id, session_id DESC);
CREATE INDEX clarifications_of_user ON clarifications (owner_id, created_at DESC);
CREATE INDEX clarifications_open ON clarifications (session_id) WHERE task IS NOT NULL;
CREATE INDEX clarifications_waiting ON clarifications (expires_at) WHERE status IN ('pending', 'clarifying', 'ready');
CREATE INDEX clarifications_old ON clarifications (workspace_id, updated_at);
CREATE INDEX clarifications_of_end_user ON clarifications (workspace_id, end_user) WHERE end_user IS NOT NULL;
CALL make_tenant_table('clarifications', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '', writer => 'gateway');

CREATE TABLE clarification_messages (
  message_id    uuid PRIMARY KEY,
  workspace_id  uuid NOT NULL,
  owner_id      uuid NOT NULL,
  session_id    uuid NOT NULL,
  role          text NOT NULL CHECK (role IN ('system', 'agent', 'user')),
  kind          text NOT NULL CHECK (kind IN ('question', 'answer', 'note')),
  content       text NOT NULL,
  question_id   text,
  model_name    text,
  execution_id  uuid,
  input_tokens  bigint,
  output_tokens bigint,
  latency_ms    bigint,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (workspace_id, owner_id, session_id) REFERENCES clarifications (workspace_id, owner_id, session_id) ON DELETE CASCADE);
CREATE INDEX clarification_messages_of_session ON clarification_messages (session_id, created_at);
CREATE INDEX clarification_messages_of_workspace ON clarification_messages (workspace_id, owner_id, session_id, message_id);
CALL make_tenant_table('clarification_messages', app => 'SELECT, INSERT, DELETE', worker => '', writer => 'gateway');

CREATE TABLE clarification_feedback (
  feedback_id  uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  owner_id     uuid NOT NULL,
  session_id   uuid NOT NULL,
  rating       smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
  comments     text NOT NULL DEFAULT '' CHECK (length(comments) <= 4000),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (workspace_id, owner_id, session_id) REFERENCES clarifications (workspace_id, owner_id, session_id) ON DELETE CASCADE);
CREATE INDEX clarification_feedback_of_session ON clarification_feedback (workspace_id, owner_id, session_id, created_at);
CREATE INDEX clarification_feedback_of_user ON clarification_feedback (owner_id, created_at DESC);
CALL make_tenant_table('clarification_feedback', app => 'SELECT, INSERT, DELETE', worker => '', writer => 'gateway');

-- Models and prompts of a workspace for both; NULL: the registry's, ours.
CREATE TABLE assistant_settings (
  workspace_id uuid PRIMARY KEY REFERENCES workspaces,
  ask_model    text CHECK (length(ask_model) <= 200),
  write_model  text CHECK (length(write_model) <= 200),
  updated_by   text NOT NULL,
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_tenant_table('assistant_settings', app => 'SELECT, INSERT, UPDATE', worker => '', writer => 'gateway');

-- Which prompt reads contents of a source type. No row: the one that ships.
CREATE TABLE enrichment_prompts (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  source_type  text NOT NULL CHECK (source_type IN ('conversation', 'youtube', 'document')),
  slug         text NOT NULL,
  label        text NOT NULL,
  updated_by   text NOT NULL,
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, source_type));
CALL make_tenant_table('enrichment_prompts', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '', writer => 'gateway');

CREATE TABLE enrichments (
  enrichment_id     uuid PRIMARY KEY,
  workspace_id      uuid NOT NULL REFERENCES workspaces,
  group_id          uuid,                                          -- those that one call asked for
  source_type       text NOT NULL CHECK (source_type IN ('conversation', 'youtube', 'document')),
  processing_status text NOT NULL DEFAULT 'pending' CHECK (processing_status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  external_id       text,                                          -- the caller's own id of the content
  session_id        text,                                          -- the conversation that it was read from
  url               text,
  content           jsonb,                                         -- {text} or {messages}; NULL until a URL was read, and when it was forgotten
  metadata          jsonb NOT NULL DEFAULT '{}',
  result            jsonb,
  parts             integer NOT NULL DEFAULT 0,                    -- into how many the content was split
  done              integer NOT NULL DEFAULT 0,
  model             text,
  prompt            text,                                          -- slug of the workspace's own; NULL: the one that ships
  version           integer,
  error             jsonb,
  input_tokens      bigint NOT NULL DEFAULT 0,
  output_tokens     bigint NOT NULL DEFAULT 0,
  spent_nusd        bigint NOT NULL DEFAULT 0,
  simulated         boolean NOT NULL DEFAULT false,
  end_user          text,
  actor             text NOT NULL,
  api_key_id        uuid,
  first_key_id      uuid,
  user_id           uuid,
  traceparent       text NOT NULL DEFAULT '',
  request_id        text NOT NULL DEFAULT '',
  hops              integer NOT NULL DEFAULT 0,
  fence             integer NOT NULL DEFAULT 0,
  leased_by         text,
  leased_until      timestamptz,
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  computed_at       timestamptz,
  UNIQUE (workspace_id, enrichment_id));
CREATE INDEX enrichments_newest ON enrichments (workspace_id, enrichment_id DESC);
CREATE INDEX enrichments_of_group ON enrichments (workspace_id, group_id, enrichment_id) WHERE group_id IS NOT NULL;
CREATE INDEX enrichments_by_their_id ON enrichments (workspace_id, source_type, external_id, enrichment_id DESC) WHERE external_id IS NOT NULL;
CREATE INDEX enrichments_open ON enrichments (enrichment_id) WHERE processing_status IN ('pending', 'processing');
CREATE INDEX enrichments_old ON enrichments (workspace_id, updated_at);
CREATE INDEX enrichments_of_end_user ON enrichments (workspace_id, end_user) WHERE end_user IS NOT NULL;
CALL make_tenant_table('enrichments', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '', writer => 'gateway');

-- Calls of an enrichment: one for each part, and those that merge. What they said is read from the executions.
CREATE TABLE enrichment_calls (
  workspace_id  uuid NOT NULL,
  enrichment_id uuid NOT NULL,
  step          text NOT NULL,                                     -- `part 3`, `merge 1.2`
  execution_id  uuid NOT NULL,
  attempt       smallint NOT NULL DEFAULT 1,
  status        text,                                              -- of its execution; NULL: under way
  result        jsonb,                                             -- what the next ones need; NULL when the enrichment is over
  PRIMARY KEY (workspace_id, enrichment_id, step),
  FOREIGN KEY (workspace_id, enrichment_id) REFERENCES enrichments (workspace_id, enrichment_id) ON DELETE CASCADE);
CALL make_tenant_table('enrichment_calls', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '', writer => 'gateway');

-- Names that the source systems' clients give to test runs: `{prompt}_{date}_{nnn}`.
CREATE TABLE run_names (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name         text NOT NULL CHECK (length(name) <= 100),
  slug         text NOT NULL,
  test_run_id  uuid NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, name));
CREATE INDEX run_names_newest ON run_names (workspace_id, test_run_id DESC);
CALL make_tenant_table('run_names', app => 'SELECT, INSERT', worker => '', writer => 'gateway');

-- Rows for which a model is to be asked and nobody does: those of workspaces with the fewest under way first, then the oldest.
-- p_most: of sessions, whose people wait, and of enrichments, which can wait, each.
CREATE FUNCTION claim_assistant_work(p_worker text, p_lease_s integer, p_sessions integer, p_enrichments integer)
RETURNS TABLE (kind text, id uuid, workspace_id uuid, owner_id uuid, fence integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  UPDATE clarifications c SET status = 'expired', task = NULL, leased_by = NULL, leased_until = NULL, revision = c.revision + 1,
         finished_at = clock_timestamp(), updated_at = clock_timestamp()
   WHERE c.session_id IN (
     SELECT x.session_id FROM clarifications x WHERE x.status IN ('pending', 'clarifying', 'ready') AND x.expires_at < clock_timestamp()
      LIMIT 100 FOR UPDATE SKIP LOCKED);
  RETURN QUERY
  WITH due AS (
    SELECT c.session_id AS one FROM clarifications c
     WHERE c.task IS NOT NULL AND (c.leased_until IS NULL OR c.leased_until < clock_timestamp())
     ORDER BY c.session_id LIMIT p_sessions FOR UPDATE SKIP LOCKED)
  UPDATE clarifications c SET fence = c.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    FROM due WHERE c.session_id = due.one RETURNING 'clarification'::text, c.session_id, c.workspace_id, c.owner_id, c.fence;
  RETURN QUERY
  WITH busy AS (
    SELECT e.workspace_id AS ws, count(*) AS n FROM enrichments e WHERE e.processing_status = 'processing' AND e.leased_until >= clock_timestamp() GROUP BY 1),
  due AS (
    SELECT e.enrichment_id AS one FROM enrichments e LEFT JOIN busy ON busy.ws = e.workspace_id
     WHERE e.processing_status IN ('pending', 'processing') AND (e.leased_until IS NULL OR e.leased_until < clock_timestamp())
     ORDER BY e.group_id IS NOT NULL, coalesce(busy.n, 0), e.enrichment_id LIMIT p_enrichments FOR UPDATE OF e SKIP LOCKED)
  UPDATE enrichments e SET processing_status = 'processing', fence = e.fence + 1, leased_by = p_worker, updated_at = clock_timestamp(),
         leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    FROM due WHERE e.enrichment_id = due.one RETURNING 'enrichment'::text, e.enrichment_id, e.workspace_id, NULL::uuid, e.fence;
END $$;
-- Which of them this worker holds; their leases begin anew.
CREATE FUNCTION renew_assistant_work(p_worker text, p_lease_s integer) RETURNS TABLE (id uuid, fence integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  RETURN QUERY UPDATE clarifications c SET leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    WHERE c.leased_by = p_worker AND c.task IS NOT NULL RETURNING c.session_id, c.fence;
  RETURN QUERY UPDATE enrichments e SET leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    WHERE e.leased_by = p_worker AND e.processing_status = 'processing' RETURNING e.enrichment_id, e.fence;
END $$;
-- A worker that ends lets go of what it holds.
CREATE FUNCTION release_assistant_work(p_worker text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; more integer;
BEGIN
  UPDATE clarifications c SET leased_until = NULL WHERE c.leased_by = p_worker AND c.task IS NOT NULL;
  GET DIAGNOSTICS n = ROW_COUNT;
  UPDATE enrichments e SET leased_until = NULL WHERE e.leased_by = p_worker AND e.processing_status = 'processing';
  GET DIAGNOSTICS more = ROW_COUNT;
  RETURN n + more;
END $$;
GRANT UPDATE ON clarifications, enrichments TO burnish_lookup;
CALL make_lookup_function('claim_assistant_work(text, integer, integer, integer)', app => true, worker => false);
CALL make_lookup_function('renew_assistant_work(text, integer)', app => true, worker => false);
CALL make_lookup_function('release_assistant_work(text)', app => true, worker => false);

-- Sessions that nobody has touched for the workspace's days, and contents with what was made of them. 0: all done.
CREATE FUNCTION forget_assistant_work(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; done integer := 0; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  DELETE FROM clarifications c WHERE c.workspace_id = p_ws AND c.session_id IN (
    SELECT x.session_id FROM clarifications x WHERE x.workspace_id = p_ws AND x.updated_at < cutoff LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM enrichments e WHERE e.workspace_id = p_ws AND e.enrichment_id IN (
    SELECT x.enrichment_id FROM enrichments x WHERE x.workspace_id = p_ws AND x.updated_at < cutoff LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;
-- Those of the person of an erasure, at whatever age. 0: all done.
CREATE FUNCTION erase_assistant_work(p_erasure uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; n integer; more integer; v_inner bytea; v_outer bytea;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL THEN RETURN 0; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  DELETE FROM clarifications c WHERE c.workspace_id = e.workspace_id AND c.session_id IN (
    SELECT x.session_id FROM clarifications x WHERE x.workspace_id = e.workspace_id AND x.end_user IS NOT NULL AND x.created_at < e.requested_at
       AND keyed_hash(v_inner, v_outer, x.end_user) = e.subject_digest LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  DELETE FROM enrichments r WHERE r.workspace_id = e.workspace_id AND r.enrichment_id IN (
    SELECT x.enrichment_id FROM enrichments x WHERE x.workspace_id = e.workspace_id AND x.end_user IS NOT NULL AND x.created_at < e.requested_at
       AND keyed_hash(v_inner, v_outer, x.end_user) = e.subject_digest LIMIT p_most);
  GET DIAGNOSTICS more = ROW_COUNT;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'clarifications', n) WHERE erasure_id = p_erasure; END IF;
  IF more > 0 THEN UPDATE erasures SET counts = erased(counts, 'enrichments', more) WHERE erasure_id = p_erasure; END IF;
  RETURN n + more;
END $$;
REVOKE ALL ON FUNCTION forget_assistant_work(uuid, integer), erase_assistant_work(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_assistant_work(uuid, integer), erase_assistant_work(uuid, integer) TO burnish_worker;

-- A toy that asks: with no key, a session goes its whole way.
INSERT INTO platform_models (model, provider, upstream_model, display_name, context_tokens, output_tokens, input_price_nusd_per_million,
                             cached_input_price_nusd_per_million, output_price_nusd_per_million, capabilities, preferred_for, price_version, notes)
VALUES ('simulated/interviewer', 'simulated', 'interviewer', 'Simulated interviewer', 32768, 4096, 100000000, 100000000, 400000000, '{chat,streaming,json}',
       '{clarification,prompt_writing}', 'play-1', 'A toy that needs no key. Its answers say so; no figure made with it is a figure of a real model.')
ON CONFLICT DO NOTHING;

RESET ROLE;

-- Workspace and owner: whoever asks without being the owner sees nothing and writes nothing. Made by the login that migrates: in a Supabase
-- project the schema `auth` is closed to burnish_owner. Where it lacks uid(), or is closed to us too, the setting is asked that our services
-- make, which is what our own auth.uid() reads.
DO $$
DECLARE
  one text;
  uid constant text := CASE WHEN EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                                          WHERE n.nspname = 'auth' AND p.proname = 'uid' AND p.pronargs = 0 AND has_schema_privilege(n.oid, 'USAGE'))
                            THEN 'auth.uid()' ELSE 'nullif(current_setting(''app.user'', true), '''')::uuid' END;
BEGIN
  FOREACH one IN ARRAY ARRAY['clarifications', 'clarification_messages', 'clarification_feedback'] LOOP
    EXECUTE format('DROP POLICY app ON %I', one);
    EXECUTE format('CREATE POLICY app ON %I TO burnish_app USING (owner_id = (SELECT %s)'
      ' AND workspace_id = (SELECT nullif(current_setting(''app.workspace'', true), '''')::uuid))', one, uid);
  END LOOP;
END $$;
SET LOCAL search_path = public;
