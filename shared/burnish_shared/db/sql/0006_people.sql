-- Users, how they sign in, their sessions; who belongs to a workspace, and who was invited.
-- A user stands above workspaces. What is secret (password hashes, identities, tries) has no grant for any service: functions reach it.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE users (
  user_id           uuid PRIMARY KEY,
  email             text UNIQUE CHECK (length(email) BETWEEN 3 AND 254 AND email !~ '[A-Z]'),  -- folded; NULL: an identity without one
  email_verified_at timestamptz,                                   -- who vouched: an identity provider, or the operator
  name              text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
  is_operator       boolean NOT NULL DEFAULT false,                -- only the command line makes one
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  disabled_at       timestamptz);

-- Role in one workspace. The organization is governed by the admins of its home workspace.
CREATE TABLE members (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  user_id      uuid NOT NULL REFERENCES users,
  role         text NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
  invited_by   text,                                               -- as the audit log names people
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, user_id));
CREATE INDEX ON members (user_id, created_at);
CALL make_tenant_table('members', app => 'SELECT, INSERT (workspace_id, user_id, role, invited_by), UPDATE (role), DELETE', worker => '', writer => 'gateway');

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON users TO burnish_app USING (
  user_id = (SELECT nullif(current_setting('app.user', true), '')::uuid)
  OR user_id IN (SELECT m.user_id FROM members m WHERE m.workspace_id = (SELECT nullif(current_setting('app.workspace', true), '')::uuid)))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user', true), '')::uuid));
CREATE POLICY lookup ON users TO burnish_lookup USING (true) WITH CHECK (true);
CREATE POLICY migrate ON users TO burnish_owner USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (name) ON users TO burnish_app;
GRANT SELECT, INSERT, UPDATE ON users TO burnish_lookup;
COMMENT ON TABLE users IS 'writer: gateway, through the functions of people';

CREATE TABLE credentials (
  user_id       uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  password_hash text NOT NULL,                                     -- Argon2id, with its parameters and salt (PHC string)
  changed_at    timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_system_table('credentials', app => '', worker => '', writer => 'gateway, through the functions of people');
GRANT INSERT, UPDATE, DELETE ON credentials TO burnish_lookup;

CREATE TABLE identities (
  issuer     text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
  subject    text NOT NULL CHECK (length(subject) BETWEEN 1 AND 500),
  user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (issuer, subject));
CREATE INDEX ON identities (user_id);
CALL make_system_table('identities', app => '', worker => '', writer => 'gateway, through the functions of people');
GRANT INSERT ON identities TO burnish_lookup;

CREATE TABLE user_sessions (
  session_id   uuid PRIMARY KEY,
  user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  digest       bytea NOT NULL,
  way          text NOT NULL CHECK (length(way) BETWEEN 1 AND 100), -- how the user signed in: password, oidc, …
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at   timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  address      text,
  network      text,                                                -- of the address, as tries are counted: IPv6 by its /64
  user_agent   text CHECK (length(user_agent) <= 300),
  revoked_at   timestamptz);
CREATE INDEX ON user_sessions (user_id, session_id);
CREATE INDEX ON user_sessions (expires_at);
ALTER TABLE user_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON user_sessions TO burnish_app USING (user_id = (SELECT nullif(current_setting('app.user', true), '')::uuid));
CREATE POLICY lookup ON user_sessions TO burnish_lookup USING (true) WITH CHECK (true);
CREATE POLICY migrate ON user_sessions TO burnish_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (revoked_at, last_seen_at) ON user_sessions TO burnish_app;
GRANT SELECT, UPDATE, DELETE ON user_sessions TO burnish_lookup;
COMMENT ON TABLE user_sessions IS 'writer: gateway';

CREATE TABLE invitations (
  invitation_id uuid PRIMARY KEY,
  workspace_id  uuid NOT NULL REFERENCES workspaces,
  email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 254 AND email !~ '[A-Z]'),
  role          text NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
  digest        bytea NOT NULL,
  invited_by    text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at    timestamptz NOT NULL,
  accepted_at   timestamptz,
  revoked_at    timestamptz);
CREATE INDEX ON invitations (workspace_id, invitation_id);
CALL make_tenant_table('invitations', worker => '', writer => 'gateway',
  app => 'SELECT, INSERT (invitation_id, workspace_id, email, role, digest, invited_by, expires_at), UPDATE (accepted_at, revoked_at)');

-- How often signing in was tried lately, for each e-mail, address and pair of them. Only digests, made with the pepper.
CREATE TABLE sign_in_tries (
  digest        bytea PRIMARY KEY,
  tries         integer NOT NULL,
  last_at       timestamptz NOT NULL,
  blocked_until timestamptz NOT NULL);
CREATE INDEX ON sign_in_tries (last_at);
CALL make_system_table('sign_in_tries', app => '', worker => '', writer => 'gateway, through the functions of people');
GRANT INSERT, UPDATE, DELETE ON sign_in_tries TO burnish_lookup;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Who somebody is.

-- Workspaces of a user, the oldest membership first: without a word of the caller the first one is meant.
CREATE FUNCTION memberships_of(p_user uuid) RETURNS TABLE (workspace_id uuid, organization_id uuid, name text, organization_name text, home_workspace_id uuid, role text, member_since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT m.workspace_id, w.organization_id, w.name, o.name, o.home_workspace_id, m.role, m.created_at
    FROM members m JOIN workspaces w USING (workspace_id) JOIN organizations o USING (organization_id)
   WHERE m.user_id = p_user ORDER BY m.created_at, m.workspace_id $$;

CREATE FUNCTION find_session(p_session uuid) RETURNS TABLE (session_id uuid, user_id uuid, digest bytea, way text, expires_at timestamptz, last_seen_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT s.session_id, s.user_id, s.digest, s.way, s.expires_at, s.last_seen_at, s.revoked_at FROM user_sessions s WHERE s.session_id = p_session $$;

-- The user behind an identity of a provider; NULL: never seen.
CREATE FUNCTION find_identity(p_issuer text, p_subject text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT i.user_id FROM identities i WHERE i.issuer = p_issuer AND i.subject = p_subject $$;

-- Ends the sessions of a user, save one, everywhere. Returns how many.
CREATE FUNCTION end_sessions(p_user uuid, p_except uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE one uuid; n integer := 0;
BEGIN
  FOR one IN UPDATE user_sessions s SET revoked_at = clock_timestamp()
              WHERE s.user_id = p_user AND s.revoked_at IS NULL AND s.session_id IS DISTINCT FROM p_except RETURNING s.session_id LOOP
    PERFORM note_change(NULL, 'user_session', one::text);
    n := n + 1;
  END LOOP;
  RETURN n;
END $$;

-- The user of an identity, made or joined at first sight. NULL: the e-mail is another user's, and the provider does not vouch for it.
-- An account whose e-mail nobody had vouched for is not joined: whoever made it could be anybody, and what they did and were let into stays
-- with them (account pre-hijacking, Sudhodanan and Paverd, USENIX Security 2022). It loses the e-mail, is disabled, and its owner begins afresh.
CREATE FUNCTION link_identity(p_user uuid, p_issuer text, p_subject text, p_email text, p_verified boolean, p_name text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_user uuid; v_other uuid; v_verified timestamptz; v_ended uuid;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('burnish.identity ' || p_issuer || ' ' || p_subject, 0));
  v_user := find_identity(p_issuer, p_subject);
  IF v_user IS NOT NULL THEN RETURN v_user; END IF;
  FOR i IN 1..3 LOOP                                               -- again, where somebody else took the e-mail or gave it up meanwhile
    INSERT INTO users (user_id, email, email_verified_at, name) VALUES (p_user, p_email, CASE WHEN p_verified THEN clock_timestamp() END, p_name)
      ON CONFLICT DO NOTHING RETURNING user_id INTO v_user;
    EXIT WHEN v_user IS NOT NULL;
    IF NOT p_verified THEN RETURN NULL; END IF;
    SELECT u.user_id, u.email_verified_at INTO v_other, v_verified FROM users u WHERE u.email = p_email FOR UPDATE;
    CONTINUE WHEN v_other IS NULL;
    IF v_verified IS NOT NULL THEN v_user := v_other; EXIT; END IF;
    UPDATE users u SET email = NULL, disabled_at = coalesce(u.disabled_at, clock_timestamp()) WHERE u.user_id = v_other;
    v_ended := v_other;
  END LOOP;
  IF v_user IS NULL THEN RETURN NULL; END IF;
  INSERT INTO identities (issuer, subject, user_id) VALUES (p_issuer, p_subject, v_user);
  IF v_ended IS NOT NULL THEN
    DELETE FROM credentials c WHERE c.user_id = v_ended;
    PERFORM end_sessions(v_ended, NULL);
    PERFORM note_change(NULL, 'user', v_ended::text);
  END IF;
  RETURN v_user;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Passwords.

CREATE FUNCTION create_user(p_user uuid, p_email text, p_name text, p_password_hash text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  INSERT INTO users (user_id, email, name) VALUES (p_user, p_email, p_name) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  IF p_password_hash IS NOT NULL THEN INSERT INTO credentials (user_id, password_hash) VALUES (p_user, p_password_hash); END IF;
  RETURN true;
END $$;

CREATE FUNCTION find_credential(p_email text) RETURNS TABLE (user_id uuid, password_hash text, disabled_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT u.user_id, c.password_hash, u.disabled_at FROM users u JOIN credentials c USING (user_id) WHERE u.email = p_email $$;

CREATE FUNCTION set_password(p_user uuid, p_password_hash text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  INSERT INTO credentials (user_id, password_hash) VALUES (p_user, p_password_hash)
    ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = clock_timestamp() $$;

CREATE FUNCTION replace_password_hash(p_user uuid, p_old text, p_new text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  UPDATE credentials SET password_hash = p_new WHERE user_id = p_user AND password_hash = p_old $$;

-- One try to sign in is counted before the password is looked at, so that many at once do not pass together. Returns the seconds to wait, 0: go on.
-- For each of pair, e-mail, address: so many tries are free, then each costs twice the wait of the one before, up to a bound that never
-- keeps the owner out for long; where the owner signed in from within 30 days, tries from elsewhere do not count.
CREATE FUNCTION begin_sign_in(p_pair bytea, p_email_digest bytea, p_address_digest bytea, p_email text, p_network text) RETURNS double precision
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  v_now timestamptz := clock_timestamp(); v_wait double precision; v_known boolean;
  free constant integer[] := ARRAY[5, 20, 50];
  most_s constant integer[] := ARRAY[300, 60, 30];
  forget constant interval[] := ARRAY['1 day', '1 hour', '15 minutes']::interval[];
  named bytea[] := ARRAY[p_pair, p_email_digest, p_address_digest];
BEGIN
  SELECT EXISTS (SELECT FROM users u JOIN user_sessions s USING (user_id) WHERE u.email = p_email AND s.network = p_network AND s.created_at > v_now - interval '30 days') INTO v_known;
  INSERT INTO sign_in_tries (digest, tries, last_at, blocked_until) SELECT d, 0, v_now, '-infinity' FROM unnest(named) d ORDER BY d ON CONFLICT DO NOTHING;
  PERFORM FROM sign_in_tries t WHERE t.digest = ANY (named) ORDER BY t.digest FOR UPDATE;
  SELECT max(extract(epoch FROM t.blocked_until - v_now)) INTO v_wait FROM sign_in_tries t
   WHERE t.digest = ANY (named) AND t.blocked_until > v_now AND NOT (v_known AND t.digest = p_email_digest);
  IF v_wait > 0 THEN RETURN v_wait; END IF;
  UPDATE sign_in_tries t SET tries = n.tries, last_at = v_now,
         blocked_until = CASE WHEN n.tries < n.free THEN '-infinity' ELSE v_now + least(power(2, least(n.tries - n.free, 20)), n.most_s) * interval '1 second' END
    FROM (SELECT x.digest, CASE WHEN y.last_at < v_now - x.forget THEN 1 ELSE y.tries + 1 END AS tries, x.free, x.most_s
            FROM unnest(named, free, most_s, forget) x(digest, free, most_s, forget) JOIN sign_in_tries y USING (digest)) n
   WHERE t.digest = n.digest;
  RETURN 0;
END $$;

-- The password was right: the pair and the e-mail start anew, and this try does not count for the address.
CREATE FUNCTION forgive_sign_in(p_pair bytea, p_email_digest bytea, p_address_digest bytea) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM FROM sign_in_tries t WHERE t.digest = ANY (ARRAY[p_pair, p_email_digest, p_address_digest]) ORDER BY t.digest FOR UPDATE;
  DELETE FROM sign_in_tries t WHERE t.digest IN (p_pair, p_email_digest);
  UPDATE sign_in_tries t SET tries = greatest(t.tries - 1, 0), blocked_until = '-infinity' WHERE t.digest = p_address_digest;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Invitations and organizations.

CREATE FUNCTION find_invitation(p_invitation uuid) RETURNS TABLE (workspace_id uuid, email text, role text, digest bytea, invited_by text, expires_at timestamptz, accepted_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT i.workspace_id, i.email, i.role, i.digest, i.invited_by, i.expires_at, i.accepted_at, i.revoked_at FROM invitations i WHERE i.invitation_id = p_invitation $$;

-- An organization on a plan with its home workspace. Returns the credit account. p_founder: the person who founds it on their own (NULL: the operator
-- does); the first one that somebody founds brings what the plan gives, further ones bring nothing, or money could be made by founding.
CREATE FUNCTION create_organization(p_organization uuid, p_ws uuid, p_name text, p_plan text, p_founder uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE v_account bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('burnish.founder'), hashtext(p_founder::text));
  v_account := create_workspace(p_ws, p_organization, true, p_name);
  UPDATE organizations o SET plan = p_plan, founded_by = p_founder, brings_credit = NOT EXISTS (SELECT FROM organizations f WHERE f.founded_by = p_founder)
   WHERE o.organization_id = p_organization;
  RETURN v_account;
END $$;
GRANT UPDATE ON organizations TO burnish_lookup;
CREATE INDEX organizations_founded_by ON organizations (founded_by) WHERE founded_by IS NOT NULL;

-- How many workspaces an organization has, erased ones left out, and how many its plan allows. It stays so until the transaction ends: the row is locked.
CREATE FUNCTION lock_workspace_count(p_organization uuid) RETURNS TABLE (plan text, workspaces_most integer, workspaces integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM FROM organizations o WHERE o.organization_id = p_organization FOR NO KEY UPDATE;
  RETURN QUERY SELECT p.plan, p.workspaces_most, (SELECT count(*)::integer FROM workspaces w WHERE w.organization_id = p_organization AND NOT is_erased(w.workspace_id))
    FROM organizations o JOIN plans p USING (plan) WHERE o.organization_id = p_organization;
END $$;

-- What the plan gives at once; otherwise it comes with the next turn of the month's loop. The functions are of 0007.
CREATE FUNCTION begin_plan(p_organization uuid, p_ws uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM begin_month(p_organization, this_month());
  PERFORM begin_allowance(p_ws, this_month());
END $$;

-- For whoever governs the organization: its workspaces, and who belongs to them.
CREATE FUNCTION workspaces_of(p_organization uuid) RETURNS TABLE (workspace_id uuid, organization_id uuid, name text, created_at timestamptz, suspended_at timestamptz, members integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id, w.organization_id, w.name, w.created_at, w.suspended_at, (SELECT count(*)::integer FROM members m WHERE m.workspace_id = w.workspace_id)
    FROM workspaces w WHERE w.organization_id = p_organization ORDER BY w.created_at, w.workspace_id $$;

CREATE FUNCTION members_of_organization(p_organization uuid) RETURNS TABLE (user_id uuid, email text, name text, workspace_id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT m.user_id, u.email, u.name, m.workspace_id, m.role FROM workspaces w JOIN members m USING (workspace_id) JOIN users u USING (user_id)
   WHERE w.organization_id = p_organization ORDER BY m.user_id, m.created_at $$;

-- Sessions and tries that are over: sessions 30 days after their end, tries after a day.
CREATE FUNCTION forget_signed_out(p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; m integer;
BEGIN
  DELETE FROM user_sessions WHERE session_id IN (SELECT s.session_id FROM user_sessions s WHERE s.expires_at < clock_timestamp() - interval '30 days' ORDER BY s.expires_at LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  DELETE FROM sign_in_tries WHERE digest IN (SELECT t.digest FROM sign_in_tries t WHERE t.last_at < clock_timestamp() - interval '1 day' ORDER BY t.last_at LIMIT p_most);
  GET DIAGNOSTICS m = ROW_COUNT;
  RETURN n + m;
END $$;

CALL make_lookup_function('memberships_of(uuid)', app => true, worker => false);
CALL make_lookup_function('find_session(uuid)', app => true, worker => false);
CALL make_lookup_function('find_identity(text, text)', app => true, worker => false);
CALL make_lookup_function('end_sessions(uuid, uuid)', app => true, worker => false);
CALL make_lookup_function('link_identity(uuid, text, text, text, boolean, text)', app => true, worker => false);
CALL make_lookup_function('create_user(uuid, text, text, text)', app => true, worker => false);
CALL make_lookup_function('find_credential(text)', app => true, worker => false);
CALL make_lookup_function('replace_password_hash(uuid, text, text)', app => true, worker => false);
CALL make_lookup_function('set_password(uuid, text)', app => true, worker => false);
CALL make_lookup_function('begin_sign_in(bytea, bytea, bytea, text, text)', app => true, worker => false);
CALL make_lookup_function('forgive_sign_in(bytea, bytea, bytea)', app => true, worker => false);
CALL make_lookup_function('find_invitation(uuid)', app => true, worker => false);
CALL make_lookup_function('create_organization(uuid, uuid, text, text, uuid)', app => true, worker => false);
CALL make_lookup_function('lock_workspace_count(uuid)', app => true, worker => false);
CALL make_lookup_function('begin_plan(uuid, uuid)', app => true, worker => false);
CALL make_lookup_function('workspaces_of(uuid)', app => true, worker => false);
CALL make_lookup_function('members_of_organization(uuid)', app => true, worker => false);
CALL make_lookup_function('forget_signed_out(integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
