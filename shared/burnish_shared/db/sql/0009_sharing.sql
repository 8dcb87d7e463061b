-- The marketplace and platform statistics.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- A copy of one published version: who reads it reads this row and nothing of the publisher's own tables. Withdrawing deletes it.
CREATE TABLE marketplace_entries (
  entry_id        uuid PRIMARY KEY,
  workspace_id    uuid NOT NULL REFERENCES workspaces,                  -- the publisher
  organization_id uuid NOT NULL,
  visibility      text NOT NULL CHECK (visibility IN ('organization', 'public')),
  publisher       text NOT NULL,                                        -- the workspace's name when it published
  prompt_id       uuid NOT NULL,
  slug            text NOT NULL,
  version         integer NOT NULL,
  name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description     text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  use_case        text NOT NULL DEFAULT '' CHECK (length(use_case) <= 2000),
  categories      text[] NOT NULL DEFAULT '{}' CHECK (cardinality(categories) <= 20),
  tags            text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
  model           text NOT NULL,
  example         text NOT NULL DEFAULT '' CHECK (length(example) <= 20000),
  content         json NOT NULL,
  search          tsvector NOT NULL,                                    -- by marketplace_search
  figures         jsonb NOT NULL DEFAULT '{}',                          -- the published numbers; analytics makes them anew each day
  satisfaction    double precision,                                     -- out of the figures, to sort by
  measured_at     timestamptz,
  clones          bigint NOT NULL DEFAULT 0,
  published_by    text NOT NULL,
  published_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (workspace_id, prompt_id, version),
  FOREIGN KEY (workspace_id, prompt_id, version) REFERENCES prompt_versions (workspace_id, prompt_id, version));
CREATE INDEX marketplace_by_text ON marketplace_entries USING gin (search);
CREATE INDEX marketplace_by_organization ON marketplace_entries (organization_id, entry_id);
CREATE INDEX marketplace_measured ON marketplace_entries (measured_at NULLS FIRST);
CALL make_tenant_table('marketplace_entries', writer => 'gateway; analytics for the figures', worker => 'SELECT, UPDATE (figures, satisfaction, measured_at)',
  app => 'SELECT, INSERT, DELETE, UPDATE (visibility, publisher, name, description, use_case, categories, tags, example, search, figures, satisfaction, measured_at, published_by, updated_at)');
-- The one policy in the schema that shows rows of other workspaces. It is for reading; writing is left to the policy `app`.
CREATE POLICY shared ON marketplace_entries FOR SELECT TO burnish_app
  USING (visibility = 'public' OR organization_id = (SELECT nullif(current_setting('app.organization', true), '')::uuid));

-- With and without stemming: `routing` finds `route`, and words of other languages and stop words are found as they are.
CREATE FUNCTION marketplace_search(p_name text, p_description text, p_use_case text, p_words text[], p_content text) RETURNS tsvector LANGUAGE sql IMMUTABLE
SET search_path = burnish, pg_catalog, pg_temp AS $$
  SELECT setweight(to_tsvector(c, p_name), 'A') || setweight(to_tsvector(c, array_to_string(p_words, ' ')), 'A')
      || setweight(to_tsvector(c, p_use_case), 'B') || setweight(to_tsvector(c, p_description), 'B') || setweight(to_tsvector(c, p_content), 'D')
      || setweight(to_tsvector('simple', p_name), 'A') || setweight(to_tsvector('simple', array_to_string(p_words, ' ')), 'A')
      || setweight(to_tsvector('simple', p_use_case), 'B') || setweight(to_tsvector('simple', p_description), 'B')
    FROM (SELECT 'english'::regconfig AS c) one $$;

-- Counts one more clone of an entry, which is most often another workspace's.
CREATE FUNCTION count_clone(p_entry uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  UPDATE marketplace_entries SET clones = clones + 1 WHERE entry_id = p_entry $$;
GRANT UPDATE (clones) ON marketplace_entries TO burnish_lookup;

-- What rollups say of one version since ever: sums, and the histogram of latency. With the caller's own rights.
CREATE FUNCTION version_sums(p_ws uuid, p_slug text, p_version integer) RETURNS TABLE (executions bigint, successes bigint, cancelled bigint, simulated bigint, cost_nusd bigint,
  thumbs_up bigint, thumbs_down bigint, scores bigint, score_sum_micro bigint, latency bigint[]) LANGUAGE sql STABLE SET search_path = burnish, pg_temp AS $$
  SELECT coalesce(sum(r.executions), 0)::bigint, coalesce(sum(r.successes), 0)::bigint, coalesce(sum(r.cancelled), 0)::bigint, coalesce(sum(r.simulated), 0)::bigint,
         coalesce(sum(r.cost_nusd), 0)::bigint, coalesce(sum(r.thumbs_up), 0)::bigint, coalesce(sum(r.thumbs_down), 0)::bigint, coalesce(sum(r.scores), 0)::bigint,
         coalesce(sum(r.score_sum_micro), 0)::bigint,
         coalesce((SELECT array_agg(b.n ORDER BY b.bucket) FROM (SELECT u.bucket, sum(u.n)::bigint AS n FROM rollups l, unnest(l.latency) WITH ORDINALITY u(n, bucket)
                    WHERE l.workspace_id = p_ws AND l.grain = 'day' AND l.slug = p_slug AND l.version = p_version AND l.traffic = 'live' GROUP BY 1) b), '{}')
    FROM rollups r WHERE r.workspace_id = p_ws AND r.grain = 'day' AND r.slug = p_slug AND r.version = p_version AND r.traffic = 'live' $$;

-- Entries whose figures are older than p_age_s, the oldest first: ids and workspaces only.
CREATE FUNCTION marketplace_due(p_age_s integer, p_most integer) RETURNS TABLE (workspace_id uuid, entry_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
  SELECT e.workspace_id, e.entry_id FROM marketplace_entries e
   WHERE e.measured_at IS NULL OR e.measured_at < clock_timestamp() - p_age_s * interval '1 second' ORDER BY e.measured_at NULLS FIRST LIMIT p_most $$;

CALL make_lookup_function('count_clone(uuid)', app => true, worker => false);
CALL make_lookup_function('marketplace_due(integer, integer)', app => false, worker => true);
REVOKE ALL ON FUNCTION marketplace_search(text, text, text, text[], text), version_sums(uuid, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION marketplace_search(text, text, text, text[], text) TO burnish_app;
GRANT EXECUTE ON FUNCTION version_sums(uuid, text, integer) TO burnish_app, burnish_worker;

-- ---------------------------------------------------------------------------------------------------------------------------------
-- Platform statistics (PRODUCT T6).

-- Since when a workspace has taken part without a break. A day counts for it when it took part all through it.
CREATE TABLE statistics_members (
  workspace_id uuid PRIMARY KEY REFERENCES workspaces,
  since        timestamptz NOT NULL,
  until        timestamptz);
CALL make_tenant_table('statistics_members', app => '', worker => '', writer => 'the trigger on workspaces');
GRANT INSERT, UPDATE ON statistics_members TO burnish_lookup;

CREATE FUNCTION follow_sharing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
BEGIN
  IF NEW.share_statistics THEN
    INSERT INTO statistics_members (workspace_id, since) VALUES (NEW.workspace_id, clock_timestamp())
    ON CONFLICT (workspace_id) DO UPDATE SET since = excluded.since, until = NULL WHERE statistics_members.until IS NOT NULL;
  ELSE
    UPDATE statistics_members SET until = clock_timestamp() WHERE workspace_id = NEW.workspace_id AND until IS NULL;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER follow_sharing AFTER INSERT OR UPDATE OF share_statistics ON workspaces FOR EACH ROW EXECUTE FUNCTION follow_sharing();

-- Published once and never changed. Numbers of the installation, of nobody.
CREATE TABLE platform_statistics (
  day          date NOT NULL,
  measure      text NOT NULL,
  value        double precision,                                        -- NULL: too few contribute
  contributors integer NOT NULL CHECK (contributors IN (0, 5, 10, 25, 100)),   -- at least so many; 0: fewer than five
  published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (day, measure),
  CHECK ((value IS NULL) = (contributors = 0)));
CALL make_system_table('platform_statistics', app => 'SELECT', worker => 'SELECT', writer => 'publish_statistics, called by analytics');

-- Publishes one day that is over, once: a day that stands is never computed again, so what a workspace does later changes nothing of it.
-- The median over organizations: one vote each, however much it calls and however many workspaces it makes, so nobody's own value can be pulled out
-- of it. Rounded to two digits.
-- Returns the number of measures published; 0: it stood already.
CREATE FUNCTION publish_statistics(p_day date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE least_contributors constant integer := 5; least_executions constant integer := 20; n integer;
BEGIN
  IF p_day >= (clock_timestamp() AT TIME ZONE 'UTC')::date THEN RAISE EXCEPTION 'a day is published when it is over' USING ERRCODE = 'invalid_parameter_value'; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('burnish.publish_statistics'));
  IF EXISTS (SELECT FROM platform_statistics WHERE day = p_day) THEN RETURN 0; END IF;
  WITH shared AS (                                                 -- of each workspace alone: simulated calls of one do not silence the others
    SELECT r.workspace_id, sum(r.executions) AS executions, sum(r.successes) AS successes, sum(r.cancelled) AS cancelled, sum(r.cached) AS cached,
           sum(r.input_tokens) AS input_tokens, sum(r.output_tokens) AS output_tokens, sum(r.cost_nusd) AS cost_nusd, sum(r.latency_sum_ms) AS latency_sum_ms,
           sum(r.thumbs_up + r.thumbs_down + r.scores) AS samples, sum(r.thumbs_up) + sum(r.score_sum_micro) / 1000000.0 AS satisfied
      FROM rollups r JOIN statistics_members m USING (workspace_id)
     WHERE r.grain = 'day' AND r.bucket = p_day::timestamp AT TIME ZONE 'UTC' AND r.traffic = 'live'
       AND m.since <= p_day::timestamp AT TIME ZONE 'UTC' AND coalesce(m.until, 'infinity') >= (p_day + 1)::timestamp AT TIME ZONE 'UTC'
     GROUP BY 1 HAVING sum(r.simulated) = 0),
  own AS (
    SELECT w.organization_id, sum(s.executions) AS executions, sum(s.successes) AS successes, sum(s.cancelled) AS cancelled, sum(s.cached) AS cached,
           sum(s.input_tokens) AS input_tokens, sum(s.output_tokens) AS output_tokens, sum(s.cost_nusd) AS cost_nusd, sum(s.latency_sum_ms) AS latency_sum_ms,
           sum(s.samples) AS samples, sum(s.satisfied) AS satisfied
      FROM shared s JOIN workspaces w USING (workspace_id) GROUP BY 1 HAVING sum(s.executions) >= least_executions),
  votes AS (
    SELECT v.measure, v.value::double precision FROM own, LATERAL (VALUES
      ('success_rate', successes / nullif(executions - cancelled, 0)), ('cache_hit_rate', cached / executions), ('mean_latency_ms', latency_sum_ms / executions),
      ('mean_cost_nusd', cost_nusd / executions), ('mean_input_tokens', input_tokens / executions), ('mean_output_tokens', output_tokens / executions),
      ('satisfaction', CASE WHEN samples >= least_executions THEN satisfied / samples END)) v(measure, value)
     WHERE v.value IS NOT NULL),
  told AS (SELECT measure, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS median FROM votes GROUP BY 1)
  INSERT INTO platform_statistics (day, measure, value, contributors)
  SELECT p_day, m.measure, CASE WHEN t.n >= least_contributors THEN two_digits(t.median) END,
         CASE WHEN t.n >= 100 THEN 100 WHEN t.n >= 25 THEN 25 WHEN t.n >= 10 THEN 10 WHEN t.n >= least_contributors THEN 5 ELSE 0 END
    FROM unnest(ARRAY['success_rate', 'cache_hit_rate', 'mean_latency_ms', 'mean_cost_nusd', 'mean_input_tokens', 'mean_output_tokens', 'satisfaction']) m(measure)
    LEFT JOIN told t USING (measure);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
CREATE FUNCTION two_digits(p_value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_value = 0 THEN 0 ELSE round(p_value::numeric, 1 - floor(log(abs(p_value)))::integer)::double precision END;
REVOKE ALL ON FUNCTION two_digits(double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION two_digits(double precision) TO burnish_lookup;
GRANT INSERT ON platform_statistics TO burnish_lookup;
CALL make_lookup_function('follow_sharing()', app => false, worker => false);
CALL make_lookup_function('publish_statistics(date)', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
