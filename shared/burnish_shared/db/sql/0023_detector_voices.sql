-- Who said what that detectors have not weighed yet. Lock order: label_voices -> detector_voices -> detector_observations.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Reactions of named voices by period, until so many others have spoken that none of them is more than 5 % (core/voices.py). What one run
-- of the detectors leaves is put together under the last period that it read; voice '': reactions that only their execution has.
CREATE TABLE detector_voices (
  workspace_id    uuid NOT NULL,
  slug            text NOT NULL,
  label           text NOT NULL,
  version         integer NOT NULL,
  period          timestamptz NOT NULL,
  voice           text NOT NULL,
  samples         bigint NOT NULL,
  satisfied_micro bigint NOT NULL,
  PRIMARY KEY (workspace_id, slug, label, version, period, voice)) WITH (fillfactor = 70);
CREATE INDEX detector_voices_by_voice ON detector_voices (workspace_id, voice);
CALL make_tenant_table('detector_voices', app => '', worker => 'SELECT, INSERT, UPDATE, DELETE', writer => 'analytics');

-- As in 0014; what a person said that was not weighed yet is not weighed any more.
CREATE OR REPLACE FUNCTION forget_voices(p_ws uuid, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE n integer; cutoff timestamptz := retention_cutoff(p_ws);
BEGIN
  IF cutoff IS NULL THEN RETURN 0; END IF;
  DELETE FROM detector_voices v WHERE v.workspace_id = p_ws AND v.voice LIKE 'user:%' AND v.period < cutoff;
  UPDATE label_voices v SET voice = 'user:' || nameless('x') FROM
    (SELECT x.slug, x.label, x.version, x.voice FROM label_voices x
      WHERE x.workspace_id = p_ws AND x.voice LIKE 'user:%' AND x.voice NOT LIKE 'user:~%' AND x.spoke_at < cutoff
      ORDER BY x.slug, x.label, x.version, x.voice LIMIT p_most FOR UPDATE SKIP LOCKED) o
   WHERE v.workspace_id = p_ws AND (v.slug, v.label, v.version, v.voice) = (o.slug, o.label, o.version, o.voice);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

CREATE OR REPLACE FUNCTION erase_voices(p_erasure uuid, p_after text, p_most integer) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$
DECLARE e erasures; v_names text[]; v_theirs text[]; n integer; v_inner bytea; v_outer bytea;
BEGIN
  SELECT * INTO e FROM erasures WHERE erasure_id = p_erasure;
  IF NOT FOUND OR e.subject_key IS NULL THEN RETURN NULL; END IF;
  v_inner := hmac_block(e.subject_key, 54); v_outer := hmac_block(e.subject_key, 92);
  SELECT array_agg(x.voice ORDER BY x.voice) INTO v_names
    FROM (SELECT DISTINCT v.voice FROM label_voices v WHERE v.workspace_id = e.workspace_id AND v.voice > p_after ORDER BY v.voice LIMIT p_most) x;
  SELECT array_agg(one) INTO v_theirs FROM unnest(v_names) one
   WHERE one LIKE 'user:%' AND keyed_hash(v_inner, v_outer, substr(one, 6)) = e.subject_digest;
  DELETE FROM detector_voices v WHERE v.workspace_id = e.workspace_id AND v.voice = ANY (v_theirs) AND v.period < e.requested_at;
  UPDATE label_voices v SET voice = 'user:' || nameless('x')
   WHERE v.workspace_id = e.workspace_id AND v.spoke_at < e.requested_at AND v.voice = ANY (v_theirs);
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN UPDATE erasures SET counts = erased(counts, 'label_voices', n) WHERE erasure_id = p_erasure; END IF;
  RETURN v_names[cardinality(v_names)];
END $$;

RESET ROLE;
SET LOCAL search_path = public;
