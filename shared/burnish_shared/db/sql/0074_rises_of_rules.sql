-- What is a rise of errors, latency and cost that somebody wants to hear of, as `min_drop_ratio` is of satisfaction's fall.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE alert_rules
  ADD COLUMN min_error_rise_ratio   double precision CHECK (min_error_rise_ratio > 0 AND min_error_rise_ratio < 1),
  ADD COLUMN min_latency_rise_ratio double precision CHECK (min_latency_rise_ratio > 0 AND min_latency_rise_ratio < 1),
  ADD COLUMN min_cost_rise_ratio    double precision CHECK (min_cost_rise_ratio > 0 AND min_cost_rise_ratio < 1);

RESET ROLE;
SET LOCAL search_path = public;
