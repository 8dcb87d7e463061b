-- Before the rest of 0077, in a transaction of its own: it reads all of `prompts`, and while it does only who writes there waits.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- What is left to be renewed is found without a look at what is not; empty once all is. It may be there: who is killed here begins again.
CREATE INDEX IF NOT EXISTS prompts_words_left ON prompts (prompt_id) WHERE words_rule < 72;

RESET ROLE;
SET LOCAL search_path = public;
