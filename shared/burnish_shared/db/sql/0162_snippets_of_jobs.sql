-- What a search's texts include stays as it stood when it was asked for, as versions do.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE optimization_jobs ADD COLUMN snippets jsonb;                    -- name that includes → version; NULL: a job of before, which reads them when it is worked on

RESET ROLE;
SET LOCAL search_path = public;
