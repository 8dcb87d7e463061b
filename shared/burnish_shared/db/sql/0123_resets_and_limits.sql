-- Links by which somebody sets a new password: made by an admin or the operator, used once within the hour. The rate limit of an API key
-- can be changed while it is in use.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE password_resets (
  user_id      uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,  -- a newer link takes the place of the older
  reset_id     uuid NOT NULL UNIQUE,
  digest       bytea NOT NULL,
  is_operators boolean NOT NULL,                                     -- made by the operator, who may let anybody in
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at   timestamptz NOT NULL);
CALL make_system_table('password_resets', app => '', worker => '', writer => 'gateway, through the functions of people');
GRANT INSERT, UPDATE, DELETE ON password_resets TO burnish_lookup;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;
-- A password that was changed in another way ends the link too.
CREATE OR REPLACE FUNCTION set_password(p_user uuid, p_password_hash text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  DELETE FROM password_resets WHERE user_id = p_user;
  INSERT INTO credentials (user_id, password_hash) VALUES (p_user, p_password_hash)
    ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = clock_timestamp() $$;
SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

CREATE FUNCTION add_password_reset(p_reset uuid, p_user uuid, p_digest bytea, p_operators boolean, p_expires timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  INSERT INTO password_resets (user_id, reset_id, digest, is_operators, expires_at) VALUES (p_user, p_reset, p_digest, p_operators, p_expires)
    ON CONFLICT (user_id) DO UPDATE SET reset_id = excluded.reset_id, digest = excluded.digest, is_operators = excluded.is_operators,
                                        created_at = clock_timestamp(), expires_at = excluded.expires_at $$;

-- What an admin made counts for the account as it was then: who became an operator or joined another workspace since needs another link,
-- or an admin could keep a link until the account opens more than they govern.
CREATE FUNCTION find_password_reset(p_reset uuid) RETURNS TABLE (user_id uuid, email text, digest bytea, is_open boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT r.user_id, u.email, r.digest,
         r.expires_at > clock_timestamp() AND u.disabled_at IS NULL AND EXISTS (SELECT FROM credentials c WHERE c.user_id = r.user_id)
         AND (r.is_operators OR NOT u.is_operator AND NOT EXISTS (SELECT FROM members m WHERE m.user_id = r.user_id AND m.created_at > r.created_at))
    FROM password_resets r JOIN users u USING (user_id) WHERE r.reset_id = p_reset $$;

-- False: somebody was faster, or it is over. The caller ends the sessions.
CREATE FUNCTION use_password_reset(p_reset uuid, p_password_hash text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_user uuid;
BEGIN
  SELECT r.user_id INTO v_user FROM password_resets r WHERE r.reset_id = p_reset FOR UPDATE;
  IF v_user IS NULL OR NOT (SELECT f.is_open FROM find_password_reset(p_reset) f) THEN RETURN false; END IF;
  PERFORM set_password(v_user, p_password_hash);
  RETURN true;
END $$;

CALL make_lookup_function('add_password_reset(uuid, uuid, bytea, boolean, timestamptz)', app => true, worker => false);
CALL make_lookup_function('find_password_reset(uuid)', app => true, worker => false);
CALL make_lookup_function('use_password_reset(uuid, text)', app => true, worker => false);

GRANT UPDATE (rate_limit_per_minute) ON api_keys TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
