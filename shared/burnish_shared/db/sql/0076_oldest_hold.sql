-- How old the oldest hold is, and how long past its deadline: what the sweeper does not end stays held for ever, and nobody saw it (PROMISES 5.4).
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Two steps, so that no row is written anew. A hold made before has no time: its age is not known, its deadline is.
ALTER TABLE holds ADD COLUMN at timestamptz;
ALTER TABLE holds ALTER COLUMN at SET DEFAULT clock_timestamp();

-- Over all workspaces, and no word of whose they are. A lane without holds has no row. Overdue is below 0 where every deadline is still to come.
CREATE FUNCTION open_holds() RETURNS TABLE (lane text, holds bigint, oldest_s double precision, overdue_s double precision) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = burnish, pg_temp AS $$
  SELECT h.lane, count(*), coalesce(extract(epoch FROM t.now - min(h.at)), 0)::double precision, extract(epoch FROM t.now - min(h.deadline))::double precision
    FROM holds h, (SELECT clock_timestamp() AS now) t GROUP BY h.lane, t.now $$;
CALL make_lookup_function('open_holds()', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
