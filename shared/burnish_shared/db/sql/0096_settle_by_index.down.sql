SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
SET LOCAL ROLE burnish_lookup;

ALTER FUNCTION settle(finished_execution[], text, text) RESET enable_seqscan;

RESET ROLE;
SET LOCAL search_path = public;
