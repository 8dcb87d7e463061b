-- Providers that are known by name (shared/burnish_shared/providers.py), and a toy that embeds.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- Of those that are called through LiteLLM the address is for people: LiteLLM finds its way by itself.
INSERT INTO providers (provider, base_url) VALUES
  ('deepseek', 'https://api.deepseek.com/v1'),
  ('groq', 'https://api.groq.com/openai/v1'),
  ('xai', 'https://api.x.ai/v1'),
  ('together_ai', 'https://api.together.xyz/v1'),
  ('fireworks_ai', 'https://api.fireworks.ai/inference/v1'),
  ('perplexity', 'https://api.perplexity.ai'),
  ('cerebras', 'https://api.cerebras.ai/v1'),
  ('deepinfra', 'https://api.deepinfra.com/v1/openai'),
  ('google', 'https://generativelanguage.googleapis.com'),
  ('mistral', 'https://api.mistral.ai/v1'),
  ('cohere', 'https://api.cohere.com'),
  ('bedrock', 'https://bedrock-runtime.amazonaws.com'),
  ('voyage', 'https://api.voyageai.com/v1')
ON CONFLICT DO NOTHING;

-- A play price, in play credits: 0.02 dollars a million tokens.
INSERT INTO platform_models (model, provider, upstream_model, display_name, context_tokens, output_tokens, input_price_nusd_per_million,
                             cached_input_price_nusd_per_million, output_price_nusd_per_million, capabilities, price_version, notes)
VALUES ('simulated/embed', 'simulated', 'embed', 'Simulated embed', 32768, 1, 20000000, 20000000, 0, '{embeddings}', 'play-1',
        'A toy that needs no key: it hashes words. Its answers say so; no figure made with it is a figure of a real model.');

RESET ROLE;
SET LOCAL search_path = public;
