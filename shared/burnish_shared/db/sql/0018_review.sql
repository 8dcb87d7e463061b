-- The review queue: answers that a person should look at, and what that person said. Analytics adds what was rated low and what was drawn at
-- random, the gateway adds what somebody picked and writes what reviewers decide. Lock order: after everything of 0003 and 0014, by key.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- What goes into the queue. A row with slug '' is the workspace's own; absent columns fall back to it, then to the code (core/review.py).
CREATE TABLE review_settings (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  slug         text NOT NULL,
  low_rated    boolean,
  uncertain    boolean,
  sample_ratio double precision CHECK (sample_ratio BETWEEN 0 AND 1),
  most_waiting integer CHECK (most_waiting BETWEEN 1 AND 10000),
  dataset_id   uuid,                                               -- where a decided answer goes
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, slug),
  FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, dataset_id));
CALL make_tenant_table('review_settings', app => 'SELECT, INSERT, UPDATE, DELETE', worker => 'SELECT', writer => 'gateway');

CREATE TABLE review_items (                                        -- one row for an execution, however many reasons there are
  review_id     uuid NOT NULL,
  workspace_id  uuid NOT NULL,
  execution_id  uuid NOT NULL,
  slug          text NOT NULL,                                     -- '' : no registered prompt
  version       integer NOT NULL,                                  -- 0 : none
  label         text NOT NULL,
  model         text NOT NULL,
  simulated     boolean NOT NULL,
  reasons       text[] NOT NULL CHECK (cardinality(reasons) > 0 AND reasons <@ ARRAY['picked', 'low_rated', 'corrected', 'disagreement', 'uncertain', 'sampled']),
  urgency       smallint NOT NULL,                                 -- 0 first
  added_by      text NOT NULL DEFAULT '',                          -- '' : the rules of the queue
  added_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  note          text CHECK (length(note) <= 2000),
  claimed_by    text,
  claimed_until timestamptz,
  skipped_by    text[] NOT NULL DEFAULT '{}',
  set_aside     boolean NOT NULL DEFAULT false,                    -- nobody is asked any more
  verdict       text CHECK (verdict IN ('good', 'bad')),           -- NULL: not decided
  expected      text,                                              -- the right answer, where the verdict is bad and somebody wrote it
  decided_by    text,
  decided_at    timestamptz,
  dataset_id    uuid,                                              -- the item that came of it
  item_id       uuid,
  item_added    boolean NOT NULL DEFAULT false,                    -- false: the dataset held this input already
  forgotten_at  timestamptz,                                       -- words are gone, verdict stays
  PRIMARY KEY (workspace_id, review_id),
  UNIQUE (workspace_id, execution_id),
  CHECK ((verdict IS NULL) = (decided_at IS NULL) AND (verdict IS NULL) = (decided_by IS NULL)),
  CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)));
CREATE INDEX review_items_waiting ON review_items (workspace_id, urgency, review_id) WHERE decided_at IS NULL AND NOT set_aside;
CREATE INDEX review_items_of_prompt ON review_items (workspace_id, slug, urgency, review_id) WHERE decided_at IS NULL AND NOT set_aside;
CREATE INDEX review_items_decided ON review_items (workspace_id, slug, decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX review_items_to_forget ON review_items (workspace_id, execution_id) WHERE forgotten_at IS NULL;
CALL make_tenant_table('review_items', app => 'SELECT, INSERT, UPDATE', worker => 'SELECT, INSERT, UPDATE', writer => 'analytics adds, gateway adds and decides');

-- A reviewer may take a decision back, and with it the item that came of it. The gateway does so only where nothing was measured on it yet.
GRANT DELETE ON dataset_items TO burnish_app;

-- Up to p_most rows whose answers are older than the workspace's days: what nobody decided on goes, what was decided keeps its verdict and
-- loses its words. Decisions on what is older than p_numbers_d days go too. Returns how many rows it changed; 0: all done.
CREATE FUNCTION forget_reviews(p_ws uuid, p_numbers_d integer, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; done integer := 0; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF p_numbers_d < 1 THEN RAISE EXCEPTION 'retention is at least a day'; END IF;
  IF cutoff IS NULL THEN RETURN 0; END IF;
  DELETE FROM review_items r WHERE r.workspace_id = p_ws AND r.review_id IN
    (SELECT x.review_id FROM review_items x WHERE x.workspace_id = p_ws AND x.decided_at IS NULL AND x.forgotten_at IS NULL AND x.execution_id < moment_bound(cutoff)
      ORDER BY x.execution_id LIMIT p_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS done = ROW_COUNT;
  UPDATE review_items r SET expected = NULL, note = NULL, forgotten_at = clock_timestamp() WHERE r.workspace_id = p_ws AND r.review_id IN
    (SELECT x.review_id FROM review_items x WHERE x.workspace_id = p_ws AND x.decided_at IS NOT NULL AND x.forgotten_at IS NULL AND x.execution_id < moment_bound(cutoff)
      ORDER BY x.execution_id LIMIT p_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS n = ROW_COUNT; done := done + n;
  DELETE FROM review_items r WHERE r.workspace_id = p_ws AND r.review_id IN
    (SELECT x.review_id FROM review_items x WHERE x.workspace_id = p_ws AND x.forgotten_at IS NOT NULL
        AND x.execution_id < moment_bound(clock_timestamp() - p_numbers_d * interval '1 day') LIMIT p_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN done + n;
END $$;

-- The same for answers to the person of an erasure: made for them, or in a conversation of theirs. The item of a dataset that came of such a
-- decision goes with it. Before the steps of the erasure itself, which take the person from the executions. Looks at up to p_most rows after
-- p_after, returns the last one; NULL: no more.
CREATE FUNCTION erase_reviews(p_erasure uuid, p_after uuid, p_most integer) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_ids uuid[]; v_hits uuid[]; v_items uuid[]; m integer; v_inner bytea; v_outer bytea;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL OR EXISTS (SELECT FROM workspaces w WHERE w.workspace_id = e.workspace_id AND w.legal_hold) THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  SELECT array_agg(b.execution_id ORDER BY b.execution_id), array_agg(b.execution_id) FILTER (WHERE b.hit) INTO v_ids, v_hits
    FROM (SELECT r.execution_id, coalesce(keyed_hash(v_inner, v_outer, x.end_user) = e.subject_digest, false)
                 OR EXISTS (SELECT FROM execution_facts f WHERE f.execution_id = r.execution_id AND f.workspace_id = r.workspace_id AND keyed_hash(v_inner, v_outer, f.end_user) = e.subject_digest)
                 OR EXISTS (SELECT FROM executions s WHERE s.workspace_id = r.workspace_id AND s.session_id = x.session_id AND keyed_hash(v_inner, v_outer, s.end_user) = e.subject_digest) AS hit
            FROM review_items r LEFT JOIN executions x ON x.execution_id = r.execution_id AND x.workspace_id = r.workspace_id
           WHERE r.workspace_id = e.workspace_id AND r.forgotten_at IS NULL AND r.execution_id > p_after AND r.execution_id < moment_bound(e.requested_at)
           ORDER BY r.execution_id LIMIT p_most) b;
  IF v_hits IS NOT NULL THEN
    SELECT array_agg(r.item_id) INTO v_items FROM review_items r
     WHERE r.workspace_id = e.workspace_id AND r.execution_id = ANY (v_hits) AND r.item_added AND r.item_id IS NOT NULL;
    DELETE FROM dataset_items d WHERE d.workspace_id = e.workspace_id AND d.item_id = ANY (v_items);
    GET DIAGNOSTICS m = ROW_COUNT;
    UPDATE evaluations SET output = NULL, error = NULL WHERE workspace_id = e.workspace_id AND item_id = ANY (v_items) AND (output IS NOT NULL OR error IS NOT NULL);
    UPDATE test_runs t SET result = jsonb_set(t.result, '{failed_cases}', (SELECT coalesce(jsonb_agg(c), '[]') FROM jsonb_array_elements(t.result -> 'failed_cases') c
                                                                          WHERE coalesce((c ->> 'item_id')::uuid <> ALL (v_items), true)))
     WHERE t.workspace_id = e.workspace_id AND EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(t.result -> 'failed_cases') = 'array' THEN t.result -> 'failed_cases' END) c
                                                       WHERE (c ->> 'item_id')::uuid = ANY (v_items));
    DELETE FROM review_items r WHERE r.workspace_id = e.workspace_id AND r.execution_id = ANY (v_hits) AND r.decided_at IS NULL;
    UPDATE review_items r SET expected = NULL, note = NULL, item_id = NULL, item_added = false, forgotten_at = clock_timestamp()
     WHERE r.workspace_id = e.workspace_id AND r.execution_id = ANY (v_hits);
    UPDATE erasures SET counts = erased(erased(counts, 'review_items', cardinality(v_hits)), 'dataset_items', m) WHERE erasure_id = p_erasure;
  END IF;
  RETURN v_ids[cardinality(v_ids)];
END $$;
REVOKE ALL ON FUNCTION forget_reviews(uuid, integer, integer), erase_reviews(uuid, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_reviews(uuid, integer, integer), erase_reviews(uuid, uuid, integer) TO burnish_worker;

RESET ROLE;
SET LOCAL search_path = public;
