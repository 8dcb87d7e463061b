-- Scores on live traffic: versions of evaluators, rules that say what is scored, what waits to be scored, the scores, and their rollups.
-- Lock order: score_tasks -> scores -> rollup_scores -> quality_states -> alerts, each sorted by key.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Settings of one version never change; `evaluators` holds those of the newest.
ALTER TABLE evaluators ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version >= 1);
GRANT UPDATE (version, settings) ON evaluators TO burnish_app;
CREATE TABLE evaluator_versions (
  workspace_id uuid NOT NULL,
  evaluator_id uuid NOT NULL,
  version      integer NOT NULL CHECK (version >= 1),
  settings     json NOT NULL,
  message      text NOT NULL DEFAULT '' CHECK (length(message) <= 500),
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, evaluator_id, version),
  FOREIGN KEY (workspace_id, evaluator_id) REFERENCES evaluators (workspace_id, evaluator_id));
CALL make_tenant_table('evaluator_versions', app => 'SELECT, INSERT', worker => 'SELECT', writer => 'gateway');
INSERT INTO evaluator_versions (workspace_id, evaluator_id, version, settings, created_by, created_at)
SELECT workspace_id, evaluator_id, 1, settings, created_by, created_at FROM evaluators;

ALTER TABLE test_runs ADD COLUMN compare_with uuid;                -- the run whose answers pairwise evaluators compare with; NULL: the expected ones

-- Which executions an evaluator scores, and what that may cost. Who holds the lease works on what waits.
CREATE TABLE live_evaluations (
  live_evaluation_id uuid PRIMARY KEY,
  workspace_id       uuid NOT NULL,
  evaluator_id       uuid NOT NULL,
  prompts            text[] NOT NULL DEFAULT '{}',                 -- slugs; none: all, and calls without a prompt
  labels             text[] NOT NULL DEFAULT '{}',                 -- none: all, and calls by version
  sample_ratio       double precision NOT NULL CHECK (sample_ratio > 0 AND sample_ratio <= 1),
  cap_nusd           bigint CHECK (cap_nusd >= 0),
  cap_period         text CHECK (cap_period IN ('day', 'month')),  -- of the calendar, in UTC
  account_id         bigint,                                       -- what judges cost is counted there; NULL: this evaluator asks no model
  active             boolean NOT NULL DEFAULT true,
  created_by         text NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  archived_at        timestamptz,
  fence              integer NOT NULL DEFAULT 0,
  leased_by          text,
  leased_until       timestamptz,
  CHECK ((cap_nusd IS NULL) = (cap_period IS NULL) AND (cap_nusd IS NULL) = (account_id IS NULL)),
  UNIQUE (workspace_id, live_evaluation_id),
  FOREIGN KEY (workspace_id, evaluator_id) REFERENCES evaluators (workspace_id, evaluator_id));
CREATE INDEX live_evaluations_in_use ON live_evaluations (workspace_id, live_evaluation_id) WHERE archived_at IS NULL;
CALL make_tenant_table('live_evaluations', worker => 'SELECT, UPDATE (leased_by, leased_until)', writer => 'gateway; the optimizer keeps the lease',
  app => 'SELECT, INSERT, UPDATE (prompts, labels, sample_ratio, cap_nusd, cap_period, account_id, active, updated_at, archived_at)');

-- What was sampled and has no score yet. Written where the execution is counted, removed where its score is written.
CREATE TABLE score_tasks (
  workspace_id       uuid NOT NULL,
  execution_id       uuid NOT NULL,
  evaluator_id       uuid NOT NULL,
  evaluator_version  integer NOT NULL,
  live_evaluation_id uuid NOT NULL,
  slug               text NOT NULL,
  version            integer NOT NULL,
  label              text NOT NULL,
  model              text NOT NULL,
  simulated          boolean NOT NULL,
  finished_at        timestamptz NOT NULL,
  queued_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, execution_id, evaluator_id, evaluator_version),
  FOREIGN KEY (workspace_id, live_evaluation_id) REFERENCES live_evaluations (workspace_id, live_evaluation_id));
CREATE INDEX score_tasks_by_rule ON score_tasks (workspace_id, live_evaluation_id, queued_at);
CALL make_tenant_table('score_tasks', app => 'SELECT, DELETE', worker => 'SELECT, INSERT, DELETE', writer => 'analytics inserts, the optimizer removes');

-- What an evaluator said of an execution: one row for each execution and version of an evaluator. Of the execution it repeats what figures are told by.
CREATE TABLE scores (
  workspace_id       uuid NOT NULL,
  execution_id       uuid NOT NULL,
  evaluator_id       uuid NOT NULL,
  evaluator_version  integer NOT NULL,
  live_evaluation_id uuid,
  kind               text NOT NULL,
  slug               text NOT NULL,                                -- '' : no registered prompt
  version            integer NOT NULL,                             -- of the prompt; 0 : none
  label              text NOT NULL,                                -- '' : asked for by version
  model              text NOT NULL,                                -- that answered
  finished_at        timestamptz NOT NULL,                         -- the execution's
  score              double precision CHECK (score BETWEEN 0 AND 1),
  passed             boolean,
  unavailable        text CHECK (unavailable IN ('unavailable', 'failed', 'capped', 'unfunded')),   -- why there is no score
  reason             text NOT NULL DEFAULT '',
  disagreement       double precision CHECK (disagreement BETWEEN 0 AND 1),   -- between jurors: highest less lowest score
  uncertain          boolean NOT NULL DEFAULT false,               -- jurors disagree, or the score lies next to the threshold
  votes              jsonb NOT NULL DEFAULT '[]',                  -- of judges: model, score, reason, execution_id, cost_nusd
  judge_executions   uuid[] NOT NULL DEFAULT '{}',
  cost_nusd          bigint NOT NULL DEFAULT 0,
  took_ms            integer NOT NULL DEFAULT 0,
  simulated          boolean NOT NULL,
  scored_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  counted_at         timestamptz,                                  -- NULL: in no rollup yet
  forgotten_at       timestamptz,                                  -- its words are gone
  CHECK ((score IS NULL) = (passed IS NULL) AND (score IS NULL) = (unavailable IS NOT NULL)),
  PRIMARY KEY (workspace_id, execution_id, evaluator_id, evaluator_version));
CREATE INDEX scores_newest ON scores (workspace_id, evaluator_id, execution_id DESC);
CREATE INDEX scores_to_review ON scores (workspace_id, scored_at) WHERE uncertain OR NOT passed;
CREATE INDEX scores_by_time ON scores (workspace_id, finished_at);
CREATE INDEX scores_uncounted ON scores (workspace_id, scored_at) WHERE counted_at IS NULL;
CALL make_tenant_table('scores', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE (counted_at)', writer => 'optimizer; analytics marks what it has counted');

-- Sums over scores, by the time the execution finished: apart from what people said.
CREATE TABLE rollup_scores (
  workspace_id       uuid NOT NULL,
  grain              text NOT NULL CHECK (grain IN ('minute', 'hour', 'day')),
  bucket             timestamptz NOT NULL,
  evaluator_id       uuid NOT NULL,
  evaluator_version  integer NOT NULL,
  slug               text NOT NULL,
  version            integer NOT NULL,
  label              text NOT NULL,
  model              text NOT NULL,
  scores             bigint NOT NULL,
  passed             bigint NOT NULL,
  uncertain          bigint NOT NULL,
  no_scores          bigint NOT NULL,
  simulated          bigint NOT NULL,
  score_sum_micro    bigint NOT NULL,
  score_squares_micro bigint NOT NULL,
  cost_nusd          bigint NOT NULL,
  PRIMARY KEY (workspace_id, grain, bucket, evaluator_id, evaluator_version, slug, version, label, model)) WITH (fillfactor = 70);
CALL make_tenant_table('rollup_scores', app => 'SELECT', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- Memory of the detector of quality: one series for each evaluator and what a label serves.
CREATE TABLE quality_states (
  workspace_id      uuid NOT NULL,
  slug              text NOT NULL,
  label             text NOT NULL,
  evaluator_id      uuid NOT NULL,
  evaluator_version integer NOT NULL,
  version           integer NOT NULL,                              -- what the label serves now, as far as scores show
  newest_at         timestamptz NOT NULL,                          -- finish of the newest execution seen
  state             jsonb NOT NULL,                                -- core/degradation.py
  seen_through      timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, slug, label, evaluator_id, evaluator_version));
CALL make_tenant_table('quality_states', app => '', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics');

-- A judge's answer stands in `evaluations` until the score is written, so that it is bought once; then it goes.
GRANT DELETE ON evaluations TO burnish_worker;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Looking across workspaces: ids only.

-- Rules with something to score that nobody works on. Those that waited longest come first.
CREATE FUNCTION claim_live_evaluations(p_worker text, p_lease_s integer, p_most integer)
RETURNS TABLE (id uuid, workspace_id uuid, fence integer) LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  WITH due AS (
    SELECT l.live_evaluation_id AS one FROM live_evaluations l
     WHERE l.archived_at IS NULL AND l.active AND (l.leased_until IS NULL OR l.leased_until < clock_timestamp())
       AND EXISTS (SELECT FROM score_tasks t WHERE t.workspace_id = l.workspace_id AND t.live_evaluation_id = l.live_evaluation_id)
     ORDER BY l.leased_until NULLS FIRST, l.live_evaluation_id LIMIT p_most FOR UPDATE SKIP LOCKED)
  UPDATE live_evaluations l SET fence = l.fence + 1, leased_by = p_worker, leased_until = clock_timestamp() + p_lease_s * interval '1 second'
    FROM due WHERE l.live_evaluation_id = due.one RETURNING l.live_evaluation_id, l.workspace_id, l.fence $$;
-- A worker that starts gives back what a process of its name held when it died.
CREATE FUNCTION release_live_evaluations(p_worker text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer;
BEGIN
  UPDATE live_evaluations SET leased_until = NULL, leased_by = NULL WHERE leased_by = p_worker AND leased_until IS NOT NULL;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
CREATE FUNCTION uncounted_scores() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT DISTINCT s.workspace_id FROM scores s WHERE s.counted_at IS NULL ORDER BY 1 $$;
-- Scores live 400 days, as numbers of executions do, rollups 25 months. Up to p_most rows of each; returns how many. 0: all done.
CREATE FUNCTION forget_scores(p_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n bigint; done bigint := 0; old constant uuid := moment_bound(clock_timestamp() - interval '400 days');
BEGIN
  DELETE FROM scores s USING workspaces w WHERE s.workspace_id = w.workspace_id AND NOT w.legal_hold AND s.ctid IN
    (SELECT x.ctid FROM workspaces v, LATERAL (SELECT y.ctid FROM scores y WHERE y.workspace_id = v.workspace_id AND y.execution_id < old LIMIT p_most) x
      WHERE NOT v.legal_hold LIMIT p_most);
  GET DIAGNOSTICS done = ROW_COUNT;
  DELETE FROM rollup_scores r WHERE r.ctid IN (SELECT x.ctid FROM rollup_scores x WHERE x.bucket < clock_timestamp() - interval '25 months' LIMIT p_most);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;
GRANT UPDATE ON live_evaluations TO burnish_lookup;
CALL make_lookup_function('claim_live_evaluations(text, integer, integer)', app => false, worker => true);
CALL make_lookup_function('release_live_evaluations(text)', app => false, worker => true);
CALL make_lookup_function('uncounted_scores()', app => false, worker => true);
REVOKE ALL ON FUNCTION forget_scores(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_scores(integer) TO burnish_worker;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Whatever takes the words of an execution takes those of its scores, and of the judges' calls that had read it. What still waits to be scored
-- goes first, so that a score that is being written is either written before this or not at all.
CREATE OR REPLACE FUNCTION forget_these(p_ws uuid, p_among uuid[], p_ids uuid[], OUT contents integer, OUT persons integer) LANGUAGE plpgsql SET search_path = burnish, pg_temp AS $$
DECLARE lo uuid := p_among[1]; hi uuid := p_among[cardinality(p_among)]; n integer; v_judges uuid[];
BEGIN
  DELETE FROM score_tasks t WHERE t.workspace_id = p_ws AND t.execution_id = ANY (p_ids);
  WITH gone AS (
    UPDATE scores s SET reason = '', forgotten_at = clock_timestamp(),
           votes = (SELECT coalesce(jsonb_agg(v || '{"reason": ""}'), '[]') FROM jsonb_array_elements(s.votes) v)
     WHERE s.workspace_id = p_ws AND s.execution_id = ANY (p_ids) AND s.forgotten_at IS NULL RETURNING s.judge_executions)
  SELECT array_agg(j ORDER BY j) INTO v_judges FROM gone, unnest(gone.judge_executions) j;
  DELETE FROM execution_contents c WHERE c.execution_id BETWEEN lo AND hi AND c.execution_id = ANY (p_ids) AND c.workspace_id = p_ws;
  GET DIAGNOSTICS contents = ROW_COUNT;
  IF v_judges IS NOT NULL THEN PERFORM forget_judges(p_ws, v_judges); END IF;
  UPDATE executions e SET end_user = NULL, session_id = NULL, request_id = NULL,
         error = CASE WHEN e.error ? 'message' THEN e.error || '{"message": ""}' ELSE e.error END,
         attempts = CASE WHEN jsonb_typeof(e.attempts) = 'array' THEN (SELECT coalesce(jsonb_agg(a - 'error'), '[]') FROM jsonb_array_elements(e.attempts) a) ELSE '[]' END
   WHERE e.execution_id BETWEEN lo AND hi AND e.execution_id = ANY (p_ids) AND e.workspace_id = p_ws
     AND (e.end_user IS NOT NULL OR e.session_id IS NOT NULL OR e.request_id IS NOT NULL OR e.error ->> 'message' <> '' OR e.attempts @? '$[*].error');
  GET DIAGNOSTICS persons = ROW_COUNT;
  UPDATE execution_facts f SET end_user = NULL
   WHERE f.execution_id BETWEEN lo AND hi AND f.execution_id = ANY (p_ids) AND f.workspace_id = p_ws AND f.end_user IS NOT NULL;
  GET DIAGNOSTICS n = ROW_COUNT; persons := greatest(persons, n);
END $$;
-- What judges were asked and said, in these of their executions (ascending). Only calls that live evaluations made.
CREATE FUNCTION forget_judges(p_ws uuid, p_ids uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  DELETE FROM execution_contents c USING executions e, live_evaluations l
   WHERE c.execution_id BETWEEN p_ids[1] AND p_ids[cardinality(p_ids)] AND c.execution_id = ANY (p_ids) AND c.workspace_id = p_ws
     AND e.execution_id BETWEEN p_ids[1] AND p_ids[cardinality(p_ids)] AND e.execution_id = c.execution_id AND e.workspace_id = p_ws
     AND l.workspace_id = p_ws AND l.live_evaluation_id = e.job_id $$;
REVOKE ALL ON FUNCTION forget_judges(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_judges(uuid, uuid[]) TO burnish_worker;

-- A jury of simulated judges is only one where they differ: see the simulator's judge.
INSERT INTO platform_models (model, provider, upstream_model, display_name, context_tokens, output_tokens, input_price_nusd_per_million,
                             cached_input_price_nusd_per_million, output_price_nusd_per_million, capabilities, price_version, notes)
SELECT 'simulated/' || one, 'simulated', one, 'Simulated ' || one, 32768, 4096, 100000000, 100000000, 400000000, '{chat,streaming,json}', 'play-1',
       'A toy that needs no key. Its answers say so; no figure made with it is a figure of a real model.'
  FROM unnest(ARRAY['judge-strict', 'judge-lenient']) one ON CONFLICT DO NOTHING;

RESET ROLE;
SET LOCAL search_path = public;
