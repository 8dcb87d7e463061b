-- What a prompt should take and cost: the speed and thrift of effectiveness are told against it. A rule of a prompt that says nothing has the
-- workspace's, as with everything else in it. They raise no alert.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

ALTER TABLE alert_rules
  ADD COLUMN target_p95_ms    integer CHECK (target_p95_ms > 0),
  ADD COLUMN target_cost_nusd bigint CHECK (target_cost_nusd > 0);

RESET ROLE;
SET LOCAL search_path = public;
