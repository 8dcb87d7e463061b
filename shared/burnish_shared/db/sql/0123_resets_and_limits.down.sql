SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

REVOKE UPDATE (rate_limit_per_minute) ON api_keys FROM burnish_app;
DROP FUNCTION use_password_reset(uuid, text), find_password_reset(uuid), add_password_reset(uuid, uuid, bytea, boolean, uuid, uuid, timestamptz), has_identity(uuid);
GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
CREATE OR REPLACE FUNCTION set_password(p_user uuid, p_password_hash text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  INSERT INTO credentials (user_id, password_hash) VALUES (p_user, p_password_hash)
    ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = clock_timestamp() $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;
DROP TABLE password_resets;

RESET ROLE;
SET LOCAL search_path = public;
