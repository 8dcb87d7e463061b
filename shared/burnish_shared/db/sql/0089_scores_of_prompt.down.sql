SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP INDEX scores_of_prompt;

RESET ROLE;
SET LOCAL search_path = public;
