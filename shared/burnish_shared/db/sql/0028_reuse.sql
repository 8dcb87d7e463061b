-- Answers that are given again, how answers look, and messages without a prompt that become one.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- cache_mode: `off` for everybody, `asked`: only where a version or a call asks for it, `deterministic`: every call at temperature 0, `always`.
ALTER TABLE workspaces
  ADD COLUMN cache_mode text NOT NULL DEFAULT 'asked' CHECK (cache_mode IN ('off', 'asked', 'deterministic', 'always')),
  ADD COLUMN cache_ttl_s integer NOT NULL DEFAULT 3600 CHECK (cache_ttl_s BETWEEN 1 AND 604800),
  ADD COLUMN response_shape text NOT NULL DEFAULT 'with_metadata' CHECK (response_shape IN ('raw', 'with_metadata', 'headers'));
GRANT UPDATE (cache_mode, cache_ttl_s, response_shape) ON workspaces TO burnish_app;

-- Beside find_workspace: what executions of a workspace need besides.
CREATE FUNCTION find_execution_settings(p_ws uuid) RETURNS TABLE (cache_mode text, cache_ttl_s integer, response_shape text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT w.cache_mode, w.cache_ttl_s, w.response_shape FROM workspaces w WHERE w.workspace_id = p_ws $$;
CALL make_lookup_function('find_execution_settings(uuid)', app => true, worker => false);

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Answers that were given (executor/reuse_answers.py). Unlogged: nothing is lost but money when the server crashes, no backup holds them.

CREATE UNLOGGED TABLE cache_entries (
  workspace_id uuid NOT NULL,
  cache_key    bytea NOT NULL CHECK (length(cache_key) = 32),      -- SHA-256 of all that decides the answer (executor/core/cache_key.py)
  slug         text NOT NULL,                                      -- '' : no registered prompt
  version      integer NOT NULL,                                   -- 0 : none
  model        text NOT NULL,
  execution_id uuid NOT NULL,                                      -- which made it: forgotten with its content
  answer       text NOT NULL,
  size_bytes   integer NOT NULL,
  cost_nusd    bigint NOT NULL,                                    -- what making it cost, and so what a hit saves
  simulated    boolean NOT NULL,
  hits         bigint NOT NULL DEFAULT 0,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at   timestamptz NOT NULL,
  last_hit_at  timestamptz,
  PRIMARY KEY (workspace_id, cache_key)) WITH (fillfactor = 80);
CREATE INDEX cache_entries_of_prompt ON cache_entries (workspace_id, slug);
CREATE INDEX cache_entries_of_execution ON cache_entries (workspace_id, execution_id);
CREATE INDEX cache_entries_to_expire ON cache_entries (expires_at);
CALL make_tenant_table('cache_entries', app => 'SELECT, DELETE', worker => 'SELECT, INSERT, UPDATE', writer => 'executor; the gateway purges');

-- When what was purged: an answer that was under way at that moment is not kept. slug '': everything of the workspace.
CREATE UNLOGGED TABLE cache_purges (
  workspace_id uuid NOT NULL,
  slug         text NOT NULL,
  purged_at    timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, slug));
CALL make_tenant_table('cache_purges', app => 'SELECT, INSERT, UPDATE', worker => 'SELECT', writer => 'gateway');

-- One statement each, and so one round trip: the tenant is set inside, for the transaction that the statement is.

-- The answer that is kept under this key, counted as p_hits more hits; NULL: there is none that is young enough. asked_at goes into keep_answer.
CREATE FUNCTION find_answer(p_ws uuid, p_key bytea, p_ttl_s integer, p_hits integer, OUT answer text, OUT asked_at timestamptz) LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM set_config('app.workspaces', p_ws::text, true);
  asked_at := clock_timestamp();
  UPDATE cache_entries c SET hits = c.hits + p_hits, last_hit_at = asked_at
   WHERE c.workspace_id = p_ws AND c.cache_key = p_key AND c.expires_at > asked_at AND c.made_at > asked_at - p_ttl_s * interval '1 second'
  RETURNING c.answer INTO answer;
END $$;

-- Keeps an answer, unless it was purged since it was asked for. Returns whether it is kept.
CREATE FUNCTION keep_answer(p_ws uuid, p_key bytea, p_slug text, p_version integer, p_model text, p_execution uuid, p_answer text, p_cost bigint, p_simulated boolean, p_ttl_s integer, p_asked_at timestamptz)
RETURNS boolean LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
BEGIN
  PERFORM set_config('app.workspaces', p_ws::text, true);
  IF EXISTS (SELECT FROM cache_purges p WHERE p.workspace_id = p_ws AND p.slug IN ('', p_slug) AND p.purged_at >= p_asked_at) THEN RETURN false; END IF;
  INSERT INTO cache_entries AS c (workspace_id, cache_key, slug, version, model, execution_id, answer, size_bytes, cost_nusd, simulated, expires_at)
  VALUES (p_ws, p_key, p_slug, p_version, p_model, p_execution, p_answer, octet_length(p_answer), p_cost, p_simulated, clock_timestamp() + p_ttl_s * interval '1 second')
  ON CONFLICT (workspace_id, cache_key) DO UPDATE SET execution_id = excluded.execution_id, answer = excluded.answer, size_bytes = excluded.size_bytes,
    cost_nusd = excluded.cost_nusd, simulated = excluded.simulated, made_at = excluded.made_at, expires_at = excluded.expires_at,
    hits = CASE WHEN c.expires_at > clock_timestamp() THEN c.hits ELSE 0 END;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION find_answer(uuid, bytea, integer, integer), keep_answer(uuid, bytea, text, integer, text, uuid, text, bigint, boolean, integer, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_answer(uuid, bytea, integer, integer), keep_answer(uuid, bytea, text, integer, text, uuid, text, bigint, boolean, integer, timestamptz) TO burnish_worker;

-- Entries that are over, and of workspaces with more than p_entries or p_bytes those that were not asked for the longest. Up to p_most of each kind;
-- returns how many.
CREATE FUNCTION sweep_answers(p_entries integer, p_bytes bigint, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; m integer;
BEGIN
  DELETE FROM cache_entries WHERE ctid = ANY (ARRAY(SELECT x.ctid FROM cache_entries x WHERE x.expires_at <= clock_timestamp() ORDER BY x.expires_at LIMIT p_most));
  GET DIAGNOSTICS n = ROW_COUNT;
  DELETE FROM cache_purges WHERE purged_at < clock_timestamp() - interval '1 hour';
  WITH crowded AS (SELECT x.workspace_id FROM cache_entries x GROUP BY 1 HAVING count(*) > p_entries OR sum(x.size_bytes) > p_bytes),
       ranked AS (SELECT x.ctid AS id, row_number() OVER w AS place, sum(x.size_bytes) OVER w AS bytes FROM cache_entries x JOIN crowded USING (workspace_id)
                  WINDOW w AS (PARTITION BY x.workspace_id ORDER BY coalesce(x.last_hit_at, x.made_at) DESC, x.cache_key ROWS UNBOUNDED PRECEDING))
  DELETE FROM cache_entries WHERE ctid = ANY (ARRAY(SELECT r.id FROM ranked r WHERE r.place > p_entries OR r.bytes > p_bytes LIMIT p_most));
  GET DIAGNOSTICS m = ROW_COUNT;
  RETURN n + m;
END $$;
GRANT DELETE ON cache_entries, cache_purges TO burnish_lookup;
CALL make_lookup_function('sweep_answers(integer, bigint, integer)', app => false, worker => true);

-- Whatever forgets the text of executions (retention, erasure) forgets what was kept of them too.
CREATE FUNCTION forget_answers_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
BEGIN
  DELETE FROM cache_entries c USING gone g WHERE c.workspace_id = g.workspace_id AND c.execution_id = g.execution_id;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION forget_answers_kept() FROM PUBLIC;
CREATE TRIGGER forget_answers_kept AFTER DELETE ON execution_contents REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_answers_kept();

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Messages without a prompt, by what they are grouped by, and groups that became a prompt.

ALTER TABLE execution_facts ADD COLUMN group_key text;
CREATE INDEX execution_facts_grouped ON execution_facts (workspace_id, execution_id DESC) WHERE group_key IS NOT NULL;
CREATE INDEX execution_facts_of_group ON execution_facts (workspace_id, group_key, execution_id DESC) WHERE group_key IS NOT NULL;
GRANT SELECT ON execution_facts TO burnish_app;

CREATE TABLE execution_groups (
  workspace_id uuid NOT NULL,
  group_key    text NOT NULL,
  prompt_id    uuid NOT NULL,
  slug         text NOT NULL,
  version      integer NOT NULL,                                   -- what the calls of the group count for
  moved        bigint NOT NULL DEFAULT 0,                          -- executions of before that count for it now
  adopted_by   text NOT NULL,
  adopted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  completed_at timestamptz,                                        -- no execution of before is left
  PRIMARY KEY (workspace_id, group_key));
CREATE INDEX execution_groups_under_way ON execution_groups (adopted_at) WHERE completed_at IS NULL;
CALL make_tenant_table('execution_groups', app => 'SELECT, INSERT (workspace_id, group_key, prompt_id, slug, version, adopted_by)',
  worker => 'SELECT, UPDATE (moved, completed_at)', writer => 'gateway inserts, analytics moves the history');

CREATE FUNCTION adoptions_under_way(p_most integer) RETURNS TABLE (workspace_id uuid, group_key text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT g.workspace_id, g.group_key FROM execution_groups g WHERE g.completed_at IS NULL ORDER BY g.adopted_at LIMIT p_most $$;
CALL make_lookup_function('adoptions_under_way(integer)', app => false, worker => true);

-- Until the end of the transaction nothing else is counted: every transaction of ingestion holds the lock of its period (0003), shared. In the order in
-- which close_periods takes them.
CREATE FUNCTION hold_ingestion(p_length_ms bigint) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = burnish, pg_temp AS $$
DECLARE n bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint / p_length_ms;
BEGIN
  FOR k IN 1..64 LOOP
    PERFORM pg_advisory_xact_lock(hashtext('burnish.ingestion_period'), ((n - k) % 64)::integer);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION hold_ingestion(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_ingestion(bigint) TO burnish_worker;

-- These executions of an adopted group count for its prompt from now on; their rows in the rollups are moved by the caller, in this transaction.
CREATE FUNCTION adopt_executions(p_ws uuid, p_group text, p_ids uuid[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE g execution_groups; n integer;
BEGIN
  SELECT * INTO g FROM execution_groups x WHERE x.workspace_id = p_ws AND x.group_key = p_group;
  IF NOT FOUND THEN RETURN 0; END IF;
  UPDATE executions e SET prompt_id = g.prompt_id, slug = g.slug, version = g.version
   WHERE e.execution_id = ANY (p_ids) AND e.workspace_id = p_ws AND e.slug IS NULL;
  UPDATE execution_facts f SET prompt_id = g.prompt_id, slug = g.slug, version = g.version
   WHERE f.execution_id = ANY (p_ids) AND f.workspace_id = p_ws AND f.group_key = p_group AND f.slug = '';
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION adopt_executions(uuid, text, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION adopt_executions(uuid, text, uuid[]) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
