-- Whether anybody has a key for one of these providers, so that an executor makes ready what calls them. Nothing of the keys is told.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

CREATE FUNCTION has_keys_for(p_providers text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = burnish, pg_temp
RETURN EXISTS (SELECT FROM provider_keys WHERE provider = ANY (p_providers) AND status = 'active')
  OR EXISTS (SELECT FROM platform_keys WHERE provider = ANY (p_providers));
CALL make_lookup_function('has_keys_for(text[])', app => false, worker => true);

RESET ROLE;
SET LOCAL search_path = public;
