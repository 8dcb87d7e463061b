SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DELETE FROM platform_models WHERE model = 'simulated/embed';
DELETE FROM providers p WHERE provider IN ('deepseek', 'groq', 'xai', 'together_ai', 'fireworks_ai', 'perplexity', 'cerebras', 'deepinfra', 'google',
  'mistral', 'cohere', 'bedrock', 'voyage') AND NOT EXISTS (SELECT FROM platform_models m WHERE m.provider = p.provider);

RESET ROLE;
SET LOCAL search_path = public;
