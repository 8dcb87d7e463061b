SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE alert_rules DROP COLUMN min_error_rise_ratio, DROP COLUMN min_latency_rise_ratio, DROP COLUMN min_cost_rise_ratio;

RESET ROLE;
SET LOCAL search_path = public;
