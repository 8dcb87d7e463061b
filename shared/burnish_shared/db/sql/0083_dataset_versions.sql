-- Who made each version of a dataset, when, and by what. What a version holds stands in its items; versions from before have no row here.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE dataset_versions (
  workspace_id uuid NOT NULL,
  dataset_id   uuid NOT NULL,
  version      integer NOT NULL CHECK (version >= 1),
  done         text NOT NULL CHECK (done IN ('uploaded', 'from_executions', 'from_failures', 'from_feedback', 'made_up', 'reviewed',
                                             'review_taken_back', 'imported', 'corrected', 'removed')),
  made_by      text NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, dataset_id, version),
  FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, dataset_id) ON DELETE CASCADE);
CALL make_tenant_table('dataset_versions', app => 'SELECT, INSERT', worker => '', writer => 'gateway');

-- What used a version.
CREATE INDEX test_runs_of_dataset ON test_runs (workspace_id, dataset_id, dataset_version);
CREATE INDEX optimization_jobs_of_dataset ON optimization_jobs (workspace_id, dataset_id, dataset_version);

RESET ROLE;
SET LOCAL search_path = public;
