SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_looks
  DROP CONSTRAINT test_looks_workspace_id_dataset_id_fkey,
  ADD CONSTRAINT test_looks_workspace_id_dataset_id_fkey
    FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, dataset_id);
REVOKE UPDATE (archived_at), DELETE ON datasets FROM burnish_app;
ALTER TABLE datasets DROP COLUMN archived_at;

RESET ROLE;
SET LOCAL search_path = public;
