-- Takes away what the migration made, and only that: what says so in its comment, is owned by burnish_owner, and is asked by nobody else.
DO $$
DECLARE one text; made constant text := 'made by Burnish, because it was absent';
BEGIN
  FOR one IN
    SELECT format('auth.%I()', p.proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'auth' AND p.pronargs = 0 AND p.proname IN ('uid', 'jwt') AND pg_get_userbyid(p.proowner) = 'burnish_owner'
       AND obj_description(p.oid, 'pg_proc') = made
  LOOP
    BEGIN
      SET LOCAL ROLE burnish_owner;
      EXECUTE format('DROP FUNCTION %s', one);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      RAISE NOTICE '% stays: others depend on it', one;
    END;
    RESET ROLE;
  END LOOP;
  IF to_regnamespace('auth') IS NULL THEN RETURN; END IF;
  IF (SELECT pg_get_userbyid(nspowner) = 'burnish_owner' AND obj_description(oid, 'pg_namespace') = made FROM pg_namespace WHERE nspname = 'auth') THEN
    BEGIN
      SET LOCAL ROLE burnish_owner;
      DROP SCHEMA auth;
    EXCEPTION WHEN dependent_objects_still_exist THEN
      RAISE NOTICE 'schema auth stays: it holds what is not ours';
    END;
    RESET ROLE;
  ELSIF has_schema_privilege('auth', 'USAGE WITH GRANT OPTION')
        AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('auth') AND proowner = 'burnish_owner'::regrole) THEN
    REVOKE ALL ON SCHEMA auth FROM burnish_owner;
  END IF;
END $$;
SET LOCAL search_path = public;
