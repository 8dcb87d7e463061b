-- More ways for feedback to come in. Lock order: after feedback and rollups of 0003 (label_voices is written with label_feedback).

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- One conversation, read in order.
CREATE INDEX executions_by_session ON executions (workspace_id, session_id, execution_id) WHERE session_id IS NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
