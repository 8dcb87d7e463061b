-- Filters of a page that are kept under a name, for all members of the workspace.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE saved_views (
  view_id      uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  place        text NOT NULL CHECK (length(place) BETWEEN 1 AND 40),   -- which page
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  filters      jsonb NOT NULL CHECK (jsonb_typeof(filters) = 'object'),
  updated_by   text NOT NULL,                                          -- as the audit log names people
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE UNIQUE INDEX saved_views_by_name ON saved_views (workspace_id, place, lower(name));
CALL make_tenant_table('saved_views', worker => '', writer => 'gateway',
  app => 'SELECT, INSERT, UPDATE (name, filters, updated_by, updated_at), DELETE');

RESET ROLE;
SET LOCAL search_path = public;
