SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE alert_rules DROP COLUMN target_p95_ms, DROP COLUMN target_cost_nusd;

RESET ROLE;
SET LOCAL search_path = public;
