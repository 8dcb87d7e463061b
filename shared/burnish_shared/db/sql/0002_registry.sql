-- Prompts, their immutable versions, the labels that name versions, where each label has been, and the lineage of versions.
-- Content is kept as json, not jsonb: the order of keys in a schema is part of what a model sees, and jsonb forgets it.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE prompts (
  prompt_id      uuid PRIMARY KEY,
  workspace_id   uuid NOT NULL REFERENCES workspaces,
  slug           text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description    text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  use_case       text NOT NULL DEFAULT '' CHECK (length(use_case) <= 2000),
  folder         text NOT NULL DEFAULT '' CHECK (length(folder) <= 700),
  tags           text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  visibility     text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'organization', 'public')),   -- how widely versions may be published
  latest_version integer NOT NULL CHECK (latest_version >= 1),
  revision       integer NOT NULL DEFAULT 1,   -- grows with each change of the prompt: the object_version of its events
  created_by     text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (workspace_id, slug),
  UNIQUE (workspace_id, prompt_id));
CREATE INDEX prompts_by_folder ON prompts (workspace_id, folder, prompt_id);
CREATE INDEX prompts_by_tag ON prompts USING gin (tags);
CALL make_tenant_table('prompts', worker => 'SELECT', writer => 'gateway',
  app => 'SELECT, INSERT, UPDATE (name, description, use_case, folder, tags, visibility, latest_version, revision, updated_at)');

CREATE TABLE prompt_versions (
  workspace_id   uuid NOT NULL,
  prompt_id      uuid NOT NULL,
  version        integer NOT NULL CHECK (version >= 1),
  model          text NOT NULL,
  content        json NOT NULL CHECK (jsonb_typeof(content::jsonb) = 'object'),   -- the cast refuses what json lets pass: U+0000, lone surrogates
  content_hash   bytea NOT NULL CHECK (length(content_hash) = 32),
  base_version   integer,
  source         text NOT NULL CHECK (source IN ('manual', 'optimizer', 'import', 'merge', 'clone')),
  change_message text NOT NULL DEFAULT '' CHECK (length(change_message) <= 2000),
  author         text NOT NULL,
  api_key_id     uuid,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, prompt_id, version),
  UNIQUE (workspace_id, prompt_id, content_hash),
  FOREIGN KEY (workspace_id, prompt_id) REFERENCES prompts (workspace_id, prompt_id),
  FOREIGN KEY (workspace_id, prompt_id, base_version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CREATE INDEX prompt_versions_by_model ON prompt_versions (workspace_id, model);
CALL make_tenant_table('prompt_versions', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');

-- `latest` has no row: it is prompts.latest_version.
CREATE TABLE prompt_labels (
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  label        text NOT NULL CHECK (label ~ '^[a-z][a-z0-9_-]{0,62}$' AND label <> 'latest'),
  version      integer NOT NULL,
  moved_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, prompt_id, label),
  FOREIGN KEY (workspace_id, prompt_id, version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CREATE INDEX prompt_labels_by_label ON prompt_labels (workspace_id, label);
CALL make_tenant_table('prompt_labels', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT', writer => 'gateway');

CREATE TABLE prompt_label_moves (
  move_id      uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  label        text NOT NULL,
  from_version integer,            -- null: the label is new
  to_version   integer,            -- null: the label was removed
  reason       text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
  author       text NOT NULL,
  moved_at     timestamptz NOT NULL,
  FOREIGN KEY (workspace_id, prompt_id) REFERENCES prompts (workspace_id, prompt_id));
CREATE INDEX prompt_label_moves_by_label ON prompt_label_moves (workspace_id, prompt_id, label, moved_at);
CALL make_tenant_table('prompt_label_moves', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');

-- Typed edges from a version to what it came from: a version of this or another prompt, a candidate of an optimization job, or an entry of
-- the marketplace, of which the edge keeps a copy of the names: it stays readable when the entry is gone.
CREATE TABLE lineage_edges (
  edge_id          uuid PRIMARY KEY,
  workspace_id     uuid NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('derived_from', 'mutated_from', 'branch_of', 'crossover_of', 'cherry_picked_from', 'cloned_from', 'compressed_from')),
  prompt_id        uuid NOT NULL,
  version          integer NOT NULL,
  parent_prompt_id uuid,
  parent_version   integer,
  job_id           uuid,           -- the optimization job, where one made it
  suggestion_id    uuid,
  source_entry_id  uuid,           -- cloned_from: the entry of the marketplace, perhaps of another workspace
  source_publisher text,
  source_slug      text,
  source_version   integer,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (num_nonnulls(source_entry_id, source_publisher, source_slug, source_version) IN (0, 4)),
  CHECK ((parent_prompt_id IS NULL) = (parent_version IS NULL)),
  FOREIGN KEY (workspace_id, prompt_id, version) REFERENCES prompt_versions (workspace_id, prompt_id, version),
  FOREIGN KEY (workspace_id, parent_prompt_id, parent_version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CREATE UNIQUE INDEX lineage_edges_once ON lineage_edges (workspace_id, prompt_id, version, kind, parent_prompt_id, parent_version);
CREATE INDEX lineage_edges_down ON lineage_edges (workspace_id, parent_prompt_id, parent_version);
CALL make_tenant_table('lineage_edges', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');

RESET ROLE;
SET LOCAL search_path = public;
