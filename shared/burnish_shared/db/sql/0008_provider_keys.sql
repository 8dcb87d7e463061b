-- Provider keys and installation secrets.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Provider keys (PRODUCT E6, E7). A secret is kept in one of two ways: sealed here, or in Supabase's Vault under a name that binds it.
-- The gateway writes keys and cannot read their secrets; the executor reads them, and writes down how each key does.

CREATE TABLE provider_keys (
  provider_key_id uuid PRIMARY KEY,
  workspace_id    uuid NOT NULL REFERENCES workspaces,
  provider        text NOT NULL CHECK (provider ~ '^[a-z][a-z0-9_-]{0,59}$'),
  name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  base_url        text NOT NULL DEFAULT '' CHECK (length(base_url) <= 2100),         -- '': the provider's own address; else this one alone
  priority        integer NOT NULL DEFAULT 100 CHECK (priority BETWEEN 0 AND 1000000), -- lower is tried first
  secret_version  integer NOT NULL DEFAULT 1 CHECK (secret_version > 0),             -- part of what the secret is bound to; a rotation adds one
  sealed          bytea,
  vault_secret_id uuid,
  last4           text NOT NULL CHECK (length(last4) <= 4),
  status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'set_aside', 'revoked')),
  reason          text,                                                             -- why it is set aside
  cooldown_until  timestamptz,                                                      -- the provider asked for patience until then
  last_used_at    timestamptz,
  last_error      text,                                                             -- its class, never the provider's words
  last_error_at   timestamptz,
  created_by      text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at      timestamptz,
  CHECK (num_nonnulls(sealed, vault_secret_id) = CASE WHEN status = 'revoked' THEN 0 ELSE 1 END));
CREATE INDEX ON provider_keys (workspace_id, provider, base_url);

-- Whose turn it is to have a key tried: one at once in each workspace. A turn that nobody gave back ends by itself.
CREATE TABLE provider_key_tests (
  workspace_id uuid PRIMARY KEY REFERENCES workspaces,
  test_id      uuid NOT NULL,
  until        timestamptz NOT NULL);
CALL make_tenant_table('provider_key_tests', writer => 'gateway', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '');

CALL make_tenant_table('provider_keys', writer => 'gateway',
  app => 'SELECT (provider_key_id, workspace_id, provider, name, base_url, priority, secret_version, last4, status, reason, cooldown_until, last_used_at, last_error, last_error_at, created_by, created_at, revoked_at), INSERT, UPDATE',
  worker => 'SELECT, UPDATE (status, reason, cooldown_until, last_used_at, last_error, last_error_at)');

-- The providers for which the operator's own keys exist: names only. Each executor says at its start what its environment holds; the last one counts.
CREATE TABLE platform_keys (
  provider     text PRIMARY KEY,                                                    -- with _ for -
  announced_at timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_system_table('platform_keys', app => 'SELECT', worker => 'SELECT', writer => 'executor, through announce_platform_keys');
GRANT INSERT, DELETE ON platform_keys TO burnish_lookup;

CREATE FUNCTION announce_platform_keys(p_providers text[]) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE gone integer; come integer;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.platform_keys'));
  DELETE FROM platform_keys WHERE provider <> ALL (p_providers);
  GET DIAGNOSTICS gone = ROW_COUNT;
  INSERT INTO platform_keys (provider) SELECT DISTINCT one FROM unnest(p_providers) one ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS come = ROW_COUNT;
  IF gone + come > 0 THEN PERFORM note_change(NULL, 'provider', 'platform_keys'); END IF;
  RETURN gone + come > 0;
END $$;
CALL make_lookup_function('announce_platform_keys(text[])', app => false, worker => true);

-- A provider of the operator's that asks for no key, such as a server in the same network, is called without one.
ALTER TABLE providers ADD COLUMN needs_key boolean NOT NULL DEFAULT true;
UPDATE providers SET needs_key = false WHERE simulated;

-- Supabase's Vault: three functions around it, which exist everywhere and work where burnish_lookup may use schema `vault`. The name binds a secret to its
-- workspace, key and version, so that no row can be pointed at another's secret.
CREATE FUNCTION vault_name(p_ws uuid, p_key uuid, p_version integer) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = burnish, pg_temp
RETURN 'burnish/provider_key/' || p_ws::text || '/' || p_key::text || '/' || p_version::text;

CREATE FUNCTION keep_in_vault(p_ws uuid, p_key uuid, p_version integer, p_secret text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_id uuid;
BEGIN
  IF p_ws IS DISTINCT FROM nullif(current_setting('app.workspace', true), '')::uuid THEN
    RAISE EXCEPTION 'a secret is kept in its own workspace only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NOT coalesce(has_schema_privilege(to_regnamespace('vault')::oid, 'USAGE'), false) THEN RETURN NULL; END IF;
  EXECUTE 'SELECT vault.create_secret($1, $2, $3)' INTO v_id USING p_secret, vault_name(p_ws, p_key, p_version), 'A provider key of Burnish';
  RETURN v_id;
END $$;

CREATE FUNCTION forget_in_vault(p_ws uuid, p_key uuid, p_version integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  IF p_ws IS DISTINCT FROM nullif(current_setting('app.workspace', true), '')::uuid THEN
    RAISE EXCEPTION 'a secret is forgotten in its own workspace only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF to_regnamespace('vault') IS NOT NULL THEN
    EXECUTE 'DELETE FROM vault.secrets WHERE name = $1' USING vault_name(p_ws, p_key, p_version);
  END IF;
END $$;

-- The secret of a key that is not revoked; NULL when there is none in this workspace.
CREATE FUNCTION read_from_vault(p_ws uuid, p_key uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_id uuid; v_version integer; v_secret text;
BEGIN
  IF p_ws::text <> ALL (string_to_array(coalesce(current_setting('app.workspaces', true), ''), ',')) THEN RETURN NULL; END IF;
  SELECT vault_secret_id, secret_version INTO v_id, v_version FROM provider_keys WHERE provider_key_id = p_key AND workspace_id = p_ws AND status <> 'revoked';
  IF v_id IS NULL OR to_regnamespace('vault') IS NULL THEN RETURN NULL; END IF;
  EXECUTE 'SELECT decrypted_secret FROM vault.decrypted_secrets WHERE id = $1 AND name = $2' INTO v_secret USING v_id, vault_name(p_ws, p_key, v_version);
  RETURN v_secret;
END $$;
GRANT EXECUTE ON FUNCTION vault_name(uuid, uuid, integer) TO burnish_lookup;
CALL make_lookup_function('keep_in_vault(uuid, uuid, integer, text)', app => true, worker => false);
CALL make_lookup_function('forget_in_vault(uuid, uuid, integer)', app => true, worker => false);
CALL make_lookup_function('read_from_vault(uuid, uuid)', app => false, worker => true);

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Installation secrets: random, made once by whoever starts first, sealed under the key-encryption key (auth/installation.py).

-- Read by the gateway alone (pepper of API keys, keys of cursors, sessions and receipts). Nobody who logs in as a service may change one.
CREATE TABLE installation_secrets (
  name        text PRIMARY KEY CHECK (name ~ '^[a-z][a-z_]{0,60}$'),
  sealed      bytea NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL make_system_table('installation_secrets', app => 'SELECT, INSERT', worker => '', writer => 'whoever starts first');
REVOKE ALL ON installation_secrets FROM burnish_lookup;

-- Every service that opens secrets opens this first, and does not start when it cannot (PROMISES S-04). A rotation re-wraps it last.
CREATE TABLE kek_check (
  one         boolean PRIMARY KEY DEFAULT true CHECK (one),
  sealed      bytea NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL make_system_table('kek_check', app => 'SELECT, INSERT', worker => 'SELECT, INSERT', writer => 'whoever starts first');

RESET ROLE;
-- The role that runs migrations may pass its rights in Vault on (Supabase's `postgres` may); the functions above run as burnish_lookup.
DO $$
BEGIN
  IF to_regnamespace('vault') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA vault TO burnish_lookup;
    EXECUTE 'GRANT SELECT, DELETE ON vault.secrets TO burnish_lookup';
    EXECUTE 'GRANT SELECT ON vault.decrypted_secrets TO burnish_lookup';
    EXECUTE (SELECT coalesce(string_agg(format('GRANT EXECUTE ON FUNCTION %s TO burnish_lookup', p.oid::regprocedure), '; '), 'SELECT')
               FROM pg_proc p WHERE p.pronamespace = 'vault'::regnamespace AND p.proname IN ('create_secret', '_crypto_aead_det_decrypt'));
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE WARNING 'schema vault exists, but this login may not pass its rights on: provider keys cannot be kept there (%)', SQLERRM;
END $$;
SET LOCAL search_path = public;
