-- Files may be sent to models that have the capability `pdf`. Those that LiteLLM's map of 20 November 2026 says read them get it: all models
-- of OpenAI and Anthropic that see images, and Gemini. The simulated ones tell of a file what it is. Models at an address of a workspace's
-- own say for themselves what they can. Processes of the release before ask no model for it.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

UPDATE platform_models SET capabilities = array_append(capabilities, 'pdf')
 WHERE NOT capabilities @> '{pdf}'
   AND ((provider = 'simulated' AND capabilities @> '{chat}') OR (provider IN ('openai', 'anthropic') AND capabilities @> '{vision}')
     OR (provider = 'google' AND capabilities @> '{vision}' AND upstream_model ~ '^gemini-' AND upstream_model !~ 'gemma|embedding|omni'));

UPDATE workspace_models SET capabilities = array_append(capabilities, 'pdf')
 WHERE NOT capabilities @> '{pdf}' AND base_url = '' AND cardinality(capabilities) < 30
   AND ((provider = 'simulated' AND capabilities @> '{chat}') OR (provider IN ('openai', 'anthropic') AND capabilities @> '{vision}')
     OR (provider = 'google' AND capabilities @> '{vision}' AND upstream_model ~ '^gemini-' AND upstream_model !~ 'gemma|embedding|omni'));

RESET ROLE;
SET LOCAL search_path = public;
