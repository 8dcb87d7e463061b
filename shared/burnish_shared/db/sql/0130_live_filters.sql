-- A live evaluation may be narrowed by more than prompts and labels, and a row of its table may be a scoring of past executions
-- (docs/decisions/0100): what it scores was queued when it was made, its cap is for the whole of it, and where that is reached it waits.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE live_evaluations
  ADD COLUMN filters jsonb NOT NULL DEFAULT '{}',                  -- contracts/live_filters.py
  ADD COLUMN kind text NOT NULL DEFAULT 'live' CHECK (kind IN ('live', 'past')),
  ADD COLUMN wanted jsonb NOT NULL DEFAULT '{}',                   -- past: what was asked for, as it was told
  ADD COLUMN evaluator_version integer,                            -- past: the one that scores; NULL: the newest
  ADD COLUMN tasks_total integer NOT NULL DEFAULT 0,               -- past: how many were queued
  ADD COLUMN tasks_dropped integer NOT NULL DEFAULT 0,             -- past: how many were not scored when it was cancelled
  ADD COLUMN scores integer NOT NULL DEFAULT 0,
  ADD COLUMN passed integer NOT NULL DEFAULT 0,
  ADD COLUMN no_scores integer NOT NULL DEFAULT 0,
  ADD COLUMN score_sum double precision NOT NULL DEFAULT 0,
  ADD COLUMN cost_nusd bigint NOT NULL DEFAULT 0,
  ADD COLUMN simulated boolean NOT NULL DEFAULT false,
  ADD COLUMN paused_because text CHECK (paused_because IN ('budget', 'credit')),   -- NULL: nobody paused it, or a person did
  DROP CONSTRAINT live_evaluations_check,
  ADD CHECK ((cap_nusd IS NULL) = (account_id IS NULL) AND (cap_nusd IS NULL OR kind = 'past') = (cap_period IS NULL)),
  ADD CHECK ((kind = 'past') = (evaluator_version IS NOT NULL));
GRANT UPDATE (filters, tasks_dropped, paused_because) ON live_evaluations TO burnish_app;
GRANT UPDATE (active, paused_because, scores, passed, no_scores, score_sum, cost_nusd, simulated) ON live_evaluations TO burnish_worker;
COMMENT ON TABLE live_evaluations IS 'writer: gateway; the optimizer keeps the lease, and of a scoring of past executions how far it is';

GRANT INSERT ON score_tasks TO burnish_app;
COMMENT ON TABLE score_tasks IS 'writer: analytics inserts, the gateway what is past; the optimizer removes';

RESET ROLE;
SET LOCAL search_path = public;
