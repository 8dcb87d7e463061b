-- Why a workspace's policy did not begin the rollout of a suggestion: `code: message`, as the audit log has it.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE suggestions ADD COLUMN policy_refused text;
GRANT UPDATE (policy_refused) ON suggestions TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
