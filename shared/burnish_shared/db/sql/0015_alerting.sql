-- Where alerts are told (gateway), what is to be told and what came of it (webhooks service), what is muted, and more kinds of alerts.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE alert_channels (
  channel_id    uuid PRIMARY KEY,
  workspace_id  uuid NOT NULL REFERENCES workspaces,
  kind          text NOT NULL CHECK (kind IN ('email', 'slack', 'teams', 'pagerduty')),
  name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  settings      jsonb NOT NULL DEFAULT '{}',                       -- what may be shown: recipients, region, the host of an address
  secret_sealed bytea,                                             -- the address, or the routing key; bound to workspace and channel
  filters       jsonb NOT NULL DEFAULT '{}',                       -- kinds, prompts, min_severity; absent: all
  enabled       boolean NOT NULL DEFAULT true,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((kind = 'email') = (secret_sealed IS NULL)),
  UNIQUE (workspace_id, channel_id));
CREATE UNIQUE INDEX alert_channels_by_name ON alert_channels (workspace_id, lower(name));
CALL make_tenant_table('alert_channels', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT', writer => 'gateway');

CREATE TABLE alert_notices (                                       -- one row for each event and channel, kept 30 days
  event_id        uuid NOT NULL,                                   -- of a test: an id of its own
  channel_id      uuid NOT NULL,
  workspace_id    uuid NOT NULL,
  alert_id        uuid,                                            -- null: a test
  event_type      text NOT NULL CHECK (event_type IN ('alert.raised', 'alert.acknowledged', 'alert.resolved', 'test')),
  body            jsonb NOT NULL,                                  -- the event's data
  simulated       boolean NOT NULL DEFAULT false,
  occurred_at     timestamptz NOT NULL,
  status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed')),
  attempts        integer NOT NULL DEFAULT 0,
  claims          integer NOT NULL DEFAULT 0,                      -- fence
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- while leased: when the lease ends
  leased_until    timestamptz,
  error           text,                                            -- class of the latest failure
  detail          text,                                            -- what the service answered to it
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at      timestamptz,
  PRIMARY KEY (event_id, channel_id),
  FOREIGN KEY (workspace_id, channel_id) REFERENCES alert_channels (workspace_id, channel_id) ON DELETE CASCADE);
CREATE INDEX ON alert_notices (channel_id, event_id) WHERE status = 'pending';
CREATE INDEX ON alert_notices (channel_id, settled_at DESC) WHERE status <> 'pending';
CREATE INDEX ON alert_notices (workspace_id, alert_id);
CREATE INDEX ON alert_notices (created_at);
CALL make_tenant_table('alert_notices', app => 'SELECT, INSERT', worker => 'SELECT, INSERT, UPDATE', writer => 'webhooks, and gateway for tests');
GRANT UPDATE, DELETE ON alert_notices TO burnish_lookup;

CREATE TABLE alert_mutes (                                         -- '' stands for every kind, or every prompt
  workspace_id uuid NOT NULL REFERENCES workspaces,
  kind         text NOT NULL DEFAULT '',
  slug         text NOT NULL DEFAULT '',
  muted_until  timestamptz NOT NULL,
  reason       text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
  muted_by     text NOT NULL,
  muted_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, kind, slug));
CALL make_tenant_table('alert_mutes', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT', writer => 'gateway');

-- An alert may be about an account, a provider key or an end user instead of a prompt.
ALTER TABLE alerts
  ADD COLUMN severity text NOT NULL DEFAULT 'warning' CHECK (severity IN ('info', 'warning', 'error', 'critical')),
  ADD COLUMN subject text NOT NULL DEFAULT '',                     -- account, provider key or end user; '': the prompt
  ALTER COLUMN slug DROP NOT NULL, ALTER COLUMN label DROP NOT NULL, ALTER COLUMN version DROP NOT NULL,
  DROP CONSTRAINT alerts_kind_check,
  ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('feedback_threshold', 'degradation', 'budget', 'credits', 'provider_key', 'usage'));
CREATE INDEX alerts_open_by_kind ON alerts (kind, workspace_id) WHERE resolved_at IS NULL;

-- What a degradation of one prompt may start: dataset_id, budget, cooldown_hours, metrics.
ALTER TABLE alert_rules ADD COLUMN start_optimization jsonb CHECK (slug <> '' OR start_optimization IS NULL);

CREATE TABLE policy_starts (                                       -- what alerts started, once each
  workspace_id uuid NOT NULL,
  alert_id     uuid NOT NULL,
  slug         text NOT NULL,
  job_id       uuid,
  refused      text,                                               -- why nothing was started
  started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, alert_id));
CREATE INDEX ON policy_starts (workspace_id, slug, started_at);
CALL make_tenant_table('policy_starts', app => 'SELECT, INSERT', worker => '', writer => 'gateway');

-- What the busiest end user of an hour used, without a name: the history that unusual use is compared with. Kept 60 days.
CREATE TABLE end_user_hours (
  workspace_id   uuid NOT NULL,
  hour           timestamptz NOT NULL,
  end_users      bigint NOT NULL,
  most_calls     bigint NOT NULL,
  most_cost_nusd bigint NOT NULL,
  PRIMARY KEY (workspace_id, hour));
CALL make_tenant_table('end_user_hours', app => 'SELECT', worker => 'SELECT, INSERT, DELETE', writer => 'analytics');

CREATE INDEX rollups_hour_by_label ON rollups_hour (workspace_id, slug, label, bucket);   -- a label's hours of four weeks

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Across workspaces.

-- Takes the next due notice of up to p_limit channels. A channel has one under way, and what is told of one alert keeps its order.
CREATE FUNCTION claim_alert_notices(p_limit integer, p_lease_ms integer) RETURNS TABLE (workspace_id uuid, event_id uuid, channel_id uuid, claim_no integer)
LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH turn AS (
    SELECT DISTINCT ON (n.channel_id) n.event_id, n.channel_id, n.next_attempt_at
      FROM alert_notices n
     WHERE n.status = 'pending' AND n.next_attempt_at <= clock_timestamp()
       AND NOT EXISTS (SELECT FROM alert_notices e WHERE e.channel_id = n.channel_id AND e.status = 'pending' AND e.event_id < n.event_id AND e.alert_id = n.alert_id)
       AND NOT EXISTS (SELECT FROM alert_notices l WHERE l.channel_id = n.channel_id AND l.status = 'pending' AND l.leased_until > clock_timestamp())
     ORDER BY n.channel_id, n.event_id),
  due AS (
    SELECT n.event_id, n.channel_id FROM alert_notices n JOIN (SELECT * FROM turn ORDER BY next_attempt_at LIMIT p_limit) t USING (event_id, channel_id)
     WHERE n.status = 'pending' AND n.next_attempt_at <= clock_timestamp() FOR UPDATE OF n SKIP LOCKED)
  UPDATE alert_notices n SET claims = n.claims + 1, leased_until = clock_timestamp() + p_lease_ms * interval '1 millisecond',
         next_attempt_at = clock_timestamp() + p_lease_ms * interval '1 millisecond'
    FROM due WHERE (n.event_id, n.channel_id) = (due.event_id, due.channel_id)
  RETURNING n.workspace_id, n.event_id, n.channel_id, n.claims $$;
CALL make_lookup_function('claim_alert_notices(integer, integer)', app => false, worker => true);

CREATE FUNCTION forget_alert_notices(p_days integer, p_most integer) RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH gone AS (DELETE FROM alert_notices n USING (SELECT o.event_id, o.channel_id FROM alert_notices o WHERE o.created_at < clock_timestamp() - p_days * interval '1 day' LIMIT p_most) o
                 WHERE (n.event_id, n.channel_id) = (o.event_id, o.channel_id) RETURNING 1)
  SELECT count(*)::integer FROM gone $$;
CALL make_lookup_function('forget_alert_notices(integer, integer)', app => false, worker => true);

-- Open alerts of budgets, credit and provider keys whose cause is over: the mark was cleared, the period ended, the key works or is gone.
CREATE FUNCTION alerts_over(p_most integer) RETURNS TABLE (workspace_id uuid, incident_key text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT a.workspace_id, a.incident_key FROM alerts a
   WHERE a.resolved_at IS NULL
     AND CASE WHEN a.kind IN ('budget', 'credits') THEN
                NOT EXISTS (SELECT FROM accounts c WHERE c.workspace_id = a.workspace_id AND c.account_id::text = a.subject
                               AND c.crossed >= CASE a.metric WHEN 'exhausted' THEN 2 ELSE 1 END AND (c.kind <> 2 OR c.resets_at > clock_timestamp()))
              WHEN a.kind = 'provider_key' THEN
                NOT EXISTS (SELECT FROM provider_keys k WHERE k.workspace_id = a.workspace_id AND k.provider_key_id::text = a.subject AND k.status = 'set_aside')
              ELSE false END
   LIMIT p_most $$;
CALL make_lookup_function('alerts_over(integer)', app => false, worker => true);

-- Open, unmuted degradations whose prompt's rule starts an optimization, outside its cooldown.
CREATE FUNCTION policy_starts_due(p_most integer) RETURNS TABLE (workspace_id uuid, alert_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT a.workspace_id, a.alert_id FROM alerts a JOIN alert_rules r ON r.workspace_id = a.workspace_id AND r.slug = a.slug
   WHERE a.kind = 'degradation' AND a.resolved_at IS NULL AND NOT a.muted AND r.enabled AND r.start_optimization IS NOT NULL AND r.start_optimization -> 'metrics' ? a.metric
     AND NOT EXISTS (SELECT FROM policy_starts p WHERE p.workspace_id = a.workspace_id AND p.alert_id = a.alert_id)
     AND NOT EXISTS (SELECT FROM policy_starts p WHERE p.workspace_id = a.workspace_id AND p.slug = a.slug AND p.refused IS NULL
                        AND p.started_at > clock_timestamp() - (r.start_optimization ->> 'cooldown_hours')::integer * interval '1 hour')
   ORDER BY a.alert_id LIMIT p_most $$;
CALL make_lookup_function('policy_starts_due(integer)', app => true, worker => false);

-- Workspaces whose end users did something in that hour, or that have an open alert about it, and where nobody looked yet.
CREATE FUNCTION end_user_hours_due(p_hour timestamptz, p_most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.workspace_id FROM workspaces w
   WHERE NOT EXISTS (SELECT FROM end_user_hours h WHERE h.workspace_id = w.workspace_id AND h.hour = p_hour)
     AND (EXISTS (SELECT FROM execution_facts f WHERE f.workspace_id = w.workspace_id AND f.finished_at >= p_hour AND f.finished_at < p_hour + interval '1 hour' AND f.end_user <> '')
       OR EXISTS (SELECT FROM alerts a WHERE a.workspace_id = w.workspace_id AND a.kind = 'usage' AND a.resolved_at IS NULL AND a.raised_at < p_hour + interval '2 hours'))
   ORDER BY 1 LIMIT p_most $$;
CALL make_lookup_function('end_user_hours_due(timestamptz, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
