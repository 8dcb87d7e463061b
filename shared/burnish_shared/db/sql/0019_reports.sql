-- Reports and digests (gateway), and failures grouped by what they say (asked for by the gateway, worked out by analytics).
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE reports (                                             -- kept 400 days; what an end user's report says goes with the workspace's retention
  report_id    uuid NOT NULL,
  workspace_id uuid NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('workspace', 'prompt', 'version', 'model', 'api_key', 'end_user')),
  target       text,                                               -- slug, slug@version, model, id of a key; '': the workspace
  end_user     text CHECK ((end_user IS NOT NULL) = (kind = 'end_user') AND (target IS NULL) = (kind = 'end_user')),
  title        text NOT NULL,
  summary      text NOT NULL,
  schedule     text CHECK (schedule IN ('daily', 'weekly')),       -- of a digest
  due_at       timestamptz,                                        -- the moment of the schedule that it was made for
  period_start timestamptz NOT NULL,
  period_end   timestamptz NOT NULL CHECK (period_end > period_start),
  content      jsonb NOT NULL,
  simulated    boolean NOT NULL,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, report_id));
CREATE UNIQUE INDEX reports_due ON reports (workspace_id, due_at) WHERE due_at IS NOT NULL;   -- one digest for each moment, whichever gateway was first
CREATE INDEX reports_of_end_users ON reports (workspace_id, end_user) WHERE end_user IS NOT NULL;
CREATE INDEX reports_by_age ON reports (workspace_id, created_at);
CALL make_tenant_table('reports', app => 'SELECT, INSERT, DELETE', worker => '', writer => 'gateway');

CREATE TABLE report_schedules (
  workspace_id uuid PRIMARY KEY REFERENCES workspaces,
  every        text NOT NULL CHECK (every IN ('daily', 'weekly')),
  weekday      smallint NOT NULL CHECK (weekday BETWEEN 0 AND 6),  -- Monday is 0; of weekly ones
  hour         smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),    -- of the local clock
  time_zone    text NOT NULL CHECK (length(time_zone) <= 60),
  channels     uuid[] NOT NULL DEFAULT '{}',                       -- alert channels that are told
  enabled      boolean NOT NULL DEFAULT true,
  next_at      timestamptz NOT NULL,
  updated_by   text NOT NULL,
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX report_schedules_next ON report_schedules (next_at) WHERE enabled;
CALL make_tenant_table('report_schedules', app => 'SELECT, INSERT, UPDATE, DELETE', worker => '', writer => 'gateway');

CREATE FUNCTION report_schedules_due(p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT s.workspace_id FROM report_schedules s WHERE s.enabled AND s.next_at <= clock_timestamp() ORDER BY s.next_at LIMIT p_most $$;
CALL make_lookup_function('report_schedules_due(integer)', app => true, worker => false);

-- Failures of a prompt in the last so many days, in groups. Made when somebody asks, gone a day later: words that name a group come from what people
-- wrote. Examples are ids; their text is read from where it lies, so that it is forgotten there.
CREATE TABLE failure_groups (
  workspace_id uuid NOT NULL,
  slug         text NOT NULL,
  days         smallint NOT NULL CHECK (days BETWEEN 1 AND 90),
  status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'failed')),
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  leased_until timestamptz,
  computed_at  timestamptz,
  result       jsonb,                                              -- of the last time; stays while the next is worked out
  PRIMARY KEY (workspace_id, slug, days)) WITH (fillfactor = 70);
CREATE INDEX failure_groups_pending ON failure_groups (requested_at) WHERE status = 'pending';
CALL make_tenant_table('failure_groups', app => 'SELECT, INSERT, UPDATE (status, requested_at)', worker => 'SELECT, UPDATE', writer => 'gateway asks, analytics does the work');

CREATE FUNCTION failure_groups_due(p_most integer) RETURNS TABLE (workspace_id uuid, slug text, days smallint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT f.workspace_id, f.slug, f.days FROM failure_groups f
   WHERE f.status = 'pending' AND (f.leased_until IS NULL OR f.leased_until < clock_timestamp()) ORDER BY f.requested_at LIMIT p_most $$;
CALL make_lookup_function('failure_groups_due(integer)', app => false, worker => true);

-- Reports of end users and words of groups go with the workspace's days, reports after 400, groups after one. Up to p_most of each; 0: all done.
CREATE FUNCTION forget_reports(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; done integer := 0; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  DELETE FROM reports r WHERE r.workspace_id = p_ws AND r.report_id IN (SELECT x.report_id FROM reports x WHERE x.workspace_id = p_ws
     AND (x.created_at < clock_timestamp() - interval '400 days' OR x.end_user IS NOT NULL AND x.created_at < cutoff) LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  UPDATE reports r SET content = r.content || '{"failure_groups": []}' WHERE r.workspace_id = p_ws AND r.report_id IN (SELECT x.report_id FROM reports x
   WHERE x.workspace_id = p_ws AND x.created_at < cutoff AND x.content -> 'failure_groups' <> '[]' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM failure_groups f WHERE f.workspace_id = p_ws AND f.requested_at < clock_timestamp() - interval '1 day';
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;

-- Of the person of an erasure: their reports go, and the words of all groups, which may be theirs. In one go: there are few.
CREATE FUNCTION erase_reports(p_erasure uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; n integer; k integer; v_inner bytea; v_outer bytea;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL THEN RETURN 0; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  DELETE FROM reports r WHERE r.workspace_id = e.workspace_id AND r.end_user IS NOT NULL AND r.created_at < e.requested_at
     AND keyed_hash(v_inner, v_outer, r.end_user) = e.subject_digest;
  GET DIAGNOSTICS n = ROW_COUNT;
  UPDATE reports r SET content = r.content || '{"failure_groups": []}'
   WHERE r.workspace_id = e.workspace_id AND r.created_at < e.requested_at AND r.content -> 'failure_groups' <> '[]';
  GET DIAGNOSTICS k = ROW_COUNT; n := n + k;
  DELETE FROM failure_groups f WHERE f.workspace_id = e.workspace_id AND f.requested_at < e.requested_at;
  GET DIAGNOSTICS k = ROW_COUNT; n := n + k;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'reports', n) WHERE erasure_id = p_erasure; END IF;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION forget_reports(uuid, integer), erase_reports(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_reports(uuid, integer), erase_reports(uuid) TO burnish_worker;

-- Digests are told by the channels of alerts.
ALTER TABLE alert_notices
  DROP CONSTRAINT alert_notices_event_type_check,
  ADD CONSTRAINT alert_notices_event_type_check CHECK (event_type IN ('alert.raised', 'alert.acknowledged', 'alert.resolved', 'report.ready', 'webhook.endpoint_disabled', 'test'));

RESET ROLE;
SET LOCAL search_path = public;
