-- What a migration meets in a Supabase project, built from its published shape: github.com/supabase/postgres (init-scripts, migrations),
-- github.com/supabase/auth (schema auth) and github.com/supabase/vault (0.3, without pgsodium). Written anew for our tests, cut down to
-- roles, grants, default privileges and what may be called; run by the superuser `supabase_admin` in a cluster whose `postgres` is none.
-- Honest differences: no extension is there; the vault's cipher is a stand-in (SHA-256 in counter mode under a key that lies beside it),
-- good for tests of who may read and what is stored, and for nothing else.

SET search_path = public;

-- Schemas and roles that every project has. Roles are made once in the cluster (supabase_roles.sql).
CREATE SCHEMA extensions;
CREATE SCHEMA auth AUTHORIZATION supabase_admin;
CREATE SCHEMA storage AUTHORIZATION supabase_admin;
CREATE SCHEMA realtime AUTHORIZATION supabase_admin;
CREATE SCHEMA graphql_public;
CREATE SCHEMA vault AUTHORIZATION supabase_admin;

GRANT USAGE ON SCHEMA public TO postgres, anon, authenticated, service_role;
GRANT CREATE ON SCHEMA public TO postgres;
GRANT USAGE ON SCHEMA extensions TO postgres, anon, authenticated, service_role;
GRANT USAGE ON SCHEMA graphql_public TO postgres, anon, authenticated, service_role;

-- Everything that postgres or supabase_admin makes in `public` is open to the API's roles.
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON TABLES TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON FUNCTIONS TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON SEQUENCES TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT ALL ON TABLES TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT ALL ON FUNCTIONS TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT ALL ON SEQUENCES TO postgres, anon, authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- auth

CREATE TABLE auth.users (
  instance_id        uuid,
  id                 uuid PRIMARY KEY,
  aud                varchar(255),
  role               varchar(255),
  email              varchar(255),
  encrypted_password varchar(255),
  email_confirmed_at timestamptz,
  last_sign_in_at    timestamptz,
  raw_app_meta_data  jsonb,
  raw_user_meta_data jsonb,
  is_super_admin     boolean,
  created_at         timestamptz,
  updated_at         timestamptz,
  is_sso_user        boolean NOT NULL DEFAULT false,
  is_anonymous       boolean NOT NULL DEFAULT false);
CREATE UNIQUE INDEX users_email_partial_key ON auth.users (email) WHERE is_sso_user = false;
CREATE TABLE auth.schema_migrations (version varchar(255) PRIMARY KEY);

CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                   (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
                   (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'))::text $$;
CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('request.jwt.claim.email', true), ''),
                   (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'))::text $$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('request.jwt.claim', true), ''), nullif(current_setting('request.jwt.claims', true), ''))::jsonb $$;

ALTER TABLE auth.users OWNER TO supabase_auth_admin;
ALTER TABLE auth.schema_migrations OWNER TO supabase_auth_admin;
ALTER FUNCTION auth.uid() OWNER TO supabase_auth_admin;
ALTER FUNCTION auth.role() OWNER TO supabase_auth_admin;
ALTER FUNCTION auth.email() OWNER TO supabase_auth_admin;
ALTER FUNCTION auth.jwt() OWNER TO supabase_auth_admin;
GRANT ALL ON SCHEMA auth TO supabase_auth_admin, dashboard_user;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role, postgres;  -- postgres: not CREATE (since April 2025), and not with grant option
GRANT ALL ON auth.users TO postgres, dashboard_user;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- storage, realtime: there, and not ours

CREATE TABLE storage.buckets (id text PRIMARY KEY, name text NOT NULL UNIQUE, owner uuid, public boolean DEFAULT false, created_at timestamptz DEFAULT now());
CREATE TABLE storage.objects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bucket_id text REFERENCES storage.buckets, name text, owner uuid, metadata jsonb);
ALTER TABLE storage.buckets OWNER TO supabase_storage_admin;
ALTER TABLE storage.objects OWNER TO supabase_storage_admin;
ALTER TABLE storage.buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT ALL ON SCHEMA storage TO supabase_storage_admin, dashboard_user;
GRANT USAGE ON SCHEMA storage TO postgres, anon, authenticated, service_role;
GRANT ALL ON ALL TABLES IN SCHEMA storage TO postgres, anon, authenticated, service_role;
GRANT USAGE ON SCHEMA realtime TO postgres, anon, authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- vault

CREATE TABLE vault.stand_in_key (key bytea NOT NULL);
INSERT INTO vault.stand_in_key VALUES (sha256(convert_to(gen_random_uuid()::text, 'utf8')));

CREATE FUNCTION vault.stand_in_stream(p_message bytea, p_nonce bytea, p_additional bytea) RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE out bytea := p_message; block bytea; secret bytea := (SELECT k.key FROM vault.stand_in_key k);
BEGIN
  FOR i IN 0..length(p_message) - 1 LOOP
    IF i % 32 = 0 THEN block := pg_catalog.sha256(secret || p_nonce || p_additional || pg_catalog.int4send(i / 32)); END IF;
    out := pg_catalog.set_byte(out, i, pg_catalog.get_byte(p_message, i) # pg_catalog.get_byte(block, i % 32));
  END LOOP;
  RETURN out;
END $$;

-- The names, arguments and grants of the real extension's own functions; 32 bytes of checksum stand in front, so that a wrong nonce or id fails.
CREATE FUNCTION vault._crypto_aead_det_encrypt(message bytea, additional bytea, key_id bigint, context bytea DEFAULT 'pgsodium', nonce bytea DEFAULT NULL)
RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT pg_catalog.sha256(message || additional) || vault.stand_in_stream(message, nonce, additional) $$;

CREATE FUNCTION vault._crypto_aead_det_decrypt(message bytea, additional bytea, key_id bigint, context bytea DEFAULT 'pgsodium', nonce bytea DEFAULT NULL)
RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE opened bytea := vault.stand_in_stream(substr(message, 33), nonce, additional);
BEGIN
  IF pg_catalog.sha256(opened || additional) <> substr(message, 1, 32) THEN
    RAISE EXCEPTION 'pgsodium_crypto_aead_det_decrypt_by_id: invalid ciphertext';
  END IF;
  RETURN opened;
END $$;

CREATE FUNCTION vault._crypto_aead_det_noncegen() RETURNS bytea LANGUAGE sql VOLATILE AS $$ SELECT pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) $$;

CREATE TABLE vault.secrets (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name        text,
  description text NOT NULL DEFAULT '',
  secret      text NOT NULL,
  key_id      uuid,
  nonce       bytea DEFAULT vault._crypto_aead_det_noncegen(),
  created_at  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE UNIQUE INDEX secrets_name_idx ON vault.secrets (name) WHERE name IS NOT NULL;

CREATE VIEW vault.decrypted_secrets AS
SELECT s.id, s.name, s.description, s.secret,
       convert_from(vault._crypto_aead_det_decrypt(message => decode(s.secret, 'base64'), additional => convert_to(s.id::text, 'utf8'), key_id => 0,
                                                   context => 'pgsodium'::bytea, nonce => s.nonce), 'utf8') AS decrypted_secret,
       s.key_id, s.nonce, s.created_at, s.updated_at
  FROM vault.secrets s;

CREATE FUNCTION vault.create_secret(new_secret text, new_name text DEFAULT NULL, new_description text DEFAULT '', new_key_id uuid DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE made uuid := pg_catalog.gen_random_uuid(); fresh bytea := vault._crypto_aead_det_noncegen();
BEGIN
  INSERT INTO vault.secrets (id, name, description, nonce, secret)
  VALUES (made, new_name, new_description, fresh,
          pg_catalog.encode(vault._crypto_aead_det_encrypt(pg_catalog.convert_to(new_secret, 'utf8'), pg_catalog.convert_to(made::text, 'utf8'), 0, 'pgsodium', fresh), 'base64'));
  RETURN made;
END $$;

CREATE FUNCTION vault.update_secret(secret_id uuid, new_secret text DEFAULT NULL, new_name text DEFAULT NULL, new_description text DEFAULT NULL, new_key_id uuid DEFAULT NULL)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  UPDATE vault.secrets s
     SET secret = CASE WHEN new_secret IS NULL THEN s.secret
                       ELSE pg_catalog.encode(vault._crypto_aead_det_encrypt(pg_catalog.convert_to(new_secret, 'utf8'), pg_catalog.convert_to(s.id::text, 'utf8'), 0, 'pgsodium', s.nonce), 'base64') END,
         name = coalesce(new_name, s.name),
         description = coalesce(new_description, s.description),
         updated_at = pg_catalog.now()
   WHERE s.id = secret_id;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vault FROM PUBLIC;
GRANT USAGE ON SCHEMA vault TO postgres WITH GRANT OPTION;
GRANT SELECT, DELETE ON vault.secrets, vault.decrypted_secrets TO postgres WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION vault.create_secret, vault.update_secret, vault._crypto_aead_det_decrypt TO postgres WITH GRANT OPTION;
GRANT USAGE ON SCHEMA vault TO service_role;
GRANT SELECT, DELETE ON vault.secrets, vault.decrypted_secrets TO service_role;
GRANT EXECUTE ON FUNCTION vault.create_secret, vault.update_secret, vault._crypto_aead_det_decrypt TO service_role;
