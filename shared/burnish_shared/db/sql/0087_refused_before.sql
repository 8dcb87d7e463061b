-- Open suggestions whose rollout was refused before there was a column for it take the reason over from the audit log. Apart from the migration
-- that adds the column, and so without its lock; of each suggestion what its workspace did since is looked through, by the key of the log.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

UPDATE suggestions s
   SET policy_refused =
       (SELECT a.after ->> 'why' FROM audit_log a
         WHERE a.workspace_id = s.workspace_id AND a.audit_id > s.suggestion_id  -- both begin with their time
           AND a.action = 'suggestion.rollout_refused' AND a.object_kind = 'suggestion' AND a.object_id = s.suggestion_id::text
         ORDER BY a.audit_id LIMIT 1)
 WHERE s.status = 'open' AND s.policy_tried_at IS NOT NULL AND s.policy_refused IS NULL;

RESET ROLE;
SET LOCAL search_path = public;
