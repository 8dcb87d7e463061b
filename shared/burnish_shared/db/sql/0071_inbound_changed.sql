-- An inbound endpoint is changed where it stands, its sender changes secrets in peace, and an admin sees why messages were refused.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE inbound_endpoints
  ADD COLUMN previous_secret_sealed bytea,
  ADD COLUMN previous_secret_until  timestamptz,                  -- what is signed with the old secret is taken until then
  ADD COLUMN updated_at             timestamptz;
GRANT UPDATE (name, header, prefix, encoding, mapping, secret_sealed, previous_secret_sealed, previous_secret_until, updated_at)
  ON inbound_endpoints TO burnish_app;

-- The newest 20 of each endpoint and reason, without anything of what was sent.
CREATE TABLE inbound_refusals (
  refusal_id   uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  endpoint_id  uuid NOT NULL,
  reason       text NOT NULL CHECK (reason IN ('signature', 'body', 'mapping', 'too_many')),
  param        text,
  message      text NOT NULL CHECK (length(message) <= 500),
  refused_at   timestamptz NOT NULL,
  FOREIGN KEY (workspace_id, endpoint_id) REFERENCES inbound_endpoints (workspace_id, endpoint_id) ON DELETE CASCADE);
CREATE INDEX inbound_refusals_newest ON inbound_refusals (workspace_id, endpoint_id, refusal_id DESC);
CALL make_tenant_table('inbound_refusals', app => 'SELECT, INSERT, DELETE', worker => '', writer => 'gateway');

RESET ROLE;
SET LOCAL search_path = public;
