SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP FUNCTION observed_workspaces(timestamptz), joinable_feedback(integer, integer), waiting_counts(integer), waiting_totals(), label_feedback_due(integer), counted_workspaces(),
              enter_period(bigint), close_periods(bigint);
DROP TABLE detector_states, detector_observations, label_feedback, alert_acknowledgements, alerts, alert_rules, rollups, feedback_orphans, feedback_history, feedback_ids,
           feedback, execution_facts;
DROP FUNCTION add_histograms(integer[], integer[]);
RESET ROLE;
SET LOCAL search_path = public;
