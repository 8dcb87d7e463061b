SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION erase_workspace_step(uuid, integer), workspace_erasures_due(), erase_step(uuid, integer), erased(jsonb, text, integer), without_subject(bytea, uuid, bytea, bytea, bytea), as_json(bytea),
              names_subject(jsonb, bytea, bytea, bytea), erasures_standing(), erasures_without_key(integer), known_erasures(uuid[]), erasures_beside(uuid[], integer), erasures_due(integer), forget_days(integer, integer, integer),
              forget_answers(uuid, integer), without_answers(jsonb), forget_feedback(uuid, integer), forget_ids(uuid, uuid[], timestamptz), nameless(text), forget_executions(uuid, integer),
              forget_these(uuid, uuid[], uuid[]), retention_workspaces(), retention_cutoff(uuid), keyed_hash(bytea, bytea, text), hmac_block(bytea, integer), moment_of(uuid), moment_bound(timestamptz);
DROP TABLE workspace_erasures, erasures, retention_progress;
DROP INDEX feedback_to_forget, feedback_forgotten, feedback_ids_forgotten, feedback_history_by_time, evaluations_to_forget, test_runs_to_forget;
ALTER TABLE feedback DROP COLUMN forgotten_at;
ALTER TABLE feedback_ids DROP COLUMN forgotten_at;
ALTER TABLE test_runs DROP COLUMN forgotten_at;
RESET ROLE;
SET LOCAL search_path = public;
