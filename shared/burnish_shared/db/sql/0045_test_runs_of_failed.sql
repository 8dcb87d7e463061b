-- A test run may take only the items that another one answered wrongly.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE test_runs ADD COLUMN failed_of uuid;                   -- the run whose failed items these are; NULL: the whole split
ALTER TABLE test_runs ADD COLUMN item_ids uuid[];                  -- those items, as they were when this run was started
ALTER TABLE test_runs ADD CONSTRAINT test_runs_some_items CHECK ((failed_of IS NULL) = (item_ids IS NULL) AND cardinality(item_ids) > 0);

RESET ROLE;
SET LOCAL search_path = public;
