-- Scores of one prompt, by the evaluator: who asks of a prompt that was never scored reads none of the others.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE INDEX scores_of_prompt ON scores (workspace_id, evaluator_id, slug, execution_id DESC);

RESET ROLE;
SET LOCAL search_path = public;
