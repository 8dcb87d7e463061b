SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

REVOKE INSERT ON score_tasks FROM burnish_app;
COMMENT ON TABLE score_tasks IS 'writer: analytics inserts, the optimizer removes';
COMMENT ON TABLE live_evaluations IS 'writer: gateway; the optimizer keeps the lease';
-- The release before knows no scorings of past executions; their scores stay, and name one that is gone.
DELETE FROM score_tasks t USING live_evaluations l
 WHERE l.workspace_id = t.workspace_id AND l.live_evaluation_id = t.live_evaluation_id AND l.kind = 'past';
DELETE FROM live_evaluations WHERE kind = 'past';
REVOKE UPDATE (filters, tasks_dropped, paused_because) ON live_evaluations FROM burnish_app;
REVOKE UPDATE (active, paused_because, scores, passed, no_scores, score_sum, cost_nusd, simulated) ON live_evaluations FROM burnish_worker;
ALTER TABLE live_evaluations
  DROP COLUMN filters, DROP COLUMN kind, DROP COLUMN wanted, DROP COLUMN evaluator_version, DROP COLUMN tasks_total,
  DROP COLUMN tasks_dropped, DROP COLUMN scores, DROP COLUMN passed, DROP COLUMN no_scores, DROP COLUMN score_sum, DROP COLUMN cost_nusd,
  DROP COLUMN simulated, DROP COLUMN paused_because,
  ADD CONSTRAINT live_evaluations_check
  CHECK ((cap_nusd IS NULL) = (cap_period IS NULL) AND (cap_nusd IS NULL) = (account_id IS NULL));
GRANT UPDATE (active) ON live_evaluations TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
