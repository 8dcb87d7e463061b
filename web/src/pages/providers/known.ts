export type Provider = {
  value: string;
  label: string;
  /** It has an address of its own, which keys go to. */
  hasAddress: boolean;
  /** What goes into the address of one that has none. */
  address?: string;
  /** What its key looks like, where that is more than one word. */
  key?: string;
};

/** Providers by the names that the API knows (tests/docs/test_page_providers.py compares them with its own list). */
export const PROVIDERS: readonly Provider[] = [
  { value: "openai", label: "OpenAI", hasAddress: true },
  { value: "anthropic", label: "Anthropic", hasAddress: true },
  { value: "google", label: "Google AI Studio (Gemini)", hasAddress: true },
  { value: "openrouter", label: "OpenRouter", hasAddress: true },
  { value: "azure", label: "Azure OpenAI", hasAddress: false, address: "Of your resource, such as https://NAME.openai.azure.com.", key: 'The key alone, or {"api_key":"…","api_version":"…"}.' },
  { value: "bedrock", label: "Amazon Bedrock", hasAddress: true, key: 'A Bedrock API key, or without blanks {"aws_access_key_id":"…","aws_secret_access_key":"…","aws_region_name":"eu-central-1"}.' },
  { value: "cerebras", label: "Cerebras", hasAddress: true },
  { value: "cohere", label: "Cohere", hasAddress: true },
  { value: "deepinfra", label: "DeepInfra", hasAddress: true },
  { value: "deepseek", label: "DeepSeek", hasAddress: true },
  { value: "fireworks_ai", label: "Fireworks AI", hasAddress: true },
  { value: "groq", label: "Groq", hasAddress: true },
  { value: "mistral", label: "Mistral", hasAddress: true },
  { value: "perplexity", label: "Perplexity", hasAddress: true },
  { value: "together_ai", label: "Together AI", hasAddress: true },
  { value: "voyage", label: "Voyage", hasAddress: true },
  { value: "xai", label: "xAI", hasAddress: true },
  { value: "maitai", label: "Maitai", hasAddress: false },
  { value: "ollama", label: "Ollama", hasAddress: false },
  { value: "vllm", label: "vLLM", hasAddress: false },
  { value: "llama_cpp", label: "llama.cpp", hasAddress: false },
  { value: "openai_compatible", label: "Another OpenAI-compatible server", hasAddress: false },
];
