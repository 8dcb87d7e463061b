SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT CREATE ON SCHEMA burnish TO burnish_lookup;
SET LOCAL ROLE burnish_lookup;

CREATE OR REPLACE FUNCTION begin_sign_in(p_pair bytea, p_email_digest bytea, p_address_digest bytea, p_email text, p_network text) RETURNS double precision
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE
  v_now timestamptz := clock_timestamp(); v_wait double precision; v_known boolean;
  free constant integer[] := ARRAY[5, 20, 50];
  most_s constant integer[] := ARRAY[300, 60, 30];
  forget constant interval[] := ARRAY['1 day', '1 hour', '15 minutes']::interval[];
  named bytea[] := ARRAY[p_pair, p_email_digest, p_address_digest];
BEGIN
  SELECT EXISTS (SELECT FROM users u JOIN user_sessions s USING (user_id) WHERE u.email = p_email AND s.network = p_network AND s.created_at > v_now - interval '30 days') INTO v_known;
  INSERT INTO sign_in_tries (digest, tries, last_at, blocked_until) SELECT d, 0, v_now, '-infinity' FROM unnest(named) d ORDER BY d ON CONFLICT DO NOTHING;
  PERFORM FROM sign_in_tries t WHERE t.digest = ANY (named) ORDER BY t.digest FOR UPDATE;
  SELECT max(extract(epoch FROM t.blocked_until - v_now)) INTO v_wait FROM sign_in_tries t
   WHERE t.digest = ANY (named) AND t.blocked_until > v_now AND NOT (v_known AND t.digest = p_email_digest);
  IF v_wait > 0 THEN RETURN v_wait; END IF;
  UPDATE sign_in_tries t SET tries = n.tries, last_at = v_now,
         blocked_until = CASE WHEN n.tries < n.free THEN '-infinity' ELSE v_now + least(power(2, least(n.tries - n.free, 20)), n.most_s) * interval '1 second' END
    FROM (SELECT x.digest, CASE WHEN y.last_at < v_now - x.forget THEN 1 ELSE y.tries + 1 END AS tries, x.free, x.most_s
            FROM unnest(named, free, most_s, forget) x(digest, free, most_s, forget) JOIN sign_in_tries y USING (digest)) n
   WHERE t.digest = n.digest;
  RETURN 0;
END $$;

SET LOCAL ROLE burnish_owner;
REVOKE CREATE ON SCHEMA burnish FROM burnish_lookup;

RESET ROLE;
SET LOCAL search_path = public;
