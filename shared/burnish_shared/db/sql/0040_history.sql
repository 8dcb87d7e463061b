-- History and review of prompts: branches, protected labels, reviews of versions, comments.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Versions of a prompt are numbered in one sequence, on whatever branch they are saved. prompts.latest_version is where the main line stands.
ALTER TABLE prompts ADD COLUMN branched_version integer NOT NULL DEFAULT 0;   -- the highest number that was given on a branch
GRANT UPDATE (branched_version) ON prompts TO burnish_app;
ALTER TABLE prompt_versions ADD COLUMN branch text;                           -- on which it was saved; NULL: the main line

CREATE TABLE prompt_branches (
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  branch       text NOT NULL CHECK (branch ~ '^[a-z][a-z0-9_-]{0,62}$' AND branch NOT IN ('main', 'latest')),
  version      integer NOT NULL,                                              -- where it stands
  from_version integer NOT NULL,                                              -- where it left
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  moved_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, prompt_id, branch),
  FOREIGN KEY (workspace_id, prompt_id, version) REFERENCES prompt_versions (workspace_id, prompt_id, version),
  FOREIGN KEY (workspace_id, prompt_id, from_version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CALL make_tenant_table('prompt_branches', worker => '', writer => 'gateway',
  app => 'SELECT, INSERT (workspace_id, prompt_id, branch, version, from_version, created_by), UPDATE (version, moved_at), DELETE');

ALTER TABLE workspaces
  ADD COLUMN protected_labels text[] NOT NULL DEFAULT '{}' CHECK (cardinality(protected_labels) <= 20),   -- move only to approved versions
  ADD COLUMN own_approval boolean NOT NULL DEFAULT true,                      -- may authors approve what they wrote themselves?
  ADD COLUMN test_run_gate boolean NOT NULL DEFAULT false;                    -- a protected label asks for a passed test run besides
GRANT UPDATE (protected_labels, own_approval, test_run_gate) ON workspaces TO burnish_app;

-- One row for each time that a version was handed in. A version without one is a draft; the newest row says how it stands.
CREATE TABLE prompt_reviews (
  review_id    uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  version      integer NOT NULL,
  status       text NOT NULL DEFAULT 'in_review' CHECK (status IN ('in_review', 'approved', 'sent_back', 'withdrawn')),
  note         text NOT NULL DEFAULT '' CHECK (length(note) <= 5000),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  decision     text NOT NULL DEFAULT '' CHECK (length(decision) <= 5000),     -- what was said when it was decided
  decided_by   text,
  decided_at   timestamptz,
  CHECK ((status = 'in_review') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)),
  FOREIGN KEY (workspace_id, prompt_id, version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CREATE UNIQUE INDEX prompt_reviews_one_open ON prompt_reviews (workspace_id, prompt_id, version) WHERE status IN ('in_review', 'approved');
CREATE INDEX prompt_reviews_of_version ON prompt_reviews (workspace_id, prompt_id, version, review_id DESC);
CREATE INDEX prompt_reviews_by_status ON prompt_reviews (workspace_id, status, review_id DESC);
CREATE INDEX prompt_reviews_newest ON prompt_reviews (workspace_id, review_id DESC);
CALL make_tenant_table('prompt_reviews', worker => '', writer => 'gateway',
  app => 'SELECT, INSERT (review_id, workspace_id, prompt_id, version, note, requested_by), UPDATE (status, decision, decided_by, decided_at)');

-- What people say of a version, or of how it differs from another one.
CREATE TABLE prompt_comments (
  comment_id   uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  prompt_id    uuid NOT NULL,
  version      integer NOT NULL,
  against      integer,                                                       -- the other version of a diff
  part         text CHECK (length(part) <= 700),                              -- a field, messages[N], parameters.NAME
  reply_to     uuid,
  body         text NOT NULL CHECK (length(body) BETWEEN 1 AND 10000),
  mentions     uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(mentions) <= 50),   -- members, by their user id
  author       text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  edited_at    timestamptz,
  resolved_by  text,
  resolved_at  timestamptz,
  UNIQUE (workspace_id, comment_id),
  FOREIGN KEY (workspace_id, prompt_id, version) REFERENCES prompt_versions (workspace_id, prompt_id, version),
  FOREIGN KEY (workspace_id, prompt_id, against) REFERENCES prompt_versions (workspace_id, prompt_id, version),
  FOREIGN KEY (workspace_id, reply_to) REFERENCES prompt_comments (workspace_id, comment_id) ON DELETE CASCADE);
CREATE INDEX prompt_comments_of_prompt ON prompt_comments (workspace_id, prompt_id, comment_id DESC);
CREATE INDEX prompt_comments_newest ON prompt_comments (workspace_id, comment_id DESC);
CREATE INDEX prompt_comments_answers ON prompt_comments (workspace_id, reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX prompt_comments_mentions ON prompt_comments USING gin (mentions);
CALL make_tenant_table('prompt_comments', worker => '', writer => 'gateway',
  app => 'SELECT, INSERT, UPDATE (body, mentions, edited_at, resolved_by, resolved_at), DELETE');

RESET ROLE;
SET LOCAL search_path = public;
