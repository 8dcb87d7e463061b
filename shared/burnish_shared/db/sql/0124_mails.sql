-- Mails with a link for one person: an invitation, or a link that sets a new password. The gateway writes them, webhooks sends them.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE TABLE mails (
  mail_id         uuid PRIMARY KEY,                                -- the id of the invitation or of the link
  workspace_id    uuid NOT NULL REFERENCES workspaces,
  kind            text NOT NULL CHECK (kind IN ('invitation', 'password_reset')),
  sealed          bytea,                                           -- to whom, and the link; gone once nobody tries any more
  expires_at      timestamptz NOT NULL,                            -- when the link ends: a later mail would help nobody
  status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed')),
  attempts        integer NOT NULL DEFAULT 0,
  claims          integer NOT NULL DEFAULT 0,                      -- fence
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- while leased: when the lease ends
  error           text,                                            -- class of the latest failure
  detail          text,                                            -- what the mail server said to it
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at      timestamptz);
CREATE INDEX ON mails (next_attempt_at) WHERE status = 'pending';
CREATE INDEX ON mails (workspace_id, created_at);
CREATE INDEX ON mails (created_at);
CALL make_tenant_table('mails', writer => 'gateway; webhooks for what came of them', worker => 'SELECT, UPDATE',
  app => 'SELECT, INSERT (mail_id, workspace_id, kind, sealed, expires_at), UPDATE (status, sealed, error, settled_at)');
GRANT UPDATE, DELETE ON mails TO burnish_lookup;

CREATE FUNCTION claim_mails(p_limit integer, p_lease_ms integer) RETURNS TABLE (mail_id uuid, workspace_id uuid, claim_no integer)
LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH due AS (SELECT m.mail_id FROM mails m WHERE m.status = 'pending' AND m.next_attempt_at <= clock_timestamp()
                ORDER BY m.next_attempt_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  UPDATE mails m SET claims = m.claims + 1, next_attempt_at = clock_timestamp() + p_lease_ms * interval '1 millisecond'
    FROM due WHERE m.mail_id = due.mail_id RETURNING m.mail_id, m.workspace_id, m.claims $$;

CREATE FUNCTION forget_mails(p_days integer, p_most integer) RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH gone AS (DELETE FROM mails WHERE mail_id IN (
      SELECT o.mail_id FROM mails o WHERE o.created_at < clock_timestamp() - p_days * interval '1 day' AND o.status <> 'pending' LIMIT p_most) RETURNING 1)
  SELECT count(*)::integer FROM gone $$;

CALL make_lookup_function('claim_mails(integer, integer)', app => false, worker => true);
CALL make_lookup_function('forget_mails(integer, integer)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
