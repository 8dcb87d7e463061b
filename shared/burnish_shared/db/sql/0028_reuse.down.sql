SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION adopt_executions(uuid, text, uuid[]), hold_ingestion(bigint), adoptions_under_way(integer), sweep_answers(integer, bigint, integer), find_execution_settings(uuid),
  find_answer(uuid, bytea, integer, integer), keep_answer(uuid, bytea, text, integer, text, uuid, text, bigint, boolean, integer, timestamptz);
DROP TABLE execution_groups;
DROP INDEX execution_facts_grouped, execution_facts_of_group;
ALTER TABLE execution_facts DROP COLUMN group_key;
REVOKE SELECT ON execution_facts FROM burnish_app;
DROP TRIGGER forget_answers_kept ON execution_contents;
DROP FUNCTION forget_answers_kept();
DROP TABLE cache_purges, cache_entries;
ALTER TABLE workspaces DROP COLUMN cache_mode, DROP COLUMN cache_ttl_s, DROP COLUMN response_shape;
RESET ROLE;
SET LOCAL search_path = public;
