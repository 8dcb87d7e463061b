/** Providers by the names that the API knows. `hasAddress`: it has one of its own, which keys go to. */
export const PROVIDERS = [
  { value: "openai", label: "OpenAI", hasAddress: true },
  { value: "anthropic", label: "Anthropic", hasAddress: true },
  { value: "openrouter", label: "OpenRouter", hasAddress: true },
  { value: "ollama", label: "Ollama", hasAddress: false },
  { value: "vllm", label: "vLLM", hasAddress: false },
  { value: "llama_cpp", label: "llama.cpp", hasAddress: false },
  { value: "openai_compatible", label: "Another OpenAI-compatible server", hasAddress: false },
] as const;
