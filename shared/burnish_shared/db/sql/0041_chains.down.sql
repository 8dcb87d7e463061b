SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION claim_chain_runs(text, integer, integer), look_at_chain_runs(text, integer, boolean), release_chain_runs(text),
  forget_chain_runs(uuid, integer, integer), erase_chain_runs(uuid, integer);
DROP TABLE chain_run_steps, chain_runs, chain_label_moves, chain_labels, chain_versions, chains;

RESET ROLE;
SET LOCAL search_path = public;
