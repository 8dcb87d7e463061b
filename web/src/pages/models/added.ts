import { useAll } from "@/api/hooks";
import { useMay } from "@/api/session";
import { toast } from "@/kit";

/** Servers of one's own, which ask for no key. */
const KEYLESS = new Set(["ollama", "vllm", "llama_cpp"]);

/** What a model that was added still lacks: calls are refused until there is a key of its provider. An operator's key is not seen here. */
export function addedWords(model: string, provider: string, keys: readonly { provider: string; status: string }[] | undefined): string {
  const isReady = KEYLESS.has(provider) || keys?.some((one) => one.provider === provider && one.status === "active");
  return isReady ? `${model} can be called` : `${model} is added. Calls of it need a key of ${provider}: yours, under Providers, or the operator’s.`;
}

/** Says so. */
export function useAdded(): (model: string, provider: string) => void {
  const may = useMay();
  const { rows } = useAll("/v1/provider-keys", {}, { enabled: may.admin, staleTime: 60_000 });
  return (model, provider) => void toast(addedWords(model, provider, rows));
}
