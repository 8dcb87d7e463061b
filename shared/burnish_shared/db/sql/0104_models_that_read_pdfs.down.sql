-- The word means nothing to the release before. Where somebody may have given it himself, as to models at an address of his own, it stays:
-- the next update could not give it again.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

UPDATE platform_models SET capabilities = array_remove(capabilities, 'pdf')
 WHERE capabilities @> '{pdf}'
   AND ((provider = 'simulated' AND capabilities @> '{chat}') OR (provider IN ('openai', 'anthropic') AND capabilities @> '{vision}')
     OR (provider = 'google' AND capabilities @> '{vision}' AND upstream_model ~ '^gemini-' AND upstream_model !~ 'gemma|embedding|omni'));

UPDATE workspace_models SET capabilities = array_remove(capabilities, 'pdf')
 WHERE capabilities @> '{pdf}' AND base_url = ''
   AND ((provider = 'simulated' AND capabilities @> '{chat}') OR (provider IN ('openai', 'anthropic') AND capabilities @> '{vision}')
     OR (provider = 'google' AND capabilities @> '{vision}' AND upstream_model ~ '^gemini-' AND upstream_model !~ 'gemma|embedding|omni'));

RESET ROLE;
SET LOCAL search_path = public;
