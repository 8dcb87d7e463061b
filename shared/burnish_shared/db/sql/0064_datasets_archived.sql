-- A dataset is put away, or removed where nothing rests on it. Its looks at the test split go with it: as long as a test run or an optimization
-- names it, it cannot be removed, so what is left then are looks of work that was removed with its prompt.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE datasets ADD COLUMN archived_at timestamptz;           -- NULL: in use; else nothing new is begun on it, or added
GRANT UPDATE (archived_at), DELETE ON datasets TO burnish_app;

ALTER TABLE test_looks
  DROP CONSTRAINT test_looks_workspace_id_dataset_id_fkey,
  ADD CONSTRAINT test_looks_workspace_id_dataset_id_fkey
    FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, dataset_id) ON DELETE CASCADE;

RESET ROLE;
SET LOCAL search_path = public;
