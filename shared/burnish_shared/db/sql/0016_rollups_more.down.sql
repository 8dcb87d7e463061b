SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION forget_rollups(integer), nightly_recounts_due(timestamptz, integer), claim_recount(integer, integer);
DROP TABLE recounts, rollup_end_users, rollup_metrics, rollup_sets;
ALTER TABLE execution_facts DROP COLUMN provider_key_id;
RESET ROLE;
SET LOCAL search_path = public;
