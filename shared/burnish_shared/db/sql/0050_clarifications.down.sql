SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DELETE FROM platform_models WHERE model = 'simulated/interviewer';
DROP FUNCTION claim_assistant_work(text, integer, integer, integer), renew_assistant_work(text, integer), release_assistant_work(text),
  forget_assistant_work(uuid, integer), erase_assistant_work(uuid, integer);
DROP TABLE run_names, enrichment_calls, enrichments, enrichment_prompts, assistant_settings, clarification_feedback, clarification_messages, clarifications;

RESET ROLE;
SET LOCAL search_path = public;
