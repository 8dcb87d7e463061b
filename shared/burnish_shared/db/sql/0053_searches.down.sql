SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE workspaces DROP COLUMN min_samples, DROP COLUMN confidence, DROP COLUMN examples_in_prompts;
ALTER TABLE optimization_jobs DROP COLUMN search, DROP COLUMN report, DROP CONSTRAINT optimization_jobs_method_check;
ALTER TABLE optimization_jobs ADD CONSTRAINT optimization_jobs_method_check CHECK (method IN ('reflective')) NOT VALID;

RESET ROLE;
SET LOCAL search_path = public;
