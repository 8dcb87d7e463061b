-- How a job searches, and what it has to say beside its figures; how sure a workspace wants to be.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE optimization_jobs DROP CONSTRAINT optimization_jobs_method_check;
ALTER TABLE optimization_jobs
  ADD CONSTRAINT optimization_jobs_method_check
      CHECK (method IN ('racing', 'reflective', 'evolutionary', 'semantic', 'learned', 'few_shot', 'compression', 'settings', 'manual')),
  ADD COLUMN search jsonb NOT NULL DEFAULT '{}',                     -- contracts/searches.py, complete; empty, of an older job: single edits race, whatever its method says
  ADD COLUMN report jsonb NOT NULL DEFAULT '{}';                     -- notes, themes of comments, metrics that could not be taken, what was learned

ALTER TABLE workspaces
  ADD COLUMN min_samples integer NOT NULL DEFAULT 20 CHECK (min_samples BETWEEN 20 AND 10000),              -- fewer test items prove nothing
  ADD COLUMN confidence double precision NOT NULL DEFAULT 0.95 CHECK (confidence BETWEEN 0.8 AND 0.999),
  ADD COLUMN examples_in_prompts boolean NOT NULL DEFAULT false;                                            -- whether data may enter prompts as examples
GRANT UPDATE (min_samples, confidence, examples_in_prompts) ON workspaces TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
