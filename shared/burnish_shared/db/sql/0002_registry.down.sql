SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP TABLE lineage_edges, prompt_label_moves, prompt_labels, prompt_versions, prompts;

RESET ROLE;
SET LOCAL search_path = public;
