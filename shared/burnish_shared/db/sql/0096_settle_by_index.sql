-- `settle` looks three times for the holds that it ends. Its plans are made once, while next to nothing is held, and read the whole table then;
-- ended holds stay in it until it is vacuumed, so that each call read up to a minute of them: with 12,000 of them 0.78 times the CPU time
-- of the whole statement without it. Whoever writes the function anew (CREATE OR REPLACE) sets this again.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
SET LOCAL ROLE burnish_lookup;

ALTER FUNCTION settle(finished_execution[], text, text) SET enable_seqscan = off;

RESET ROLE;
SET LOCAL search_path = public;
