-- Guardrails of a workspace and its prompts, and what is blotted out of executions before they are stored (docs/guides/guardrails.md).

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE guardrails (
  workspace_id uuid NOT NULL,
  guardrail_id uuid NOT NULL,                                      -- in the order in which they were made they are looked at
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  prompts      text[] NOT NULL DEFAULT '{}',                       -- slugs; none: all, and calls without a prompt
  sides        text[] NOT NULL CHECK (cardinality(sides) BETWEEN 1 AND 2 AND sides <@ '{in,out}'),
  settings     json NOT NULL,
  active       boolean NOT NULL DEFAULT true,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, guardrail_id),
  UNIQUE (workspace_id, name));
CALL make_tenant_table('guardrails', worker => 'SELECT', writer => 'gateway',
  app => 'SELECT, INSERT, UPDATE (name, prompts, sides, settings, active, updated_at), DELETE');

CREATE TABLE masking (
  workspace_id uuid PRIMARY KEY,
  settings     json NOT NULL,
  updated_by   text NOT NULL,
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp());
CALL make_tenant_table('masking', worker => 'SELECT', writer => 'gateway', app => 'SELECT, INSERT, UPDATE (settings, updated_by, updated_at), DELETE');

RESET ROLE;
SET LOCAL search_path = public;
