-- More ways for feedback to come in. Lock order: after feedback and rollups of 0003 (label_voices is written with label_feedback).

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- One conversation, read in order.
CREATE INDEX executions_by_session ON executions (workspace_id, session_id, execution_id) WHERE session_id IS NOT NULL;

-- What single voices said of one version as one label served it: no voice weighs more than its allowance in a decision (core/voices.py).
-- A voice is `user:<end user>`, or `key:<API key>` for reactions to answers that the key did not ask for.
CREATE TABLE label_voices (
  workspace_id    uuid NOT NULL,
  slug            text NOT NULL,
  label           text NOT NULL,
  version         integer NOT NULL,
  voice           text NOT NULL,
  samples         bigint NOT NULL,
  satisfied_micro bigint NOT NULL,
  spoke_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, slug, label, version, voice)) WITH (fillfactor = 70);
CREATE INDEX label_voices_heaviest ON label_voices (workspace_id, slug, label, version, samples DESC);
CREATE INDEX label_voices_by_voice ON label_voices (workspace_id, voice);
CALL make_tenant_table('label_voices', app => '', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- A voice that was silent for the workspace's days loses its name; it stays one voice. Up to p_most rows; 0: all done.
CREATE FUNCTION forget_voices(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  UPDATE label_voices v SET voice = 'user:' || nameless('x') FROM
    (SELECT x.slug, x.label, x.version, x.voice FROM label_voices x
      WHERE x.workspace_id = p_ws AND x.voice LIKE 'user:%' AND x.voice NOT LIKE 'user:~%' AND x.spoke_at < cutoff
      ORDER BY x.slug, x.label, x.version, x.voice LIMIT p_most FOR UPDATE SKIP LOCKED) o
   WHERE v.workspace_id = p_ws AND (v.slug, v.label, v.version, v.voice) = (o.slug, o.label, o.version, o.voice);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

-- The same for the person of an erasure, in pages by name: looks at up to p_most voices after p_after, returns the last one; NULL: no more.
CREATE FUNCTION erase_voices(p_erasure uuid, p_after text, p_most integer) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_names text[]; n integer; v_inner bytea; v_outer bytea;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  SELECT array_agg(x.voice ORDER BY x.voice) INTO v_names
    FROM (SELECT DISTINCT v.voice FROM label_voices v WHERE v.workspace_id = e.workspace_id AND v.voice > p_after ORDER BY v.voice LIMIT p_most) x;
  UPDATE label_voices v SET voice = 'user:' || nameless('x')
   WHERE v.workspace_id = e.workspace_id AND v.spoke_at < e.requested_at AND v.voice LIKE 'user:%' AND v.voice = ANY (v_names)
     AND keyed_hash(v_inner, v_outer, substr(v.voice, 6)) = e.subject_digest;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'label_voices', n) WHERE erasure_id = p_erasure; END IF;
  RETURN v_names[cardinality(v_names)];
END $$;
REVOKE ALL ON FUNCTION forget_voices(uuid, integer), erase_voices(uuid, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_voices(uuid, integer), erase_voices(uuid, text, integer) TO burnish_worker;

-- What a named metric means. Without a declaration it is any number, and nobody knows whether more is better.
CREATE TABLE metric_definitions (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
  type         text NOT NULL CHECK (type IN ('binary', 'number', 'duration_ms', 'money')),
  direction    text NOT NULL CHECK (direction IN ('higher', 'lower')),
  min_value    double precision CHECK (min_value > '-infinity' AND min_value < 'infinity'),
  max_value    double precision CHECK (max_value > '-infinity' AND max_value < 'infinity'),
  updated_by   text NOT NULL,
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, name),
  CHECK (min_value <= max_value));
CALL make_tenant_table('metric_definitions', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT', writer => 'gateway');

-- Other systems' webhooks that are taken for feedback. The secret is sealed; `mapping`: an expression for each field.
CREATE TABLE inbound_endpoints (
  endpoint_id   uuid PRIMARY KEY,
  workspace_id  uuid NOT NULL REFERENCES workspaces,
  name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  scheme        text NOT NULL CHECK (scheme IN ('standard_webhooks', 'hmac_sha256')),
  header        text,
  prefix        text NOT NULL,
  encoding      text NOT NULL CHECK (encoding IN ('hex', 'base64')),
  mapping       jsonb NOT NULL,
  secret_sealed bytea NOT NULL,
  created_by    text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (workspace_id, endpoint_id));
CALL make_tenant_table('inbound_endpoints', app => 'SELECT, INSERT, DELETE', worker => '', writer => 'gateway');

-- Before the signature is known to fit, so is no workspace. None of a suspended one.
CREATE FUNCTION find_inbound_workspace(p_id uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT e.workspace_id FROM inbound_endpoints e JOIN workspaces w USING (workspace_id) WHERE e.endpoint_id = p_id AND w.suspended_at IS NULL $$;
CALL make_lookup_function('find_inbound_workspace(uuid)', app => true, worker => false);

-- Reactions of the last second, for webhooks that asked to be told of each (`feedback.created`). No text, no person.
CREATE TABLE feedback_news (
  news_id      bigint GENERATED ALWAYS AS IDENTITY,
  workspace_id uuid NOT NULL,
  feedback_id  uuid NOT NULL,
  execution_id uuid,                                               -- NULL: a session
  kind         text NOT NULL,
  value        double precision,
  simulated    boolean NOT NULL,
  at           timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, news_id));
CALL make_tenant_table('feedback_news', app => '', worker => 'SELECT, INSERT, UPDATE, DELETE', writer => 'analytics');

CREATE FUNCTION feedback_listeners(p_ws uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT DISTINCT e.workspace_id FROM webhook_endpoints e
   WHERE e.workspace_id = ANY (p_ws) AND 'feedback.created' = ANY (e.events) AND e.deleted_at IS NULL $$;
CREATE FUNCTION news_waiting(p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT DISTINCT n.workspace_id FROM feedback_news n LIMIT p_most $$;
CALL make_lookup_function('feedback_listeners(uuid[])', app => false, worker => true);
CALL make_lookup_function('news_waiting(integer)', app => false, worker => true);

-- Executions made elsewhere: our id of each at first sight, whether its record or feedback on it came first. `reported_cost_nusd`: what the
-- source says it cost; nothing is charged for it here.
CREATE TABLE imported_ids (
  workspace_id       uuid NOT NULL,
  source             text NOT NULL CHECK (length(source) BETWEEN 1 AND 64),
  their_id           text NOT NULL CHECK (length(their_id) BETWEEN 1 AND 256),
  execution_id       uuid NOT NULL,
  reported_cost_nusd bigint CHECK (reported_cost_nusd >= 0),
  first_seen_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, source, their_id));
CREATE UNIQUE INDEX imported_ids_by_execution ON imported_ids (workspace_id, execution_id);
CALL make_tenant_table('imported_ids', app => 'SELECT, INSERT, UPDATE (reported_cost_nusd)', worker => 'SELECT', writer => 'gateway');

-- Books finished executions of elsewhere: like our own, save that they cost nothing and had no hold. Returns those whose row this call made.
CREATE FUNCTION import_executions(p_ws uuid, p_rows finished_execution[], p_event_id text) RETURNS uuid[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(p_rows) r WHERE r.workspace_id IS DISTINCT FROM p_ws OR r.lane IS DISTINCT FROM 'imported' OR r.cost_nusd <> 0 OR coalesce(r.markup_nusd, 0) <> 0
               OR r.background_event IS NOT NULL OR NOT EXISTS (SELECT FROM imported_ids i WHERE i.workspace_id = p_ws AND i.execution_id = r.execution_id)) THEN
    RAISE EXCEPTION 'not an imported execution of this workspace' USING ERRCODE = 'check_violation';
  END IF;
  RETURN settle(p_rows, 'executor', p_event_id);                     -- executors alone tell of finished executions (bus/users.py)
END $$;
CALL make_lookup_function('import_executions(uuid, finished_execution[], text)', app => true, worker => false);

RESET ROLE;
SET LOCAL search_path = public;
