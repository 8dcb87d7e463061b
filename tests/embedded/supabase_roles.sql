-- The roles of a Supabase cluster, made by its bootstrap superuser, which is called supabase_admin there. `postgres` is no superuser, yet
-- passes row-level security and may make roles (github.com/supabase/postgres, demote-postgres). Once for the cluster.
CREATE ROLE postgres NOSUPERUSER CREATEDB CREATEROLE LOGIN REPLICATION BYPASSRLS PASSWORD 'service';
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
CREATE ROLE authenticator NOINHERIT LOGIN PASSWORD 'service';
CREATE ROLE supabase_auth_admin NOINHERIT LOGIN PASSWORD 'service';
CREATE ROLE supabase_storage_admin NOINHERIT LOGIN PASSWORD 'service';
CREATE ROLE supabase_realtime_admin NOINHERIT NOLOGIN;
CREATE ROLE supabase_replication_admin LOGIN REPLICATION PASSWORD 'service';
CREATE ROLE supabase_read_only_user LOGIN BYPASSRLS PASSWORD 'service';
CREATE ROLE dashboard_user CREATEDB CREATEROLE REPLICATION NOLOGIN;
GRANT pg_read_all_data TO supabase_read_only_user;
GRANT anon, authenticated, service_role TO authenticator;
GRANT anon, authenticated, service_role TO postgres WITH ADMIN OPTION;
GRANT anon, authenticated, service_role TO supabase_storage_admin;
GRANT pg_monitor TO postgres;
ALTER ROLE anon SET statement_timeout = '3s';
ALTER ROLE authenticated SET statement_timeout = '8s';
