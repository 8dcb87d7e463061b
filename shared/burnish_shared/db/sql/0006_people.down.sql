SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION memberships_of(uuid), find_session(uuid), find_identity(text, text), link_identity(uuid, text, text, text, boolean, text), end_sessions(uuid, uuid),
              create_user(uuid, text, text, text), find_credential(text), set_password(uuid, text), replace_password_hash(uuid, text, text), begin_sign_in(bytea, bytea, bytea, text, text),
              forgive_sign_in(bytea, bytea, bytea), find_invitation(uuid), create_organization(uuid, uuid, text, text, uuid), lock_workspace_count(uuid), begin_plan(uuid, uuid), workspaces_of(uuid),
              members_of_organization(uuid), forget_signed_out(integer);
DROP TABLE sign_in_tries, invitations, user_sessions, identities, credentials;
DROP POLICY app ON users;
DROP TABLE members, users;
DROP INDEX organizations_founded_by;
REVOKE UPDATE ON organizations FROM burnish_lookup;
RESET ROLE;
SET LOCAL search_path = public;
