SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION model_migrations_due(integer);
DROP TABLE model_migration_steps, model_migrations;
DROP FUNCTION schedules_due(integer);
DROP TABLE optimization_schedule_runs, optimization_schedules;
ALTER TABLE optimization_jobs DROP COLUMN start_line_id, DROP COLUMN start_number;
DROP INDEX prompt_versions_by_base;
DROP TABLE candidate_edges, lineage_candidates, generation_snapshots, generations, generation_lines;

RESET ROLE;
SET LOCAL search_path = public;
