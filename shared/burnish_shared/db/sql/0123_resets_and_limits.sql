-- Links by which somebody sets a new password: made by an admin or the operator, used once within the hour. The rate limit of an API key
-- can be changed while it is in use.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE password_resets (
  user_id      uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,  -- a newer link takes the place of the older
  reset_id     uuid NOT NULL UNIQUE,
  digest       bytea NOT NULL,
  is_operators boolean NOT NULL,                                     -- made by the operator, who may let anybody in
  made_by      uuid,                                                 -- the admin who made it; NULL: a key, or the command line
  made_by_key  uuid,
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

-- Whether a provider lets the user in, whatever their password is.
CREATE FUNCTION has_identity(p_user uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT EXISTS (SELECT FROM identities i WHERE i.user_id = p_user) $$;

-- Returns the id of the link whose place it takes; NULL: there was none.
CREATE FUNCTION add_password_reset(p_reset uuid, p_user uuid, p_digest bytea, p_operators boolean, p_by uuid, p_by_key uuid, p_expires timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH old AS (SELECT r.reset_id FROM password_resets r WHERE r.user_id = p_user),
  put AS (
    INSERT INTO password_resets (user_id, reset_id, digest, is_operators, made_by, made_by_key, expires_at)
    VALUES (p_user, p_reset, p_digest, p_operators, p_by, p_by_key, p_expires)
    ON CONFLICT (user_id) DO UPDATE SET reset_id = excluded.reset_id, digest = excluded.digest, is_operators = excluded.is_operators,
      made_by = excluded.made_by, made_by_key = excluded.made_by_key, created_at = clock_timestamp(), expires_at = excluded.expires_at)
  SELECT old.reset_id FROM old $$;

-- Who made it must govern all that the account opens when it is used, not only when it was made: else an admin could keep a link until the
-- account becomes an operator's or joins another workspace, or use it after they were removed or their key was revoked.
CREATE FUNCTION find_password_reset(p_reset uuid) RETURNS TABLE (user_id uuid, email text, digest bytea, is_open boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT r.user_id, u.email, r.digest,
         r.expires_at > clock_timestamp() AND u.disabled_at IS NULL AND EXISTS (SELECT FROM credentials c WHERE c.user_id = r.user_id)
         AND (r.is_operators OR NOT u.is_operator AND NOT has_identity(r.user_id) AND NOT EXISTS (
           SELECT FROM members m WHERE m.user_id = r.user_id
              AND NOT EXISTS (SELECT FROM members a JOIN users b USING (user_id)
                               WHERE a.workspace_id = m.workspace_id AND a.user_id = r.made_by AND a.role = 'admin' AND b.disabled_at IS NULL)
              AND NOT EXISTS (SELECT FROM api_keys k WHERE k.api_key_id = r.made_by_key AND k.workspace_id = m.workspace_id
                                 AND k.revoked_at IS NULL AND coalesce(k.expires_at > clock_timestamp(), true))))
    FROM password_resets r JOIN users u USING (user_id) WHERE r.reset_id = p_reset $$;

-- False: somebody was faster, or it is over. The caller ends the sessions.
CREATE FUNCTION use_password_reset(p_reset uuid, p_password_hash text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_user uuid;
BEGIN
  SELECT r.user_id INTO v_user FROM password_resets r WHERE r.reset_id = p_reset FOR UPDATE;
  IF v_user IS NULL OR (SELECT f.is_open FROM find_password_reset(p_reset) f) IS NOT TRUE THEN RETURN false; END IF;
  PERFORM set_password(v_user, p_password_hash);
  RETURN true;
END $$;

CALL make_lookup_function('add_password_reset(uuid, uuid, bytea, boolean, uuid, uuid, timestamptz)', app => true, worker => false);
CALL make_lookup_function('has_identity(uuid)', app => true, worker => false);
CALL make_lookup_function('find_password_reset(uuid)', app => true, worker => false);
CALL make_lookup_function('use_password_reset(uuid, text)', app => true, worker => false);

GRANT UPDATE (rate_limit_per_minute) ON api_keys TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
