-- auth.uid() and auth.jwt(), which a policy may ask who signed in, on a PostgreSQL that no Supabase made. What is there already is never
-- replaced: a Supabase project keeps its own, which read `request.jwt.claims`. Our services set that and app.user (db/session.py), so a
-- policy such as `user_id = (SELECT auth.uid())` means the same person on both.

DO $$
DECLARE
  made constant text := 'made by Burnish, because it was absent';
  has_uid boolean; has_jwt boolean; is_foreign boolean;            -- asked of the catalog: to_regprocedure fails in a schema that is closed to us
BEGIN
  SELECT count(*) FILTER (WHERE p.proname = 'uid') > 0, count(*) FILTER (WHERE p.proname = 'jwt') > 0 INTO has_uid, has_jwt
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'auth' AND p.pronargs = 0 AND p.proname IN ('uid', 'jwt');
  IF has_uid AND has_jwt THEN RETURN; END IF;
  is_foreign := to_regnamespace('auth') IS NOT NULL;
  IF NOT is_foreign THEN
    CREATE SCHEMA auth;
    ALTER SCHEMA auth OWNER TO burnish_owner;
    EXECUTE format('COMMENT ON SCHEMA auth IS %L', made);
  ELSIF has_schema_privilege('auth', 'CREATE WITH GRANT OPTION') THEN
    GRANT USAGE, CREATE ON SCHEMA auth TO burnish_owner;            -- CREATE until below, USAGE until the migration goes down
  ELSE
    RAISE NOTICE 'schema auth belongs to somebody else and lacks auth.uid() or auth.jwt(): nothing was added to it';
    RETURN;
  END IF;
  SET LOCAL ROLE burnish_owner;
  IF NOT has_jwt THEN
    CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE SET search_path = '' AS
    $body$ SELECT nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb $body$;
    EXECUTE format('COMMENT ON FUNCTION auth.jwt() IS %L', made);
  END IF;
  IF NOT has_uid THEN
    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE SET search_path = '' AS
    $body$ SELECT coalesce(nullif(pg_catalog.current_setting('request.jwt.claim.sub', true), ''),
                           nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb ->> 'sub',
                           nullif(pg_catalog.current_setting('app.user', true), ''))::pg_catalog.uuid $body$;
    EXECUTE format('COMMENT ON FUNCTION auth.uid() IS %L', made);
  END IF;
  -- Who may ask by name. Where the schema is somebody else's, its owner decides that; policies ask without (they need EXECUTE alone).
  IF NOT is_foreign THEN GRANT USAGE ON SCHEMA auth TO burnish_app, burnish_worker, burnish_lookup; END IF;
  RESET ROLE;
  IF is_foreign THEN REVOKE CREATE ON SCHEMA auth FROM burnish_owner; END IF;
END $$;

-- ALTER DEFAULT PRIVILEGES of the login that migrates may have opened what it made itself: our two schemas and the table of versions.
-- (All else is made as burnish_owner, which has no such defaults.) Nobody but us keeps anything there.
DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT DISTINCT a.grantee, n.nspname, pg_get_userbyid(n.nspowner) AS owner FROM pg_namespace n, aclexplode(n.nspacl) a
              WHERE n.nspname IN ('burnish', 'burnish_migrations') AND a.grantee <> n.nspowner
                AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) NOT LIKE 'burnish\_%') LOOP
    IF one.owner = 'burnish_owner' THEN SET LOCAL ROLE burnish_owner; END IF;
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %s', one.nspname, CASE one.grantee WHEN 0 THEN 'PUBLIC' ELSE one.grantee::regrole::text END);
    RESET ROLE;
  END LOOP;
  FOR one IN SELECT DISTINCT a.grantee FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
              WHERE n.nspname = 'burnish_migrations' AND c.relname = 'alembic_version' AND a.grantee <> c.relowner LOOP
    EXECUTE format('REVOKE ALL ON burnish_migrations.alembic_version FROM %s', CASE one.grantee WHEN 0 THEN 'PUBLIC' ELSE one.grantee::regrole::text END);
  END LOOP;
END $$;
SET LOCAL search_path = public;
