-- Why a workspace's policy did not begin the rollout of a suggestion: `code: message`, as the audit log has it. Those of before are taken over
-- from there.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE suggestions ADD COLUMN policy_refused text;
GRANT UPDATE (policy_refused) ON suggestions TO burnish_app;

UPDATE suggestions s SET policy_refused = a.after ->> 'why'
  FROM audit_log a
 WHERE s.status = 'open' AND s.policy_tried_at IS NOT NULL AND a.workspace_id = s.workspace_id AND a.action = 'suggestion.rollout_refused'
   AND a.object_kind = 'suggestion' AND a.object_id = s.suggestion_id::text AND a.audit_id > s.suggestion_id;  -- both begin with their time

RESET ROLE;
SET LOCAL search_path = public;
