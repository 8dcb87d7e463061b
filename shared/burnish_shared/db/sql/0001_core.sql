-- Roles, tenancy, the books (accounts, holds, executions, transfers), the bus's tables, and the functions that many services share.
-- The lock order everywhere: holds that exist -> executions -> rates -> accounts -> new holds, each by id ascending (docs/admission.md).

DO $$
DECLARE one text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'burnish_owner') THEN CREATE ROLE burnish_owner NOLOGIN NOINHERIT; END IF;
  FOREACH one IN ARRAY ARRAY['burnish_lookup', 'burnish_app', 'burnish_worker'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', one); END IF;
  END LOOP;
END $$;
GRANT burnish_owner TO CURRENT_USER;
GRANT burnish_lookup TO burnish_owner;
CREATE SCHEMA IF NOT EXISTS burnish;
ALTER SCHEMA burnish OWNER TO burnish_owner;

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
GRANT USAGE ON SCHEMA burnish TO burnish_app, burnish_worker, burnish_lookup;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- How a table becomes a tenant table, a system table; how a function looks across workspaces.

CREATE PROCEDURE make_tenant_table(p_table text, app text, worker text, writer text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', p_table);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', p_table);
  EXECUTE format('CREATE POLICY app ON %I TO burnish_app USING (workspace_id = (SELECT nullif(current_setting(''app.workspace'', true), '''')::uuid))', p_table);
  EXECUTE format('CREATE POLICY worker ON %I TO burnish_worker USING (workspace_id = ANY ((SELECT string_to_array(nullif(current_setting(''app.workspaces'', true), ''''), '','')::uuid[])::uuid[]))', p_table);
  EXECUTE format('CREATE POLICY lookup ON %I TO burnish_lookup USING (true) WITH CHECK (true)', p_table);
  EXECUTE format('CREATE POLICY migrate ON %I TO burnish_owner USING (true) WITH CHECK (true)', p_table);
  EXECUTE format('GRANT SELECT ON %I TO burnish_lookup', p_table);
  IF app <> '' THEN EXECUTE format('GRANT %s ON %I TO burnish_app', app, p_table); END IF;
  IF worker <> '' THEN EXECUTE format('GRANT %s ON %I TO burnish_worker', worker, p_table); END IF;
  EXECUTE format('COMMENT ON TABLE %I IS %L', p_table, 'writer: ' || writer);
END $$;

CREATE PROCEDURE make_system_table(p_table text, app text, worker text, writer text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('GRANT SELECT ON %I TO burnish_lookup', p_table);
  IF app <> '' THEN EXECUTE format('GRANT %s ON %I TO burnish_app', app, p_table); END IF;
  IF worker <> '' THEN EXECUTE format('GRANT %s ON %I TO burnish_worker', worker, p_table); END IF;
  EXECUTE format('COMMENT ON TABLE %I IS %L', p_table, 'system table, writer: ' || writer);
END $$;

CREATE PROCEDURE make_lookup_function(p_function regprocedure, app boolean, worker boolean) LANGUAGE plpgsql AS $$
BEGIN
  GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
  EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', p_function);
  IF app THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO burnish_app', p_function); END IF;
  IF worker THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO burnish_worker', p_function); END IF;
  EXECUTE format('ALTER FUNCTION %s OWNER TO burnish_lookup', p_function);
  REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;
  SET LOCAL ROLE burnish_lookup;                                   -- a grant to its owner would have gone to the new one with the function
  EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO burnish_owner', p_function);
  SET LOCAL ROLE burnish_owner;
END $$;

-- Day partitions of a table that is partitioned by RANGE of a UUIDv7: its first 48 bits are milliseconds since 1970 (RFC 9562).
CREATE FUNCTION day_bound(p_day date) RETURNS uuid LANGUAGE sql STABLE SET search_path = burnish, pg_temp
RETURN (lpad(to_hex((extract(epoch FROM p_day::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

CREATE PROCEDURE make_day_partition(p_table text, p_day date) LANGUAGE plpgsql AS $$
DECLARE
  most constant integer := 10000;                                  -- rows that are moved in a fraction of a second
  part text := p_table || to_char(p_day, '_YYYYMMDD'); rest text := p_table || '_default'; lo uuid := day_bound(p_day); hi uuid := day_bound(p_day + 1);
  of_day text; n integer := 0;
BEGIN
  IF to_regclass('burnish.' || quote_ident(part)) IS NOT NULL THEN RETURN; END IF;
  IF to_regclass('burnish.' || quote_ident(rest)) IS NOT NULL THEN
    SELECT format('FROM %1$I WHERE %2$I >= %3$L AND %2$I < %4$L', p_table, a.attname, lo, hi) INTO of_day
      FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
     WHERE p.partrelid = ('burnish.' || quote_ident(p_table))::regclass;
    EXECUTE format('SELECT count(*) FROM (SELECT %s LIMIT %s) r', of_day, most + 1) INTO n;
  END IF;
  IF n > most THEN
    RAISE WARNING 'more than % rows of % lie in %: this day stays there', most, p_day, rest;
    RETURN;
  ELSIF n = 0 THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, p_table, lo, hi);
  ELSE                                                             -- came when the day had no partition; none can be made beside them
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', rest);
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, p_table);
    EXECUTE format('WITH moved AS (DELETE %s RETURNING *) INSERT INTO %I SELECT * FROM moved', of_day, part);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', p_table, part, lo, hi);
  END IF;
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
END $$;

-- A day that cannot be made now stays in the default partition until the next call, and keeps no other table from getting its own.
CREATE PROCEDURE make_day_partitions(p_table text, p_from integer, p_to integer) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN p_from..p_to LOOP
    BEGIN
      CALL make_day_partition(p_table, (clock_timestamp() AT TIME ZONE 'UTC')::date + i);
    EXCEPTION
      WHEN check_violation THEN                                    -- a row came between the look and the lock
        RAISE WARNING 'a partition of % has to wait: %', p_table, SQLERRM;
      WHEN lock_not_available OR deadlock_detected THEN            -- the other days would wait for the same locks
        RAISE WARNING 'the partitions of % have to wait: %', p_table, SQLERRM;
        RETURN;
    END;
  END LOOP;
END $$;

CREATE PROCEDURE make_default_partition(p_table text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', p_table || '_default', p_table);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', p_table || '_default');
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', p_table || '_default');
END $$;

-- Makes the partitions of today and the days to come of everything that is cut by day. Called before the services start, and by analytics and
-- webhooks now and then; harmless when repeated.
CREATE FUNCTION ensure_partitions(p_days_ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE one text; made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.ensure_partitions'));
  FOR one IN SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
              WHERE c.relnamespace = 'burnish'::regnamespace AND p.partstrat = 'r' ORDER BY 1 LOOP
    CALL make_day_partitions(one, 0, p_days_ahead);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION ensure_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(integer) TO burnish_worker;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Tenancy.

CREATE SEQUENCE account_ids AS bigint START 1000;
CREATE SEQUENCE rate_ids AS bigint START 1000;

-- What an organization may use, and what it costs. Plans are data: the operator changes and adds them (PRODUCT T7).
CREATE TABLE plans (
  plan                    text PRIMARY KEY CHECK (plan ~ '^[a-z][a-z0-9_-]{0,30}$'),
  name                    text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  rate_limit_per_minute   integer NOT NULL CHECK (rate_limit_per_minute > 0),        -- requests of one workspace
  concurrency             integer NOT NULL CHECK (concurrency > 0),                  -- waiting callers of one workspace at once
  workspaces_most         integer NOT NULL DEFAULT 20 CHECK (workspaces_most > 0),   -- that an organization may make
  base_fee_nusd           bigint NOT NULL CHECK (base_fee_nusd BETWEEN 0 AND 1000000000000000),           -- a month
  base_credit_nusd        bigint NOT NULL CHECK (base_credit_nusd BETWEEN 0 AND 1000000000000000),        -- a month
  overage_nusd            bigint NOT NULL DEFAULT 0 CHECK (overage_nusd BETWEEN 0 AND 1000000000000000),  -- credit line a month; 0: none
  optimization_fee_nusd   bigint NOT NULL DEFAULT 0 CHECK (optimization_fee_nusd BETWEEN 0 AND 1000000000000000),   -- each run
  retention_days_most     integer NOT NULL CHECK (retention_days_most BETWEEN 0 AND 3650),
  platform_keys           boolean NOT NULL,                                          -- may the operator's own provider keys be used?
  platform_allowance_nusd bigint NOT NULL DEFAULT 0 CHECK (platform_allowance_nusd BETWEEN 0 AND 1000000000000000), -- free use of them a month
  platform_markup_percent integer NOT NULL DEFAULT 0 CHECK (platform_markup_percent BETWEEN 0 AND 1000),
  updated_at              timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_system_table('plans', app => 'SELECT, INSERT, UPDATE', worker => 'SELECT', writer => 'gateway');
INSERT INTO plans (plan, name, rate_limit_per_minute, concurrency, workspaces_most, base_fee_nusd, base_credit_nusd, retention_days_most, platform_keys, platform_allowance_nusd, platform_markup_percent) VALUES
  ('free', 'Free', 60, 10, 3, 0, 1000000000, 30, true, 1000000000, 0),
  ('pro', 'Pro', 1200, 100, 20, 49000000000, 50000000000, 90, true, 0, 10),
  ('enterprise', 'Enterprise', 6000, 1000, 1000, 0, 0, 365, true, 0, 0);

-- An organization is governed and billed through its home workspace, the first one.
CREATE TABLE organizations (
  organization_id   uuid PRIMARY KEY,
  name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  plan              text NOT NULL DEFAULT 'enterprise' REFERENCES plans,
  home_workspace_id uuid,
  founded_by        uuid,                                          -- the person who founded it on their own; NULL: the operator did
  brings_credit     boolean NOT NULL DEFAULT true,                 -- does the plan give it base credit, free use and a credit line?
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp());
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON organizations TO burnish_app USING (organization_id = (SELECT nullif(current_setting('app.organization', true), '')::uuid));
CREATE POLICY lookup ON organizations TO burnish_lookup USING (true) WITH CHECK (true);
CREATE POLICY migrate ON organizations TO burnish_owner USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (name) ON organizations TO burnish_app;
GRANT SELECT ON organizations TO burnish_lookup;
COMMENT ON TABLE organizations IS 'writer: gateway';

CREATE TABLE workspaces (
  workspace_id               uuid PRIMARY KEY,
  organization_id            uuid NOT NULL REFERENCES organizations,
  name                       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  credit_account_id          bigint NOT NULL DEFAULT nextval('account_ids'),
  rate_id                    bigint NOT NULL DEFAULT nextval('rate_ids'),
  rate_limit_per_minute      integer CHECK (rate_limit_per_minute > 0),              -- lower than the plan's; NULL: the plan's
  store_content              boolean NOT NULL DEFAULT true,
  retention_days             integer NOT NULL DEFAULT 30 CHECK (retention_days >= 0), -- capped by the plan; 0: content is not stored
  legal_hold                 boolean NOT NULL DEFAULT false,                         -- nothing is forgotten while it stands
  platform_keys              boolean NOT NULL DEFAULT true,                          -- may the operator's provider keys be used here?
  only_admins_change_prompts boolean NOT NULL DEFAULT false,
  share_statistics           boolean NOT NULL DEFAULT false,                         -- opt-in to anonymous platform statistics
  suspended_at               timestamptz,
  created_at                 timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON workspaces (organization_id, workspace_id);
CALL make_tenant_table('workspaces', worker => 'SELECT', writer => 'gateway',
  app => 'SELECT, UPDATE (name, rate_limit_per_minute, store_content, retention_days, legal_hold, platform_keys, only_admins_change_prompts, share_statistics)');

CREATE TABLE api_keys (
  api_key_id            uuid PRIMARY KEY,
  workspace_id          uuid NOT NULL REFERENCES workspaces,
  name                  text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  prefix                text NOT NULL,
  digest                bytea NOT NULL,
  role                  text NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
  scopes                text[] NOT NULL DEFAULT '{}',                                -- empty: all that the role may
  is_operator           boolean NOT NULL DEFAULT false,                              -- only the command line makes one
  first_key_id          uuid,                                                        -- of a rotated key: the first of its line, which budgets name
  rate_id               bigint NOT NULL DEFAULT nextval('rate_ids'),
  rate_limit_per_minute integer CHECK (rate_limit_per_minute > 0),
  created_by            text NOT NULL DEFAULT 'operator',
  created_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at            timestamptz,
  revoked_at            timestamptz,
  last_used_at          timestamptz);
CREATE INDEX ON api_keys (prefix);
CREATE INDEX ON api_keys (workspace_id, api_key_id);
CALL make_tenant_table('api_keys', worker => '', writer => 'gateway',
  app => 'SELECT, INSERT (api_key_id, workspace_id, name, prefix, digest, role, scopes, first_key_id, rate_id, rate_limit_per_minute, created_by, expires_at), UPDATE (name, expires_at, revoked_at)');
GRANT USAGE ON SEQUENCE rate_ids TO burnish_app;

CREATE TABLE audit_log (
  audit_id     uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor        text NOT NULL,
  action       text NOT NULL,
  object_kind  text NOT NULL,
  object_id    text NOT NULL,
  before       jsonb,
  after        jsonb,
  request_id   text,
  address      text);
CREATE INDEX ON audit_log (workspace_id, audit_id);
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an entry of the audit log is never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_stays();
CALL make_tenant_table('audit_log', app => 'SELECT, INSERT', worker => 'INSERT', writer => 'gateway');

CREATE TABLE config_changes (
  change_no    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid,
  kind         text NOT NULL,
  key          text NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_system_table('config_changes', app => 'SELECT', worker => 'SELECT', writer => 'every service, through note_change');

-- Numbers become visible in order: the lock is held from before the number until the commit (a plain sequence does not promise that).
CREATE FUNCTION note_change(p_workspace uuid, p_kind text, p_key text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.config_changes'));
  INSERT INTO config_changes (workspace_id, kind, key) VALUES (p_workspace, p_kind, p_key);
END $$;
GRANT INSERT ON config_changes TO burnish_lookup;
CALL make_lookup_function('note_change(uuid, text, text)', app => true, worker => true);

-- ---------------------------------------------------------------------------------------------------------------------------------
-- The bus.

CREATE TABLE outbox (
  outbox_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  service    text NOT NULL,
  subject    text NOT NULL,
  message_id text NOT NULL,
  body       bytea NOT NULL,
  headers    jsonb,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  leased_until timestamptz,
  sent_at    timestamptz,
  stream     text,
  stream_seq bigint) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX outbox_unsent ON outbox (service, outbox_id) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (stream, stream_seq) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_sent_at ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CALL make_system_table('outbox', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT, INSERT, UPDATE, DELETE', writer => 'every service, through db.outbox and bus.relay');

CREATE TABLE event_ids (
  consumer text NOT NULL,
  event_id text NOT NULL,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, event_id));
CREATE INDEX ON event_ids (at);
CALL make_system_table('event_ids', app => '', worker => 'SELECT, INSERT, DELETE', writer => 'every consumer, through db.once');

CREATE TABLE dead_letters (
  dead_letter_id uuid PRIMARY KEY,
  consumer       text NOT NULL,
  stream         text NOT NULL,
  stream_seq     bigint NOT NULL,
  subject        text NOT NULL,
  message_id     text,
  deliveries     integer NOT NULL,
  reason         text NOT NULL,
  payload        bytea,
  headers        jsonb,
  at             timestamptz NOT NULL DEFAULT clock_timestamp(),
  replayed_at    timestamptz,
  UNIQUE (consumer, stream, stream_seq, at));
CALL make_system_table('dead_letters', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE, DELETE', writer => 'every consumer, through bus.batch');

CREATE TABLE stream_marks (
  stream       text PRIMARY KEY,
  created_at   timestamptz NOT NULL,
  highest_seq  bigint NOT NULL,
  marked_at    timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_system_table('stream_marks', app => 'SELECT, INSERT, UPDATE', worker => 'SELECT, INSERT, UPDATE', writer => 'every relay, through bus.relay');

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Models and where they are called. Platform rows are for everybody, workspace rows for one workspace and come first.

CREATE TABLE providers (
  provider   text PRIMARY KEY,
  base_url   text NOT NULL,
  simulated  boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_system_table('providers', app => 'SELECT', worker => 'SELECT', writer => 'operator');

CREATE TABLE platform_models (
  model                                text PRIMARY KEY,
  provider                             text NOT NULL REFERENCES providers,
  upstream_model                       text NOT NULL,
  display_name                         text NOT NULL,
  context_tokens                       integer NOT NULL CHECK (context_tokens > 0),
  output_tokens                        integer NOT NULL CHECK (output_tokens > 0),
  input_price_nusd_per_million         bigint CHECK (input_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  cached_input_price_nusd_per_million  bigint CHECK (cached_input_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  output_price_nusd_per_million        bigint CHECK (output_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  capabilities                         text[] NOT NULL DEFAULT '{}',
  price_version                        text NOT NULL,
  active                               boolean NOT NULL DEFAULT true,
  notes                                text NOT NULL DEFAULT '',
  created_at                           timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_system_table('platform_models', app => 'SELECT', worker => 'SELECT', writer => 'operator');

CREATE TABLE workspace_models (
  workspace_id                         uuid NOT NULL REFERENCES workspaces,
  model                                text NOT NULL,
  provider                             text NOT NULL,
  upstream_model                       text NOT NULL,
  base_url                             text NOT NULL DEFAULT '',
  display_name                         text NOT NULL,
  context_tokens                       integer NOT NULL CHECK (context_tokens > 0),
  output_tokens                        integer NOT NULL CHECK (output_tokens > 0),
  input_price_nusd_per_million         bigint CHECK (input_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  cached_input_price_nusd_per_million  bigint CHECK (cached_input_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  output_price_nusd_per_million        bigint CHECK (output_price_nusd_per_million BETWEEN 0 AND 1000000000000000),
  capabilities                         text[] NOT NULL DEFAULT '{}',
  price_version                        text NOT NULL,
  active                               boolean NOT NULL DEFAULT true,
  notes                                text NOT NULL DEFAULT '',
  created_at                           timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, model));
CALL make_tenant_table('workspace_models', app => 'SELECT, INSERT, UPDATE', worker => 'SELECT', writer => 'gateway');

INSERT INTO providers (provider, base_url, simulated) VALUES
  ('simulated', 'http://127.0.0.1:18100/v1', true),
  ('openai', 'https://api.openai.com/v1', false),
  ('anthropic', 'https://api.anthropic.com/v1', false),
  ('openrouter', 'https://openrouter.ai/api/v1', false);

-- Play prices, in play credits: 0.10 and 0.40 dollars a million tokens.
INSERT INTO platform_models (model, provider, upstream_model, display_name, context_tokens, output_tokens, input_price_nusd_per_million,
                             cached_input_price_nusd_per_million, output_price_nusd_per_million, capabilities, price_version, notes)
SELECT 'simulated/' || one, 'simulated', one, 'Simulated ' || one, 32768, 4096, 100000000, 100000000, 400000000, '{chat,streaming,json}', 'play-1',
       'A toy that needs no key. Its answers say so; no figure made with it is a figure of a real model.'
  FROM unnest(ARRAY['reader', 'writer', 'judge', 'chat']) one;

CREATE FUNCTION set_provider_base_url(p_provider text, p_base_url text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  UPDATE providers SET base_url = p_base_url, updated_at = clock_timestamp() WHERE provider = p_provider AND base_url <> p_base_url;
  IF FOUND THEN PERFORM note_change(NULL, 'provider', p_provider); END IF;
END $$;
GRANT UPDATE ON providers TO burnish_lookup;
CALL make_lookup_function('set_provider_base_url(text, text)', app => false, worker => false);

-- ---------------------------------------------------------------------------------------------------------------------------------
-- The books.

-- The first moment of the next calendar day or month in UTC. NULL period: never.
CREATE FUNCTION next_reset(p_period text, p_at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_temp
RETURN (date_trunc(p_period, p_at AT TIME ZONE 'UTC') + CASE p_period WHEN 'day' THEN interval '1 day' WHEN 'month' THEN interval '1 month' END) AT TIME ZONE 'UTC';

-- Which mark an account has passed: 0 none, 1 warned, 2 exhausted. A budget looks at what was spent, credit at what is left of it (holds may still come back).
CREATE FUNCTION crossing(p_kind smallint, p_limit bigint, p_spent bigint, p_warn bigint) RETURNS smallint LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_kind NOT IN (2, 3) THEN 0 WHEN p_spent >= p_limit THEN 2 WHEN p_warn IS NULL THEN 0
            WHEN p_kind = 2 AND p_spent >= p_warn THEN 1 WHEN p_kind = 3 AND p_limit - p_spent < p_warn THEN 1 ELSE 0 END::smallint;

-- A credit account, a budget, a job's funding and a free allowance are one kind of row: may `spent + held + amount` pass `limit`?
CREATE TABLE accounts (
  account_id        bigint PRIMARY KEY,
  workspace_id      uuid NOT NULL,
  kind              smallint NOT NULL CHECK (kind IN (2, 3, 4, 11)),  -- 2 budget, 3 credit, 4 funding of a job, 11 free allowance: also the verdict of a refusal
  parent_account_id bigint,                                        -- funding: the credit account that what is left goes back to
  reference         uuid,                                          -- funding: the job; budget: the budget; allowance: the workspace
  hard              boolean NOT NULL DEFAULT true,                 -- false: warn only
  suspended         boolean NOT NULL DEFAULT false,
  closing           boolean NOT NULL DEFAULT false,                -- funding: admits nothing more, what is left goes back
  limit_nusd        bigint NOT NULL,                               -- all but budgets: all that was ever credited
  warn_nusd         bigint,                                        -- budgets: warn when this much was spent; credit: when less than this is left
  spent_nusd        bigint NOT NULL DEFAULT 0,                     -- all but budgets: all that was ever debited
  held_nusd         bigint NOT NULL DEFAULT 0 CHECK (held_nusd >= 0),
  in_flight         integer NOT NULL DEFAULT 0 CHECK (in_flight >= 0),   -- holds whose slot this is
  crossed           smallint NOT NULL DEFAULT 0 CHECK (crossed BETWEEN 0 AND 2),   -- 0 no mark, 1 warned, 2 exhausted; its event was written
  resets_at         timestamptz,                                   -- budgets: rolled lazily by admit and settle
  period            text CHECK (period IN ('day', 'month')),       -- of the calendar, in UTC
  CHECK ((resets_at IS NULL) = (period IS NULL)),
  CHECK (kind = 2 OR limit_nusd - spent_nusd - held_nusd >= 0))
  WITH (fillfactor = 20, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ON accounts (workspace_id, account_id);
CREATE INDEX accounts_closing ON accounts (account_id) WHERE closing;
CREATE UNIQUE INDEX ON accounts (workspace_id, reference) WHERE reference IS NOT NULL;
CALL make_tenant_table('accounts', app => 'SELECT', worker => 'SELECT', writer => 'the functions of the books');
GRANT INSERT, UPDATE ON accounts TO burnish_lookup;

CREATE UNLOGGED TABLE rate_state (rate_id bigint PRIMARY KEY, tat_us bigint NOT NULL)
  WITH (fillfactor = 20, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
CALL make_system_table('rate_state', app => '', worker => '', writer => 'admit');
-- Unlogged tables are empty after a crash of PostgreSQL. The row made here says 'since ever'; when it is gone, limits start full, not fresh.
CREATE UNLOGGED TABLE rate_epoch (one boolean PRIMARY KEY DEFAULT true CHECK (one), since timestamptz NOT NULL);
CALL make_system_table('rate_epoch', app => '', worker => '', writer => 'admit');
INSERT INTO rate_epoch (since) VALUES ('-infinity');
GRANT SELECT, INSERT, UPDATE ON rate_state, rate_epoch TO burnish_lookup;

CREATE TABLE holds (                                               -- in flight only: resolving a hold deletes it
  execution_id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  amount_nusd  bigint NOT NULL CHECK (amount_nusd >= 0),
  account_ids  bigint[] NOT NULL,                                  -- who pays first, then the budgets it counts against
  lane         text NOT NULL,
  deadline     timestamptz NOT NULL,
  fence        integer NOT NULL DEFAULT 1,
  slot_account_id bigint)                                          -- where it counts as in flight; NULL: nobody waits for it
  WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ON holds (deadline);
CALL make_tenant_table('holds', app => 'SELECT', worker => 'SELECT', writer => 'the functions of the books');
GRANT INSERT, UPDATE, DELETE ON holds TO burnish_lookup;

CREATE TABLE accepted (                                            -- background executions that are not finished
  execution_id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_tenant_table('accepted', app => 'SELECT', worker => 'SELECT', writer => 'the functions of the books');
GRANT INSERT, DELETE ON accepted TO burnish_lookup;

CREATE TABLE idempotency_keys (
  workspace_id uuid NOT NULL,
  route        text NOT NULL,
  key          text NOT NULL,
  fingerprint  bytea NOT NULL,
  execution_id uuid,                                               -- executions: whose answer a repeat gets
  status       smallint,                                           -- other routes: the stored answer
  body         bytea,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, route, key));
CREATE INDEX ON idempotency_keys (at);
CALL make_tenant_table('idempotency_keys', app => 'SELECT, INSERT, UPDATE', worker => '', writer => 'gateway');
GRANT INSERT, DELETE ON idempotency_keys TO burnish_lookup;

CREATE TABLE executions (                                          -- its primary key is the one claim for posted, abandoned, expired
  execution_id        uuid NOT NULL PRIMARY KEY,
  workspace_id        uuid NOT NULL,
  fence               integer NOT NULL,
  lane                text NOT NULL,
  status              text NOT NULL CHECK (status IN ('success', 'error', 'timeout', 'rate_limited', 'cancelled', 'blocked')),
  prompt_id           uuid,
  slug                text,
  version             integer,
  label               text,
  model               text NOT NULL,
  provider            text NOT NULL,
  input_tokens        integer NOT NULL,
  output_tokens       integer NOT NULL,
  cached_input_tokens integer NOT NULL,
  usage_source        text NOT NULL CHECK (usage_source IN ('provider', 'estimated')),
  cost_nusd           bigint NOT NULL CHECK (cost_nusd >= 0),
  price_version       text,
  latency_ms          integer NOT NULL,
  first_token_ms      integer,
  cached              boolean NOT NULL DEFAULT false,
  simulated           boolean NOT NULL DEFAULT false,
  finish_reason       text,
  end_user            text,
  session_id          text,
  app                 text,
  api_key_id          uuid,
  job_id              uuid,
  request_id          text,
  provider_key_id     uuid,                                        -- the workspace's or the operator's key that paid the provider
  key_source          text,
  markup_nusd         bigint NOT NULL DEFAULT 0 CHECK (markup_nusd BETWEEN 0 AND cost_nusd),   -- of the cost: what the plan adds
  error               jsonb,
  attempts            jsonb NOT NULL DEFAULT '[]',
  finished_at         timestamptz NOT NULL) PARTITION BY RANGE (execution_id);
CREATE INDEX ON executions (workspace_id, execution_id DESC);
CREATE INDEX ON executions (workspace_id, job_id, execution_id) WHERE job_id IS NOT NULL;
CREATE INDEX ON executions (workspace_id, provider_key_id, execution_id) WHERE provider_key_id IS NOT NULL;
CALL make_tenant_table('executions', app => 'SELECT', worker => 'SELECT', writer => 'the functions of the books');

CREATE TABLE execution_contents (
  execution_id uuid NOT NULL PRIMARY KEY,
  workspace_id uuid NOT NULL,
  messages     jsonb NOT NULL,
  variables    jsonb NOT NULL,
  settings     jsonb NOT NULL,
  output       text,
  tool_calls   jsonb,
  metadata     jsonb NOT NULL) PARTITION BY RANGE (execution_id);
CALL make_tenant_table('execution_contents', app => 'SELECT', worker => 'SELECT', writer => 'the functions of the books');
CALL make_day_partitions('executions', -1, 7);
CALL make_day_partitions('execution_contents', -1, 7);
CALL make_default_partition('executions');
CALL make_default_partition('execution_contents');
GRANT INSERT ON executions, execution_contents TO burnish_lookup;

-- Accounts without a row, whose balance is a sum: 1 revenue, 2 losses, 3 grants, 4 credit on its way between workspaces, 5 payments, 6 credit lines.
CREATE TABLE transfers (                                           -- double entry: one row, two legs; never changed, never deleted
  transfer_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id      uuid NOT NULL,
  execution_id      uuid,
  kind              text NOT NULL CHECK (kind IN ('grant', 'top_up', 'base_grant', 'credit_line', 'allowance', 'allowance_expired', 'charge', 'overage', 'fee',
                                                  'funding', 'funding_return', 'refund', 'adjustment', 'move_out', 'move_in')),
  debit_account_id  bigint NOT NULL,
  credit_account_id bigint NOT NULL CHECK (credit_account_id <> debit_account_id),
  amount_nusd       bigint NOT NULL CHECK (amount_nusd BETWEEN 1 AND 1000000000000000),
  reason            text,
  reference         text,                                          -- what happens once: a month, a job, a payment
  corrects          bigint,                                        -- refund, adjustment: the transfer that it takes back in part; without a foreign key, which each charge would pay for
  at                timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((corrects IS NOT NULL) = (kind IN ('refund', 'adjustment'))));
CREATE UNIQUE INDEX ON transfers (workspace_id, execution_id, kind) WHERE execution_id IS NOT NULL;
CREATE INDEX ON transfers (workspace_id, transfer_id);
CREATE UNIQUE INDEX ON transfers (workspace_id, kind, reference) WHERE reference IS NOT NULL;
CREATE INDEX transfers_payments ON transfers (reference) WHERE kind = 'top_up' AND reference IS NOT NULL;   -- a payment is one workspace's: add_credit sees to it
CALL make_tenant_table('transfers', app => 'SELECT', worker => 'SELECT', writer => 'the functions of the books');
GRANT INSERT ON transfers TO burnish_lookup;

CREATE FUNCTION transfers_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a transfer is never changed; post a new one that corrects it' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER transfers_stay BEFORE UPDATE OR DELETE ON transfers FOR EACH ROW EXECUTE FUNCTION transfers_stay();

-- One event for the EVENTS stream, as contracts.events.Event writes it. Returns its id.
CREATE FUNCTION put_event(p_service text, p_type text, p_ws uuid, p_object_id text, p_data jsonb) RETURNS uuid LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE v_at timestamptz := clock_timestamp(); v_id uuid;
BEGIN
  v_id := derived_uuid7((lpad(to_hex((extract(epoch FROM v_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid, gen_random_uuid()::text);
  INSERT INTO outbox (service, subject, message_id, body) VALUES (p_service, 'burnish.v1.' || p_type || '.' || p_ws::text, v_id::text, convert_to(jsonb_build_object(
    'v', 1, 'id', v_id, 'type', p_type, 'workspace_id', p_ws, 'occurred_at', to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'object_id', p_object_id,
    'object_version', NULL, 'simulated', false, 'traceparent', NULL, 'hops', 0, 'data', p_data)::text, 'UTF8'));
  RETURN v_id;
END $$;

-- Begins the next period of those of these locked accounts whose period is over.
CREATE FUNCTION roll(p_accounts bigint[], p_now timestamptz) RETURNS void LANGUAGE sql SET search_path = burnish, pg_temp AS $$
  UPDATE accounts SET spent_nusd = 0, crossed = 0, resets_at = next_reset(period, p_now) WHERE account_id = ANY (p_accounts) AND resets_at <= p_now $$;

-- Notes which marks these locked accounts have passed, and says so: each once, until it is taken back. p_least 2: a refusal says 'exhausted', whatever the sums are.
CREATE FUNCTION pass_marks(p_service text, p_accounts bigint[], p_least smallint) RETURNS void LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE one record; v_data jsonb;
BEGIN
  FOR one IN SELECT a.*, c.reached, greatest(c.reached, p_least) AS after FROM accounts a, LATERAL (SELECT crossing(a.kind, a.limit_nusd, a.spent_nusd, a.warn_nusd) AS reached) c
              WHERE a.account_id = ANY (p_accounts) AND a.crossed < greatest(c.reached, p_least) ORDER BY a.account_id LOOP
    UPDATE accounts SET crossed = one.after WHERE account_id = one.account_id;
    v_data := jsonb_build_object('account_id', one.account_id, 'budget_id', CASE WHEN one.kind = 2 THEN one.reference END, 'limit_nusd', one.limit_nusd,
      'spent_nusd', one.spent_nusd, 'available_nusd', greatest(one.limit_nusd - one.spent_nusd - one.held_nusd, 0), 'period', one.period,
      'resets_at', to_char(one.resets_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
    IF one.crossed = 0 AND one.warn_nusd IS NOT NULL AND one.reached > 0 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.threshold_crossed' ELSE 'credits.low' END, one.workspace_id, coalesce(one.reference, one.workspace_id)::text, v_data);
    END IF;
    IF one.after = 2 THEN
      PERFORM put_event(p_service, CASE one.kind WHEN 2 THEN 'budget.exhausted' ELSE 'credits.exhausted' END, one.workspace_id, coalesce(one.reference, one.workspace_id)::text, v_data);
    END IF;
  END LOOP;
END $$;

-- Verdicts: 0 yes, 1 rate, 2 budget, 3 credit, 4 funding spent, 5 suspended, 6 unknown account or foreign workspace,
-- 7 this id has its row already (see original: its own id), 8 the key belongs to another execution (original) with the same body, 9 … with another body, 10 account closing,
-- 11 allowance spent, 12 too many in flight, 13 to be widened, but the hold is gone or another claim's.
-- p_repeat: this id may have been seen before (a claim, a widening, or an admission whose answer was lost). p_claim: an executor takes it: the fence rises, the deadline starts now.
-- p_widen: 0, or the fence of the claim whose hold shall reach p_amount in all, on the same accounts, without rates and slots; at or below what is held nothing changes.
-- slack_us: for each of the flattened rates, how much of its burst was free before this verdict; NULL, or missing at the end, where it was not looked at.
CREATE FUNCTION admit(
  p_exec uuid[], p_ws uuid[], p_amount bigint[], p_ttl_ms bigint[], p_lane text[], p_repeat boolean[], p_claim boolean[],   -- one per request, in order
  p_route text[], p_key text[], p_fingerprint bytea[],                                                                     -- key NULL: none
  p_subject text[], p_body bytea[],                                                                                        -- background: the message to publish; NULL: none
  p_rate_id bigint[], p_window_us bigint[], p_burst_us bigint[],                                                           -- distinct, ascending by id
  p_acct_id bigint[],                                                                                                      -- distinct, ascending; slots' accounts too
  p_rate_ix integer[], p_rate_inc bigint[], p_rate_to integer[],                                                           -- flattened: slot, µs to add; end per request
  p_acct_ix integer[], p_acct bigint[], p_acct_to integer[],                                                               -- flattened: slot, id; end per request
  p_slot_ix integer[], p_slot_most integer[], p_widen integer[],                                                           -- account that counts it (0: none), most in flight
  OUT verdict smallint[], OUT limit_id bigint[], OUT retry_us bigint[], OUT warned bigint[], OUT original uuid[], OUT fence integer[], OUT slack_us bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  n integer := cardinality(p_exec); nr integer := cardinality(p_rate_id); na integer := cardinality(p_acct_id);
  v_tat bigint[]; v_free bigint[]; v_warn bigint[]; v_ws uuid[]; v_why smallint[]; v_reset bigint[]; v_ids bigint[]; v_flight integer[];
  v_delta bigint[] := array_fill(0::bigint, ARRAY[greatest(na, 1)]);
  v_held uuid[]; v_fence integer[]; v_ended uuid[]; v_yes integer[] := '{}'; v_claimed integer[] := '{}'; v_refused bigint[] := '{}'; v_passed bigint[] := '{}';
  v_rated boolean := false; v_moved boolean := false; v_now timestamptz; now_us bigint; v_since timestamptz; r0 integer := 1; a0 integer := 1; i integer; j integer; k integer;
  t bigint; amt bigint; had bigint; vd smallint; lim bigint; ra bigint; wn bigint; org uuid; fe integer; v_print bytea; v_accounts bigint[]; lo uuid; hi uuid;
  asks smallint;                                                   -- for what is asked: 0 nothing more, 1 a wider hold, 2 a new one
BEGIN
  -- Missing rate rows are made before any lock is taken, in order.
  IF nr > 0 AND (SELECT count(*) FROM rate_state WHERE rate_id = ANY (p_rate_id)) < nr THEN
    INSERT INTO rate_epoch (since) VALUES (clock_timestamp()) ON CONFLICT DO NOTHING;
    SELECT since INTO v_since FROM rate_epoch;
    now_us := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    INSERT INTO rate_state
    SELECT u.id, CASE WHEN v_since > clock_timestamp() - u.w * interval '1 microsecond' THEN now_us + u.b ELSE 0 END
      FROM unnest(p_rate_id, p_window_us, p_burst_us) u(id, w, b) ORDER BY u.id ON CONFLICT DO NOTHING;
  END IF;
  IF true = ANY (p_repeat) THEN
    SELECT array_agg(l.execution_id), array_agg(l.fence) INTO v_held, v_fence
      FROM (SELECT h.execution_id, h.fence FROM holds h WHERE h.execution_id = ANY (p_exec) ORDER BY h.execution_id FOR UPDATE) l;
    SELECT min(e::text)::uuid, max(e::text)::uuid INTO lo, hi FROM unnest(p_exec) e;
    SELECT array_agg(x.execution_id) INTO v_ended FROM executions x
     WHERE x.execution_id BETWEEN lo AND hi AND x.execution_id = ANY (p_exec);   -- the range is what lets PostgreSQL skip partitions
  END IF;
  IF nr > 0 THEN
    SELECT array_agg(l.tat_us) INTO v_tat FROM (SELECT tat_us FROM rate_state WHERE rate_id = ANY (p_rate_id) ORDER BY rate_id FOR NO KEY UPDATE) l;
  END IF;
  SELECT array_agg(account_id), array_agg(workspace_id), array_agg(CASE WHEN suspended THEN 5 WHEN closing THEN 10 ELSE kind END::smallint),
         array_agg(CASE WHEN suspended OR closing THEN -1 WHEN hard THEN limit_nusd - sp - held_nusd ELSE 4611686018427387904 END),
         array_agg(coalesce(warn_nusd - sp - held_nusd, 4611686018427387904)),
         array_agg(coalesce((extract(epoch FROM resets_at - clock_timestamp()) * 1000000)::bigint, 0)), array_agg(in_flight)
    INTO v_ids, v_ws, v_why, v_free, v_warn, v_reset, v_flight
    FROM (SELECT *, CASE WHEN resets_at <= clock_timestamp() THEN 0 ELSE spent_nusd END AS sp
            FROM accounts WHERE account_id = ANY (p_acct_id) ORDER BY account_id FOR NO KEY UPDATE) l;
  IF coalesce(cardinality(v_ids), 0) < na THEN                     -- an account is gone: line the slots up again (rare)
    SELECT array_agg(v_ws[p]), array_agg(coalesce(v_why[p], 6::smallint)), array_agg(coalesce(v_free[p], -1)), array_agg(coalesce(v_warn[p], 0)), array_agg(coalesce(v_reset[p], 0)),
           array_agg(coalesce(v_flight[p], 0))
      INTO v_ws, v_why, v_free, v_warn, v_reset, v_flight
      FROM (SELECT array_position(v_ids, a) AS p FROM unnest(p_acct_id) WITH ORDINALITY u(a, o) ORDER BY o) s;
  END IF;
  v_now := clock_timestamp(); now_us := (extract(epoch FROM v_now) * 1000000)::bigint;   -- after the locks: waiting would make it stale
  FOR k IN 1..nr LOOP                                              -- full is the worst that a limit can be: what a lower one left behind ends with it
    IF v_tat[k] > now_us + p_burst_us[k] THEN v_tat[k] := now_us + p_burst_us[k]; v_rated := true; END IF;
  END LOOP;

  FOR i IN 1..n LOOP
    vd := 0; lim := NULL; ra := 0; wn := NULL; org := NULL; amt := p_amount[i]; fe := 1; asks := 0;
    IF p_acct_to[i] < a0 THEN vd := 6;                             -- no account named: refused, or equal keys would not be serialised
    ELSIF v_ended IS NOT NULL AND p_exec[i] = ANY (v_ended) THEN vd := 7; org := p_exec[i];
    ELSIF p_widen[i] > 0 THEN                                      -- the hold is locked, and so is its row here
      SELECT h.amount_nusd, h.fence, h.account_ids INTO had, fe, v_accounts FROM holds h WHERE h.execution_id = p_exec[i] AND h.workspace_id = p_ws[i];
      IF fe IS DISTINCT FROM p_widen[i] THEN vd := 13; fe := coalesce(fe, 0);
      ELSIF v_accounts <> p_acct[a0 : p_acct_to[i]] THEN vd := 6;
      ELSIF amt > had THEN amt := amt - had; asks := 1;
      END IF;
    ELSIF v_held IS NOT NULL AND p_exec[i] = ANY (v_held) THEN     -- a repeat: yes, nothing new
      fe := v_fence[array_position(v_held, p_exec[i])];
      IF p_claim[i] THEN fe := fe + 1; v_fence[array_position(v_held, p_exec[i])] := fe; v_claimed := v_claimed || i; END IF;
    ELSE
      asks := 2;
      IF p_key[i] IS NOT NULL THEN
        SELECT q.execution_id, q.fingerprint INTO org, v_print FROM idempotency_keys q WHERE q.workspace_id = p_ws[i] AND q.route = p_route[i] AND q.key = p_key[i];
        IF FOUND AND org IS DISTINCT FROM p_exec[i] THEN vd := CASE WHEN v_print = p_fingerprint[i] THEN 8 ELSE 9 END; ELSE org := NULL; END IF;
      END IF;
      IF vd = 0 THEN
        FOR j IN r0..p_rate_to[i] LOOP
          k := p_rate_ix[j]; t := greatest(v_tat[k] - now_us, 0) + p_rate_inc[j] - p_burst_us[k];
          slack_us[j] := p_rate_inc[j] - t;
          IF t > ra THEN ra := t; vd := 1; lim := p_rate_id[k]; END IF;
        END LOOP;
      END IF;
    END IF;
    IF asks > 0 AND vd = 0 THEN
      FOR j IN a0..p_acct_to[i] LOOP
        k := p_acct_ix[j];
        IF v_ws[k] IS DISTINCT FROM p_ws[i] THEN vd := 6; lim := p_acct_id[k]; EXIT; END IF;
        IF v_free[k] < amt AND (amt > 0 OR v_why[k] IN (5, 10)) THEN
          vd := v_why[k]; lim := p_acct_id[k]; ra := v_reset[k];
          IF ra < 0 THEN SELECT (extract(epoch FROM next_reset(period, v_now) - v_now) * 1000000)::bigint INTO ra FROM accounts WHERE account_id = lim; END IF;
          IF vd IN (2, 3) AND lim <> ALL (v_refused) THEN          -- exhausted, if the balance itself does not suffice: what is held may come back
            v_refused := v_refused || lim;
            PERFORM 1 FROM accounts WHERE account_id = lim AND (crossed < 2 OR resets_at <= v_now) AND (kind = 2 OR limit_nusd > 0)
                                      AND limit_nusd - CASE WHEN resets_at <= v_now THEN 0 ELSE spent_nusd END < amt;
            IF FOUND THEN v_passed := v_passed || lim; END IF;
          END IF;
          EXIT;
        END IF;
        IF v_warn[k] < amt THEN wn := p_acct_id[k]; END IF;
      END LOOP;
      IF asks = 2 AND vd = 0 AND p_slot_ix[i] > 0 AND p_lane[i] = 'interactive' THEN
        k := p_slot_ix[i];
        IF v_flight[k] >= p_slot_most[i] OR v_why[k] IN (5, 10) OR v_ws[k] IS DISTINCT FROM p_ws[i] THEN
          vd := CASE WHEN v_ws[k] IS DISTINCT FROM p_ws[i] THEN 6 WHEN v_why[k] IN (5, 10) THEN v_why[k] ELSE 12 END; lim := p_acct_id[k];
        ELSE v_flight[k] := v_flight[k] + 1;
        END IF;
      END IF;
      IF vd = 0 THEN
        FOR j IN a0..p_acct_to[i] LOOP
          k := p_acct_ix[j]; v_free[k] := v_free[k] - amt; v_warn[k] := v_warn[k] - amt; v_delta[k] := v_delta[k] + amt;
        END LOOP;
        v_moved := true;
        IF asks = 1 THEN
          UPDATE holds SET amount_nusd = p_amount[i] WHERE execution_id = p_exec[i];   -- now, so that another widening of this batch sees it
        ELSE
          FOR j IN r0..p_rate_to[i] LOOP
            k := p_rate_ix[j]; v_tat[k] := greatest(v_tat[k], now_us) + p_rate_inc[j]; v_rated := true;
          END LOOP;
          IF p_key[i] IS NOT NULL THEN
            INSERT INTO idempotency_keys (workspace_id, route, key, fingerprint, execution_id) VALUES (p_ws[i], p_route[i], p_key[i], p_fingerprint[i], p_exec[i]);
          END IF;
          v_yes := v_yes || i;
          IF p_repeat[i] THEN v_held := v_held || p_exec[i]; v_fence := v_fence || 1; END IF;
        END IF;
      END IF;
    END IF;
    verdict[i] := vd; limit_id[i] := lim; retry_us[i] := ra; warned[i] := wn; original[i] := org; fence[i] := fe;
    r0 := p_rate_to[i] + 1; a0 := p_acct_to[i] + 1;
  END LOOP;

  IF v_rated THEN
    UPDATE rate_state r SET tat_us = u.t FROM unnest(p_rate_id, v_tat) u(id, t) WHERE r.rate_id = u.id AND r.tat_us <> u.t;
  END IF;
  IF cardinality(v_claimed) > 0 THEN
    UPDATE holds h SET fence = c.f, deadline = v_now + c.ttl * interval '1 millisecond'
      FROM (SELECT p_exec[y] AS id, max(fence[y]) AS f, max(p_ttl_ms[y]) AS ttl FROM unnest(v_claimed) y GROUP BY 1) c WHERE h.execution_id = c.id;
  END IF;
  IF 0 > ANY (v_reset) AND (v_moved OR cardinality(v_passed) > 0) THEN PERFORM roll(p_acct_id, v_now); END IF;
  IF v_moved THEN
    UPDATE accounts a SET held_nusd = held_nusd + u.d, in_flight = u.f FROM unnest(p_acct_id, v_delta, v_flight) u(id, d, f)
     WHERE a.account_id = u.id AND (u.d > 0 OR u.f <> a.in_flight);
  END IF;
  IF cardinality(v_yes) > 0 THEN
    INSERT INTO holds (execution_id, workspace_id, amount_nusd, account_ids, slot_account_id, lane, deadline)
    SELECT p_exec[y], p_ws[y], p_amount[y], p_acct[CASE y WHEN 1 THEN 1 ELSE p_acct_to[y - 1] + 1 END : p_acct_to[y]],
           CASE WHEN p_lane[y] = 'interactive' THEN p_acct_id[p_slot_ix[y]] END, p_lane[y], v_now + p_ttl_ms[y] * interval '1 millisecond'
      FROM unnest(v_yes) y;
    INSERT INTO accepted (execution_id, workspace_id) SELECT p_exec[y], p_ws[y] FROM unnest(v_yes) y WHERE p_body[y] IS NOT NULL;
    INSERT INTO outbox (service, subject, message_id, body) SELECT 'gateway', p_subject[y], p_exec[y]::text || ':1', p_body[y] FROM unnest(v_yes) y WHERE p_body[y] IS NOT NULL;
  END IF;
  IF cardinality(v_passed) > 0 THEN PERFORM pass_marks('gateway', v_passed, 2::smallint); END IF;
END $$;
GRANT INSERT ON outbox TO burnish_lookup;

CREATE TYPE finished_execution AS (
  execution_id uuid, workspace_id uuid, fence integer, lane text, status text, prompt_id uuid, slug text, version integer, label text, model text, provider text,
  input_tokens integer, output_tokens integer, cached_input_tokens integer, usage_source text, cost_nusd bigint, price_version text, latency_ms integer,
  first_token_ms integer, cached boolean, simulated boolean, finish_reason text, end_user text, session_id text, app text, api_key_id uuid, job_id uuid,
  request_id text, provider_key_id uuid, key_source text, markup_nusd bigint, error text, attempts text, finished_at timestamptz,
  messages text, variables text, settings text, output text, tool_calls text, metadata text,     -- messages NULL: content is not stored
  completed_event text, background_event text, background_subject text);

-- Posts finished executions; returns those whose row this call made. A repeat, and an item whose hold carries a higher fence, change nothing.
CREATE FUNCTION settle(p_rows finished_execution[], p_service text, p_event_id text) RETURNS uuid[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  v_ids uuid[]; v_new uuid[]; v_done uuid[]; v_held uuid[]; v_fence integer[]; v_accounts bigint[]; v_due boolean; v_passed bigint[]; lo uuid; hi uuid; v_events text;
BEGIN
  SELECT array_agg(r.execution_id), min(r.execution_id::text)::uuid, max(r.execution_id::text)::uuid INTO v_ids, lo, hi FROM unnest(p_rows) r;
  SELECT array_agg(l.execution_id), array_agg(l.fence) INTO v_held, v_fence
    FROM (SELECT h.execution_id, h.fence FROM holds h WHERE h.execution_id = ANY (v_ids) ORDER BY h.execution_id FOR UPDATE) l;
  WITH fresh AS MATERIALIZED (
    SELECT DISTINCT ON (r.execution_id) r.* FROM unnest(p_rows) r LEFT JOIN unnest(v_held, v_fence) h(id, f) ON h.id = r.execution_id
     WHERE h.f IS NULL OR h.f <= r.fence ORDER BY r.execution_id, r.fence DESC),
  made AS (
    INSERT INTO executions (execution_id, workspace_id, fence, lane, status, prompt_id, slug, version, label, model, provider, input_tokens, output_tokens,
        cached_input_tokens, usage_source, cost_nusd, price_version, latency_ms, first_token_ms, cached, simulated, finish_reason, end_user, session_id, app,
        api_key_id, job_id, request_id, provider_key_id, key_source, markup_nusd, error, attempts, finished_at)
    SELECT execution_id, workspace_id, fence, lane, status, prompt_id, slug, version, label, model, provider, input_tokens, output_tokens,
        cached_input_tokens, usage_source, cost_nusd, price_version, latency_ms, first_token_ms, cached, simulated, finish_reason, end_user, session_id, app,
        api_key_id, job_id, request_id, provider_key_id, key_source, coalesce(markup_nusd, 0), error::jsonb, attempts::jsonb, finished_at
      FROM fresh ON CONFLICT DO NOTHING RETURNING execution_id),
  content AS (
    INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, output, tool_calls, metadata)
    SELECT f.execution_id, f.workspace_id, f.messages::jsonb, f.variables::jsonb, f.settings::jsonb, f.output, f.tool_calls::jsonb, f.metadata::jsonb
      FROM fresh f JOIN made USING (execution_id) WHERE f.messages IS NOT NULL ON CONFLICT DO NOTHING)
  SELECT array_agg(execution_id) INTO v_new FROM made;
  v_new := coalesce(v_new, '{}');

  -- Holds to resolve: those of new rows, and those whose row somebody else had made.
  v_done := v_new;
  IF v_held IS NOT NULL AND EXISTS (SELECT FROM unnest(v_held) h WHERE h <> ALL (v_new)) THEN
    SELECT v_done || coalesce(array_agg(x.execution_id), '{}') INTO v_done FROM executions x
     WHERE x.execution_id BETWEEN lo AND hi AND x.execution_id = ANY (v_held) AND x.execution_id <> ALL (v_new);
  END IF;
  IF cardinality(v_done) = 0 THEN RETURN v_new; END IF;
  SELECT array_agg(a.id) INTO v_accounts FROM holds h, unnest(h.account_ids || h.slot_account_id) a(id) WHERE h.execution_id = ANY (v_done);
  IF v_accounts IS NOT NULL THEN
    SELECT bool_or(l.due) INTO v_due FROM (SELECT resets_at <= clock_timestamp() AS due FROM accounts WHERE account_id = ANY (v_accounts) ORDER BY account_id FOR NO KEY UPDATE) l;
    IF v_due THEN PERFORM roll(v_accounts, clock_timestamp()); END IF;
  END IF;
  WITH gone AS (DELETE FROM holds WHERE execution_id = ANY (v_done) RETURNING execution_id, amount_nusd, account_ids, slot_account_id),
  item AS MATERIALIZED (
    SELECT DISTINCT ON (i.id) i.id, r.workspace_id AS ws, CASE WHEN i.id = ANY (v_new) THEN r.cost_nusd ELSE 0 END AS cost, coalesce(g.amount_nusd, 0) AS held,
           g.account_ids AS accts, g.slot_account_id AS slot
      FROM unnest(v_done) i(id) JOIN unnest(p_rows) r ON r.execution_id = i.id LEFT JOIN gone g ON g.execution_id = i.id ORDER BY i.id, r.fence DESC),
  moved AS (
    UPDATE accounts a SET held_nusd = held_nusd - d.h, in_flight = in_flight - d.s, spent_nusd = spent_nusd + d.c
      FROM (SELECT u.id, sum(u.h)::bigint AS h, sum(u.c)::bigint AS c, sum(u.s)::integer AS s
              FROM (SELECT p.id, held AS h, least(cost, held) AS c, 0 AS s FROM item, unnest(accts) p(id)
                    UNION ALL SELECT slot, 0, 0, 1 FROM item WHERE slot IS NOT NULL) u GROUP BY u.id) d
     WHERE a.account_id = d.id AND (d.h <> 0 OR d.c <> 0 OR d.s <> 0)
    RETURNING a.account_id, d.c > 0 AND a.crossed < crossing(a.kind, a.limit_nusd, a.spent_nusd, a.warn_nusd) AS passes),
  posted AS (
    INSERT INTO transfers (workspace_id, execution_id, kind, debit_account_id, credit_account_id, amount_nusd)
    SELECT ws, id, 'charge', accts[1], 1, least(cost, held) FROM item WHERE least(cost, held) > 0
    UNION ALL SELECT ws, id, 'overage', 2, 1, cost - held FROM item WHERE cost > held)
  SELECT array_agg(account_id) INTO v_passed FROM moved WHERE passes;
  IF v_passed IS NOT NULL THEN PERFORM pass_marks(p_service, v_passed, 0::smallint); END IF;
  DELETE FROM accepted WHERE execution_id = ANY (v_done);
  IF cardinality(v_new) > 0 THEN
    SELECT string_agg(r.completed_event, ',') INTO v_events FROM (SELECT DISTINCT ON (execution_id) * FROM unnest(p_rows) ORDER BY execution_id, fence DESC) r WHERE r.execution_id = ANY (v_new);
    INSERT INTO outbox (service, subject, message_id, body)
    VALUES (p_service, 'burnish.v1.executions.completed.batch', p_event_id, convert_to('{"v":1,"event_id":"' || p_event_id || '","items":[' || v_events || ']}', 'UTF8'));
    INSERT INTO outbox (service, subject, message_id, body)
    SELECT DISTINCT ON (r.execution_id) p_service, r.background_subject, 'completed:' || r.execution_id, convert_to(r.background_event, 'UTF8')
      FROM unnest(p_rows) r WHERE r.execution_id = ANY (v_new) AND r.background_event IS NOT NULL ORDER BY r.execution_id, r.fence DESC;
  END IF;
  RETURN v_new;
END $$;

-- The same id for the same name, with the time of p_origin (a UUIDv7). Must agree with burnish_shared.ids.derived_uuid7.
CREATE FUNCTION derived_uuid7(p_origin uuid, p_name text) RETURNS uuid LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT (substr(replace(p_origin::text, '-', ''), 1, 12) || '7' || substr(h, 2, 3) || translate(substr(h, 5, 1), '0123456789abcdef', '89ab89ab89ab89ab') || substr(h, 6, 15))::uuid
    FROM (SELECT encode(sha256(convert_to(p_origin::text || p_name, 'UTF8')), 'hex') AS h) d $$;

-- The row of an execution that nobody can finish any more, and its events (those that books/finished.py makes of a finished one).
-- p_code says why: `expired`, `not_dispatched`.
CREATE FUNCTION ended_without_answer(p_exec uuid, p_ws uuid, p_fence integer, p_lane text, p_status text, p_code text, p_message text) RETURNS finished_execution
LANGUAGE sql SET search_path = burnish, pg_temp AS $$
  SELECT ROW(p_exec, p_ws, p_fence, p_lane, p_status, NULL, NULL, NULL, NULL, '', '', 0, 0, 0, 'estimated', 0, NULL,
    t.latency_ms, NULL, false, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
    jsonb_build_object('type', 'api_error', 'code', p_code, 'message', p_message, 'retryable', true)::text, '[]', t.at,
    NULL, NULL, NULL, NULL, NULL, NULL,
    jsonb_build_object('execution_id', p_exec, 'workspace_id', p_ws, 'lane', p_lane, 'status', p_status, 'model', '', 'provider', '', 'input_tokens', 0, 'output_tokens', 0,
      'cost_nusd', 0, 'latency_ms', t.latency_ms, 'finished_at', t.at_text)::text,
    CASE WHEN p_lane = 'background' THEN jsonb_build_object('v', 1, 'id', derived_uuid7(p_exec, 'execution.completed'), 'type', 'execution.completed', 'workspace_id', p_ws,
      'occurred_at', t.at_text, 'object_id', p_exec, 'object_version', NULL, 'simulated', false, 'traceparent', NULL, 'hops', 0,
      'data', jsonb_build_object('execution_id', p_exec, 'status', p_status, 'prompt', NULL, 'version', NULL, 'label', NULL, 'model', '', 'cost_nusd', 0, 'latency_ms', t.latency_ms))::text END,
    CASE WHEN p_lane = 'background' THEN 'burnish.v1.execution.completed.' || p_ws::text END)::finished_execution
    FROM (SELECT c.at, to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at_text,
                 greatest(0, least(2147483647, extract(epoch FROM c.at - to_timestamp(('x' || substr(replace(p_exec::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)) * 1000))::integer AS latency_ms
            FROM (SELECT clock_timestamp() AS at OFFSET 0) c OFFSET 0) t $$;

-- Ends holds past deadline + p_grace (the database's clock). Any number may run at once. Returns how many it ended.
CREATE FUNCTION expire(p_grace_ms bigint, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_rows finished_execution[];
BEGIN
  SELECT array_agg(ended_without_answer(l.execution_id, l.workspace_id, l.fence, l.lane, 'timeout', 'expired', 'Nobody finished this execution before its deadline.')) INTO v_rows
    FROM (SELECT execution_id, workspace_id, fence, lane FROM holds WHERE deadline < clock_timestamp() - p_grace_ms * interval '1 millisecond'
           ORDER BY execution_id LIMIT p_most FOR UPDATE SKIP LOCKED) l;
  IF v_rows IS NULL THEN RETURN 0; END IF;
  RETURN cardinality(settle(v_rows, 'executor', 'expired:' || gen_random_uuid()::text));
END $$;

-- The gateway gives up an execution that no executor took: a row says so, nothing is charged, its key is free again. False: it has a row already.
CREATE FUNCTION abandon(p_exec uuid, p_ws uuid, p_route text, p_key text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_fence integer; v_lane text; v_made uuid[];
BEGIN
  SELECT fence, lane INTO v_fence, v_lane FROM holds WHERE execution_id = p_exec AND workspace_id = p_ws FOR UPDATE;
  v_made := settle(ARRAY[ended_without_answer(p_exec, p_ws, coalesce(v_fence, 1), coalesce(v_lane, 'interactive'), 'error', 'not_dispatched', 'No executor could take this execution.')],
                   'executor', 'abandoned:' || p_exec::text);
  IF cardinality(v_made) > 0 AND p_key IS NOT NULL THEN
    DELETE FROM idempotency_keys WHERE workspace_id = p_ws AND route = p_route AND key = p_key AND execution_id = p_exec;
  END IF;
  RETURN cardinality(v_made) > 0;
END $$;

-- Of these executions, those whose row stands under the given fence: a settlement whose answer was lost did its work.
CREATE FUNCTION own_rows(p_exec uuid[], p_fence integer[]) RETURNS TABLE (execution_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT x.execution_id FROM unnest(p_exec, p_fence) u(id, f) JOIN executions x ON x.execution_id = u.id AND x.fence = u.f $$;

-- Takes the execution away from whoever runs it. NULL: it has no hold any more, so read its row.
CREATE FUNCTION raise_fence(p_exec uuid, p_ws uuid) RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  UPDATE holds SET fence = fence + 1 WHERE execution_id = p_exec AND workspace_id = p_ws RETURNING fence $$;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Money that moves without an execution. Each function locks its accounts by id ascending before it looks; call one of them in a transaction.

-- What of a locked account goes out, and comes in; the marks move with it. A small top-up ends 'exhausted' and leaves 'warned'.
CREATE FUNCTION take(p_account bigint, p_amount bigint) RETURNS void LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
BEGIN
  UPDATE accounts SET spent_nusd = spent_nusd + p_amount WHERE account_id = p_account;
  PERFORM pass_marks('gateway', ARRAY[p_account], 0::smallint);
END $$;

CREATE FUNCTION give(p_account bigint, p_amount bigint) RETURNS void LANGUAGE sql SET search_path = burnish, pg_temp AS $$
  UPDATE accounts SET limit_nusd = limit_nusd + p_amount, crossed = least(crossed, crossing(kind, limit_nusd + p_amount, spent_nusd, warn_nusd)) WHERE account_id = p_account $$;

CREATE FUNCTION post(p_ws uuid, p_kind text, p_debit bigint, p_credit bigint, p_amount bigint, p_reason text, p_reference text, p_corrects bigint) RETURNS bigint
LANGUAGE sql SET search_path = burnish, pg_temp AS $$
  INSERT INTO transfers (workspace_id, kind, debit_account_id, credit_account_id, amount_nusd, reason, reference, corrects)
  VALUES (p_ws, p_kind, p_debit, p_credit, p_amount, p_reason, p_reference, p_corrects) RETURNING transfer_id $$;

-- What a locked account of this workspace has free; -1 while it is suspended or closing, NULL: no such account of this kind.
CREATE FUNCTION free_of(p_ws uuid, p_account bigint, p_kind smallint) RETURNS bigint LANGUAGE sql SET search_path = burnish, pg_temp AS $$
  SELECT CASE WHEN suspended OR closing THEN -1 ELSE limit_nusd - spent_nusd - held_nusd END FROM accounts
   WHERE account_id = p_account AND workspace_id = p_ws AND kind = p_kind FOR NO KEY UPDATE $$;

-- Moves credit into a job's own account, in the caller's transaction. NULL: not enough credit. The same reference twice: the first account again.
CREATE FUNCTION fund(p_ws uuid, p_credit_account bigint, p_amount bigint, p_reference uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_free bigint; v_id bigint;
BEGIN
  IF p_amount <= 0 OR p_amount > 1000000000000000 THEN RAISE EXCEPTION 'amount out of range' USING ERRCODE = 'numeric_value_out_of_range'; END IF;
  v_free := free_of(p_ws, p_credit_account, 3::smallint);
  IF v_free IS NULL THEN RETURN NULL; END IF;
  SELECT account_id INTO v_id FROM accounts WHERE workspace_id = p_ws AND reference = p_reference;
  IF v_id IS NOT NULL THEN RETURN v_id; END IF;
  IF v_free < p_amount THEN RETURN NULL; END IF;
  v_id := nextval('account_ids');
  INSERT INTO accounts (account_id, workspace_id, kind, parent_account_id, reference, limit_nusd) VALUES (v_id, p_ws, 4, p_credit_account, p_reference, p_amount);
  PERFORM take(p_credit_account, p_amount), post(p_ws, 'funding', p_credit_account, v_id, p_amount, NULL, NULL, NULL);
  RETURN v_id;
END $$;
GRANT USAGE ON SEQUENCE account_ids TO burnish_lookup;

-- Gives back what closing accounts that hold nothing any more have left. NULL: all of them. Returns how many gave back.
CREATE FUNCTION return_funding(p_account bigint) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_ids bigint[]; one record; n integer := 0;
BEGIN
  SELECT array_agg(c.id) INTO v_ids FROM (SELECT account_id AS id FROM accounts WHERE closing AND kind = 4 AND (p_account IS NULL OR account_id = p_account)
                                             AND held_nusd = 0 AND limit_nusd > spent_nusd ORDER BY account_id LIMIT 100) c;
  IF v_ids IS NULL THEN RETURN 0; END IF;
  PERFORM 1 FROM accounts WHERE account_id = ANY (v_ids || ARRAY(SELECT parent_account_id FROM accounts WHERE account_id = ANY (v_ids))) ORDER BY account_id FOR NO KEY UPDATE;
  FOR one IN SELECT account_id, parent_account_id, workspace_id, limit_nusd - spent_nusd AS rest FROM accounts
              WHERE account_id = ANY (v_ids) AND held_nusd = 0 AND limit_nusd > spent_nusd ORDER BY account_id LOOP
    PERFORM take(one.account_id, one.rest), give(one.parent_account_id, one.rest),
            post(one.workspace_id, 'funding_return', one.account_id, one.parent_account_id, one.rest, NULL, NULL, NULL);
    n := n + 1;
  END LOOP;
  RETURN n;
END $$;

-- Ends a job's account: nothing more is admitted, what is free goes back now, the rest when its last hold is gone (the sweeper sees to it).
CREATE FUNCTION close_funding(p_account bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM 1 FROM accounts WHERE account_id = p_account OR account_id = (SELECT parent_account_id FROM accounts WHERE account_id = p_account) ORDER BY account_id FOR NO KEY UPDATE;
  UPDATE accounts SET closing = true WHERE account_id = p_account AND kind = 4;
  PERFORM return_funding(p_account);
END $$;

-- Credit that comes in: `grant`, `base_grant` (a plan's, each month), `top_up` (paid for), on a credit account; `allowance` on an allowance account.
-- The same reference twice: the first transfer again, nothing moves; that of a payment counts once in the installation, so the first one may be another workspace's.
-- Returns the transfer's id; NULL: no such account.
CREATE FUNCTION add_credit(p_ws uuid, p_account bigint, p_kind text, p_amount bigint, p_reference text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_id bigint;
BEGIN
  IF p_kind NOT IN ('grant', 'base_grant', 'top_up', 'allowance') THEN RAISE EXCEPTION 'credit cannot come in as %', p_kind USING ERRCODE = 'invalid_parameter_value'; END IF;
  IF p_kind = 'top_up' THEN PERFORM pg_advisory_xact_lock(hashtext('burnish.payment'), hashtext(p_reference)); END IF;
  IF free_of(p_ws, p_account, CASE p_kind WHEN 'allowance' THEN 11 ELSE 3 END::smallint) IS NULL THEN RETURN NULL; END IF;
  IF p_kind = 'top_up' THEN SELECT transfer_id INTO v_id FROM transfers WHERE kind = 'top_up' AND reference = p_reference;
  ELSE SELECT transfer_id INTO v_id FROM transfers WHERE workspace_id = p_ws AND kind = p_kind AND reference = p_reference;
  END IF;
  IF v_id IS NOT NULL THEN RETURN v_id; END IF;
  PERFORM give(p_account, p_amount);
  RETURN post(p_ws, p_kind, CASE p_kind WHEN 'top_up' THEN 5 ELSE 3 END, p_account, p_amount, p_reason, p_reference, NULL);
END $$;

-- A gift to a workspace. Returns all that its credit account was ever given.
CREATE FUNCTION grant_credit(p_ws uuid, p_amount bigint, p_reason text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_account bigint; v_limit bigint;
BEGIN
  SELECT credit_account_id INTO v_account FROM workspaces WHERE workspace_id = p_ws;
  PERFORM add_credit(p_ws, v_account, 'grant', p_amount, NULL, p_reason);
  SELECT limit_nusd INTO v_limit FROM accounts WHERE account_id = v_account;
  RETURN v_limit;
END $$;

-- The account of a workspace's free use of the operator's keys; made when it is first asked for.
CREATE FUNCTION make_allowance_account(p_ws uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_id bigint;
BEGIN
  INSERT INTO accounts (account_id, workspace_id, kind, reference, limit_nusd, suspended)
  SELECT nextval('account_ids'), w.workspace_id, 11, w.workspace_id, 0, w.suspended_at IS NOT NULL FROM workspaces w
   WHERE w.workspace_id = p_ws AND NOT EXISTS (SELECT FROM accounts a WHERE a.workspace_id = p_ws AND a.reference = p_ws)
  ON CONFLICT (workspace_id, reference) WHERE reference IS NOT NULL DO NOTHING;
  SELECT account_id INTO v_id FROM accounts WHERE workspace_id = p_ws AND reference = p_ws;
  RETURN v_id;
END $$;

-- Begins a period of free use: what is free of the last one expires, p_amount (0: none) is given. False: this reference had its turn already.
CREATE FUNCTION renew_allowance(p_ws uuid, p_account bigint, p_amount bigint, p_reference text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_rest bigint;
BEGIN
  SELECT limit_nusd - spent_nusd - held_nusd INTO v_rest FROM accounts WHERE account_id = p_account AND workspace_id = p_ws AND kind = 11 FOR NO KEY UPDATE;
  IF v_rest IS NULL OR EXISTS (SELECT FROM transfers WHERE workspace_id = p_ws AND kind IN ('allowance', 'allowance_expired') AND reference = p_reference) THEN RETURN false; END IF;
  IF v_rest > 0 THEN
    PERFORM take(p_account, v_rest), post(p_ws, 'allowance_expired', p_account, 3, v_rest, NULL, p_reference, NULL);
  END IF;
  IF p_amount > 0 THEN
    PERFORM give(p_account, p_amount), post(p_ws, 'allowance', 3, p_account, p_amount, NULL, p_reference, NULL);
  END IF;
  RETURN v_rest > 0 OR p_amount > 0;
END $$;

-- Gives back a charge or fee, whole or in part, to the account that paid (a job's that is ended: to its credit). What the execution cost stays as it was,
-- and so does what budgets counted. No row: no such charge. refund_id NULL: p_amount is more than left_nusd.
CREATE FUNCTION refund(p_ws uuid, p_transfer bigint, p_amount bigint, p_reason text) RETURNS TABLE (refund_id bigint, left_nusd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_account bigint; v_amount bigint;
BEGIN
  SELECT CASE WHEN a.kind = 4 THEN a.parent_account_id ELSE a.account_id END, t.amount_nusd INTO v_account, v_amount
    FROM transfers t JOIN accounts a ON a.account_id = t.debit_account_id WHERE t.workspace_id = p_ws AND t.transfer_id = p_transfer AND t.kind IN ('charge', 'fee');
  IF v_account IS NULL THEN RETURN; END IF;
  PERFORM 1 FROM accounts WHERE account_id = v_account FOR NO KEY UPDATE;
  left_nusd := v_amount - (SELECT coalesce(sum(amount_nusd), 0) FROM transfers WHERE workspace_id = p_ws AND execution_id IS NULL AND corrects = p_transfer);
  IF p_amount <= left_nusd THEN
    PERFORM give(v_account, p_amount);
    refund_id := post(p_ws, 'refund', 1, v_account, p_amount, p_reason, NULL, p_transfer);
    left_nusd := left_nusd - p_amount;
  END IF;
  RETURN NEXT;
END $$;

-- Takes back credit that should not have come in, whole or in part, as far as it is still there. No row: no such transfer. adjustment_id NULL: p_amount is more than left_nusd.
CREATE FUNCTION adjust(p_ws uuid, p_transfer bigint, p_amount bigint, p_reason text) RETURNS TABLE (adjustment_id bigint, left_nusd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_account bigint; v_from bigint; v_amount bigint; v_free bigint;
BEGIN
  SELECT t.credit_account_id, t.debit_account_id, t.amount_nusd INTO v_account, v_from, v_amount
    FROM transfers t WHERE t.workspace_id = p_ws AND t.transfer_id = p_transfer AND t.kind IN ('grant', 'top_up', 'base_grant', 'allowance', 'credit_line', 'refund');
  IF v_account IS NULL THEN RETURN; END IF;
  SELECT limit_nusd - spent_nusd - held_nusd INTO v_free FROM accounts WHERE account_id = v_account FOR NO KEY UPDATE;
  left_nusd := least(v_free, v_amount - (SELECT coalesce(sum(amount_nusd), 0) FROM transfers WHERE workspace_id = p_ws AND execution_id IS NULL AND corrects = p_transfer));
  IF p_amount <= left_nusd THEN
    PERFORM take(v_account, p_amount);
    adjustment_id := post(p_ws, 'adjustment', v_account, v_from, p_amount, p_reason, NULL, p_transfer);
    left_nusd := left_nusd - p_amount;
  END IF;
  RETURN NEXT;
END $$;

-- Takes a fee from a credit account, once for each reference. False: the credit does not suffice (or is suspended), nothing was taken. Amount 0: true.
CREATE FUNCTION charge_fee(p_ws uuid, p_account bigint, p_amount bigint, p_reference text, p_reason text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_free bigint := free_of(p_ws, p_account, 3::smallint);
BEGIN
  IF v_free IS NULL THEN RETURN false; END IF;
  IF p_amount = 0 OR EXISTS (SELECT FROM transfers WHERE workspace_id = p_ws AND kind = 'fee' AND reference = p_reference) THEN RETURN true; END IF;
  IF v_free < p_amount THEN RETURN false; END IF;
  PERFORM take(p_account, p_amount), post(p_ws, 'fee', p_account, 1, p_amount, p_reason, p_reference, NULL);
  RETURN true;
END $$;

-- What the workspaces of this one's organization have drawn together on its credit line in the running calendar month (UTC).
CREATE FUNCTION credit_line_used(p_ws uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT coalesce(sum(t.amount_nusd), 0)::bigint FROM workspaces w JOIN workspaces o USING (organization_id) JOIN transfers t ON t.workspace_id = o.workspace_id
   WHERE w.workspace_id = p_ws AND t.execution_id IS NULL AND t.kind = 'credit_line' AND t.at >= date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' $$;

-- Draws on the credit line for a call that needs p_need: at most p_cap in a calendar month (UTC), all workspaces of the organization together.
-- Returns what was drawn, 0: the line does not reach. The organization's lock comes before the account's, and nothing takes them the other way round.
-- Marks stay as they are: borrowed credit is no top-up, and each draw would say 'exhausted' again.
CREATE FUNCTION draw_credit_line(p_ws uuid, p_account bigint, p_need bigint, p_cap bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_free bigint; v_drawn bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.credit_line'), hashtext(w.organization_id::text)) FROM workspaces w WHERE w.workspace_id = p_ws;
  v_free := free_of(p_ws, p_account, 3::smallint);
  IF v_free IS NULL OR v_free < 0 OR p_need <= 0 THEN RETURN 0; END IF;
  v_drawn := least(p_need, p_cap - credit_line_used(p_ws));
  IF v_drawn <= 0 OR v_free + v_drawn < p_need THEN RETURN 0; END IF;
  UPDATE accounts SET limit_nusd = limit_nusd + v_drawn WHERE account_id = p_account;
  PERFORM post(p_ws, 'credit_line', 6, p_account, v_drawn, NULL, NULL, NULL);
  RETURN v_drawn;
END $$;

-- Moves credit between two workspaces of one organization, over account 4. True: moved, false: not so much is free, NULL: no such two accounts.
CREATE FUNCTION move_credit(p_from_ws uuid, p_from bigint, p_to_ws uuid, p_to bigint, p_amount bigint, p_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_free bigint;
BEGIN
  IF p_from_ws = p_to_ws OR NOT EXISTS (SELECT FROM workspaces f JOIN workspaces t USING (organization_id) WHERE f.workspace_id = p_from_ws AND t.workspace_id = p_to_ws) THEN RETURN NULL; END IF;
  PERFORM 1 FROM accounts WHERE account_id IN (p_from, p_to) ORDER BY account_id FOR NO KEY UPDATE;
  v_free := free_of(p_from_ws, p_from, 3::smallint);
  IF v_free IS NULL OR free_of(p_to_ws, p_to, 3::smallint) IS NULL THEN RETURN NULL; END IF;
  IF v_free < p_amount THEN RETURN false; END IF;
  PERFORM take(p_from, p_amount), give(p_to, p_amount);
  PERFORM post(p_from_ws, 'move_out', p_from, 4, p_amount, p_reason, NULL, NULL);
  PERFORM post(p_to_ws, 'move_in', 4, p_to, p_amount, p_reason, NULL, NULL);
  RETURN true;
END $$;

-- Nothing of a suspended workspace is admitted; what is under way ends as usual. Returns whether that changed anything.
CREATE FUNCTION suspend_workspace(p_ws uuid, p_suspended boolean) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_is boolean;
BEGIN
  PERFORM 1 FROM accounts WHERE workspace_id = p_ws ORDER BY account_id FOR NO KEY UPDATE;
  SELECT suspended_at IS NOT NULL INTO v_is FROM workspaces WHERE workspace_id = p_ws FOR NO KEY UPDATE;
  UPDATE workspaces SET suspended_at = CASE WHEN p_suspended THEN coalesce(suspended_at, clock_timestamp()) END WHERE workspace_id = p_ws;
  UPDATE accounts SET suspended = p_suspended WHERE workspace_id = p_ws AND suspended <> p_suspended;
  RETURN coalesce(v_is <> p_suspended, false);
END $$;
GRANT UPDATE (suspended_at) ON workspaces TO burnish_lookup;

-- Warn (credits.low) when less than p_warn is left; NULL: never. A mark that was passed is looked at anew.
CREATE FUNCTION set_credit_warning(p_ws uuid, p_account bigint, p_warn bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  UPDATE accounts SET warn_nusd = p_warn, crossed = least(crossed, crossing(kind, limit_nusd, spent_nusd, p_warn)) WHERE account_id = p_account AND workspace_id = p_ws AND kind = 3 $$;

-- The account of a budget: p_limit a calendar day or month, p_warn nano-dollars spent (NULL: no warning), p_hard false: warns only. The same budget twice: the first account.
CREATE FUNCTION make_budget_account(p_ws uuid, p_budget uuid, p_limit bigint, p_warn bigint, p_period text, p_hard boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_id bigint;
BEGIN
  INSERT INTO accounts (account_id, workspace_id, kind, reference, limit_nusd, warn_nusd, period, resets_at, hard, suspended)
  SELECT nextval('account_ids'), p_ws, 2, p_budget, p_limit, p_warn, p_period, next_reset(p_period, clock_timestamp()), p_hard, w.suspended_at IS NOT NULL
    FROM workspaces w WHERE w.workspace_id = p_ws
  ON CONFLICT (workspace_id, reference) WHERE reference IS NOT NULL DO NOTHING;
  SELECT account_id INTO v_id FROM accounts WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2;
  RETURN v_id;
END $$;

-- New limits for a budget. What was spent in this period stands, also when the period becomes another; a mark that is no longer reached may be passed again. False: no such budget.
CREATE FUNCTION change_budget_account(p_ws uuid, p_budget uuid, p_limit bigint, p_warn bigint, p_period text, p_hard boolean) RETURNS boolean
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

-- A closed budget stops nobody and says nothing; its row stays for what is still under way, and for gateways that have not heard yet. False: no such budget.
CREATE FUNCTION close_budget_account(p_ws uuid, p_budget uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  UPDATE accounts SET hard = false, warn_nusd = NULL, period = NULL, resets_at = NULL, crossed = 2 WHERE workspace_id = p_ws AND reference = p_budget AND kind = 2;
  RETURN FOUND;
END $$;

-- Organization (made when p_new_organization), workspace and its credit account, in the caller's transaction.
CREATE FUNCTION create_workspace(p_ws uuid, p_organization uuid, p_new_organization boolean, p_name text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_account bigint;
BEGIN
  IF p_new_organization THEN INSERT INTO organizations (organization_id, name, home_workspace_id) VALUES (p_organization, p_name, p_ws); END IF;
  INSERT INTO workspaces (workspace_id, organization_id, name) VALUES (p_ws, p_organization, p_name) RETURNING credit_account_id INTO v_account;
  INSERT INTO accounts (account_id, workspace_id, kind, limit_nusd) VALUES (v_account, p_ws, 3, 0);
  RETURN v_account;
END $$;
GRANT INSERT ON organizations, workspaces TO burnish_lookup;
GRANT USAGE ON SEQUENCE rate_ids TO burnish_lookup;

CREATE FUNCTION find_api_key(p_prefix text) RETURNS TABLE (api_key_id uuid, first_key_id uuid, workspace_id uuid, digest bytea, role text, scopes text[], is_operator boolean,
  rate_id bigint, rate_limit_per_minute integer, expires_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT k.api_key_id, coalesce(k.first_key_id, k.api_key_id), k.workspace_id, k.digest, k.role, k.scopes, k.is_operator, k.rate_id, k.rate_limit_per_minute, k.expires_at,
         k.revoked_at FROM api_keys k WHERE k.prefix = p_prefix $$;

-- When keys were last used, gathered by a gateway. A batch never waits for a row that somebody else is changing: the next one brings it.
CREATE FUNCTION touch_api_keys(p_ids uuid[], p_at timestamptz[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  UPDATE api_keys k SET last_used_at = u.at
    FROM (SELECT i.id, i.at FROM unnest(p_ids, p_at) i(id, at) JOIN api_keys l ON l.api_key_id = i.id
           WHERE l.last_used_at IS NULL OR l.last_used_at < i.at FOR NO KEY UPDATE OF l SKIP LOCKED) u
   WHERE k.api_key_id = u.id;
END $$;
GRANT UPDATE (last_used_at) ON api_keys TO burnish_lookup;

-- What the hot path needs to know of a workspace, with its organization and plan. No row: there is none.
CREATE FUNCTION find_workspace(p_ws uuid) RETURNS TABLE (workspace_id uuid, organization_id uuid, name text, organization_name text, home_workspace_id uuid, plan text,
  credit_account_id bigint, allowance_account_id bigint, rate_id bigint, rate_limit_per_minute integer, concurrency integer, store_content boolean, retention_days integer, legal_hold boolean, platform_keys boolean,
  platform_markup_percent integer, platform_allowance_nusd bigint, overage_nusd bigint, optimization_fee_nusd bigint, only_admins_change_prompts boolean, share_statistics boolean, suspended_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id, w.organization_id, w.name, o.name, o.home_workspace_id, o.plan, w.credit_account_id,
         (SELECT a.account_id FROM accounts a WHERE a.workspace_id = w.workspace_id AND a.reference = w.workspace_id AND a.kind = 11), w.rate_id,
         least(coalesce(w.rate_limit_per_minute, p.rate_limit_per_minute), p.rate_limit_per_minute), p.concurrency,
         w.store_content AND least(w.retention_days, p.retention_days_most) > 0, least(w.retention_days, p.retention_days_most), w.legal_hold,
         w.platform_keys AND p.platform_keys, p.platform_markup_percent, CASE WHEN o.brings_credit AND o.home_workspace_id = w.workspace_id THEN p.platform_allowance_nusd ELSE 0 END,
         CASE WHEN o.brings_credit THEN p.overage_nusd ELSE 0 END, p.optimization_fee_nusd,
         w.only_admins_change_prompts, w.share_statistics, w.suspended_at
    FROM workspaces w JOIN organizations o USING (organization_id) JOIN plans p USING (plan) WHERE w.workspace_id = p_ws $$;

-- Housekeeping in bounded batches: keys after p_keys_h hours, event ids after p_events_d days. Returns rows deleted.
CREATE FUNCTION forget_old(p_keys_h integer, p_events_d integer, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; m integer; c integer;
BEGIN
  DELETE FROM idempotency_keys WHERE ctid IN (SELECT k.ctid FROM idempotency_keys k WHERE k.at < clock_timestamp() - p_keys_h * interval '1 hour'
      AND (k.execution_id IS NULL OR NOT EXISTS (SELECT FROM holds h WHERE h.execution_id = k.execution_id)) ORDER BY k.at LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  DELETE FROM event_ids WHERE ctid IN (SELECT e.ctid FROM event_ids e WHERE e.at < clock_timestamp() - p_events_d * interval '1 day' ORDER BY e.at LIMIT p_most);
  GET DIAGNOSTICS m = ROW_COUNT;
  DELETE FROM config_changes WHERE change_no IN (SELECT change_no FROM config_changes WHERE at < clock_timestamp() - interval '7 days' ORDER BY change_no LIMIT p_most);
  GET DIAGNOSTICS c = ROW_COUNT;
  RETURN n + m + c;
END $$;
GRANT DELETE ON event_ids, config_changes TO burnish_lookup;

-- The checker: must return no row. Owner of the rows it reads is named in the policies, so run it as superuser or through audit().
CREATE FUNCTION drift() RETURNS TABLE (account_id bigint, what text, booked bigint, counted bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH held AS (SELECT u.id, sum(h.amount_nusd)::bigint AS s FROM holds h, unnest(h.account_ids) u(id) GROUP BY 1),
       slots AS (SELECT h.slot_account_id AS id, count(*) AS s FROM holds h WHERE h.slot_account_id IS NOT NULL GROUP BY 1),
       legs AS (SELECT x.id, sum(x.c)::bigint AS c, sum(x.d)::bigint AS d
                  FROM (SELECT t.credit_account_id AS id, t.amount_nusd AS c, 0 AS d FROM transfers t UNION ALL SELECT t.debit_account_id, 0, t.amount_nusd FROM transfers t) x GROUP BY 1)
  SELECT a.account_id, 'held', a.held_nusd, coalesce(h.s, 0) FROM accounts a LEFT JOIN held h ON h.id = a.account_id WHERE a.held_nusd <> coalesce(h.s, 0)
  UNION ALL SELECT a.account_id, 'in flight', a.in_flight, coalesce(s.s, 0) FROM accounts a LEFT JOIN slots s ON s.id = a.account_id WHERE a.in_flight <> coalesce(s.s, 0)
  UNION ALL SELECT a.account_id, 'spent', a.spent_nusd, coalesce(l.d, 0) FROM accounts a LEFT JOIN legs l ON l.id = a.account_id WHERE a.kind <> 2 AND a.spent_nusd <> coalesce(l.d, 0)
  UNION ALL SELECT a.account_id, 'credited', a.limit_nusd, coalesce(l.c, 0) FROM accounts a LEFT JOIN legs l ON l.id = a.account_id WHERE a.kind <> 2 AND a.limit_nusd <> coalesce(l.c, 0)
  UNION ALL SELECT l.id, 'on its way', l.c - l.d, 0 FROM legs l WHERE l.id = 4 AND l.c <> l.d
  UNION ALL SELECT l.id, 'no account', l.c - l.d, 0 FROM legs l WHERE l.id > 6 AND NOT EXISTS (SELECT FROM accounts a WHERE a.account_id = l.id) $$;

-- What executions cost and what was booked for them, by workspace and day of admission (UTC), of the last p_days: how far the two are apart. Must be 0 (PROMISES C-13).
-- Each side is read along an index, workspace by workspace.
CREATE FUNCTION ledger_drift(p_days integer) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT coalesce(sum(abs(d.cost - d.booked)), 0)::bigint
    FROM workspaces w,
         generate_series((clock_timestamp() AT TIME ZONE 'UTC')::date - p_days + 1, (clock_timestamp() AT TIME ZONE 'UTC')::date, interval '1 day') day,
         LATERAL (SELECT (SELECT coalesce(sum(cost_nusd), 0) FROM executions
                           WHERE workspace_id = w.workspace_id AND execution_id >= day_bound(day::date) AND execution_id < day_bound(day::date + 1)) AS cost,
                         (SELECT coalesce(sum(amount_nusd), 0) FROM transfers
                           WHERE workspace_id = w.workspace_id AND execution_id >= day_bound(day::date) AND execution_id < day_bound(day::date + 1) AND kind IN ('charge', 'overage')) AS booked) d $$;

CALL make_lookup_function('admit(uuid[], uuid[], bigint[], bigint[], text[], boolean[], boolean[], text[], text[], bytea[], text[], bytea[], bigint[], bigint[], bigint[], bigint[], integer[], bigint[], integer[], integer[], bigint[], integer[], integer[], integer[], integer[])', app => true, worker => true);
CALL make_lookup_function('settle(finished_execution[], text, text)', app => false, worker => true);
CALL make_lookup_function('ended_without_answer(uuid, uuid, integer, text, text, text, text)', app => false, worker => false);
CALL make_lookup_function('expire(bigint, integer)', app => false, worker => true);
CALL make_lookup_function('abandon(uuid, uuid, text, text)', app => true, worker => false);
CALL make_lookup_function('own_rows(uuid[], integer[])', app => false, worker => true);
CALL make_lookup_function('raise_fence(uuid, uuid)', app => true, worker => false);
CALL make_lookup_function('fund(uuid, bigint, bigint, uuid)', app => true, worker => true);
CALL make_lookup_function('return_funding(bigint)', app => false, worker => true);
CALL make_lookup_function('close_funding(bigint)', app => true, worker => true);
CALL make_lookup_function('take(bigint, bigint)', app => false, worker => false);
CALL make_lookup_function('give(bigint, bigint)', app => false, worker => false);
CALL make_lookup_function('post(uuid, text, bigint, bigint, bigint, text, text, bigint)', app => false, worker => false);
CALL make_lookup_function('free_of(uuid, bigint, smallint)', app => false, worker => false);
CALL make_lookup_function('put_event(text, text, uuid, text, jsonb)', app => false, worker => false);
CALL make_lookup_function('roll(bigint[], timestamptz)', app => false, worker => false);
CALL make_lookup_function('pass_marks(text, bigint[], smallint)', app => false, worker => false);
CALL make_lookup_function('grant_credit(uuid, bigint, text)', app => false, worker => false);
CALL make_lookup_function('add_credit(uuid, bigint, text, bigint, text, text)', app => true, worker => true);
CALL make_lookup_function('make_allowance_account(uuid)', app => true, worker => true);
CALL make_lookup_function('renew_allowance(uuid, bigint, bigint, text)', app => true, worker => true);
CALL make_lookup_function('refund(uuid, bigint, bigint, text)', app => true, worker => false);
CALL make_lookup_function('adjust(uuid, bigint, bigint, text)', app => true, worker => false);
CALL make_lookup_function('charge_fee(uuid, bigint, bigint, text, text)', app => true, worker => true);
CALL make_lookup_function('credit_line_used(uuid)', app => true, worker => false);
CALL make_lookup_function('draw_credit_line(uuid, bigint, bigint, bigint)', app => true, worker => false);
CALL make_lookup_function('move_credit(uuid, bigint, uuid, bigint, bigint, text)', app => true, worker => false);
CALL make_lookup_function('suspend_workspace(uuid, boolean)', app => true, worker => false);
CALL make_lookup_function('set_credit_warning(uuid, bigint, bigint)', app => true, worker => false);
CALL make_lookup_function('make_budget_account(uuid, uuid, bigint, bigint, text, boolean)', app => true, worker => false);
CALL make_lookup_function('change_budget_account(uuid, uuid, bigint, bigint, text, boolean)', app => true, worker => false);
CALL make_lookup_function('close_budget_account(uuid, uuid)', app => true, worker => false);
CALL make_lookup_function('ledger_drift(integer)', app => false, worker => true);
CALL make_lookup_function('create_workspace(uuid, uuid, boolean, text)', app => true, worker => false);
CALL make_lookup_function('find_api_key(text)', app => true, worker => false);
CALL make_lookup_function('touch_api_keys(uuid[], timestamptz[])', app => true, worker => false);
CALL make_lookup_function('find_workspace(uuid)', app => true, worker => true);
CALL make_lookup_function('forget_old(integer, integer, integer)', app => false, worker => true);
CALL make_lookup_function('drift()', app => false, worker => true);
RESET ROLE;
SET LOCAL search_path = public;
