SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION read_from_vault(uuid, uuid), forget_in_vault(uuid, uuid, integer), keep_in_vault(uuid, uuid, integer, text), vault_name(uuid, uuid, integer);
ALTER TABLE providers DROP COLUMN needs_key;
DROP FUNCTION announce_platform_keys(text[]);
DROP TABLE platform_keys, provider_key_tests, provider_keys;
DROP TABLE kek_check, installation_secrets;
RESET ROLE;
DO $$
BEGIN
  IF to_regnamespace('vault') IS NOT NULL THEN
    EXECUTE 'REVOKE ALL ON vault.secrets, vault.decrypted_secrets FROM burnish_lookup';
    EXECUTE (SELECT coalesce(string_agg(format('REVOKE ALL ON FUNCTION %s FROM burnish_lookup', p.oid::regprocedure), '; '), 'SELECT')
               FROM pg_proc p WHERE p.pronamespace = 'vault'::regnamespace AND p.proname IN ('create_secret', '_crypto_aead_det_decrypt'));
    REVOKE ALL ON SCHEMA vault FROM burnish_lookup;
  END IF;
EXCEPTION WHEN insufficient_privilege OR undefined_table THEN
  RAISE WARNING 'the rights in schema vault stay: %', SQLERRM;
END $$;
SET LOCAL search_path = public;
