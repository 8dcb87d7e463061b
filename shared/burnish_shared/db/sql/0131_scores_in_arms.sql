-- Scores of executions that took part in an experiment count in the figures of their arms. Those that were counted before do not, and the
-- recount must know which is which.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE scores ADD COLUMN in_arm boolean NOT NULL DEFAULT false;   -- counted where experiments count
GRANT UPDATE (in_arm) ON scores TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
