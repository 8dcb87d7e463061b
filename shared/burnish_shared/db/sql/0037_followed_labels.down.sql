SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION workspaces_with_unused_labels(integer, integer);
REVOKE DELETE ON detector_states, quality_states, label_feedback, label_voices FROM burnish_worker;
DROP INDEX detector_observations_oldest;

RESET ROLE;
SET LOCAL search_path = public;
