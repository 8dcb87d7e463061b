SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION experiment_orders_due(integer);
DROP FUNCTION claim_experiments(text, integer, integer);
DROP INDEX experiments_running;
DROP TABLE experiment_orders, experiment_looks, experiment_watch;
ALTER TABLE execution_facts DROP COLUMN slow;

RESET ROLE;
SET LOCAL search_path = public;
