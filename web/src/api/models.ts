import type { Choice } from "@/kit/Combobox";
import { lastChosen } from "@/lib/last-chosen";
import { standing } from "./client";
import { useRead } from "./hooks";

/** A model of the workspace, as far as the page shows it (`GET /v1/models` answers in OpenAI's format, with ours beside it). */
export type Model = {
  id: string;
  provider: string;
  display_name: string;
  simulated?: boolean;
  context_tokens?: number | null;
  output_tokens?: number | null;
  input_price_nusd_per_million?: number | null;
  cached_input_price_nusd_per_million?: number | null;
  output_price_nusd_per_million?: number | null;
  capabilities?: string[];
  last_tested_at?: string | null;
};

const MINUTE_MS = 60_000;

/** All but those that say that they make embeddings, and not that they chat. */
function answersChats({ capabilities = [] }: Model): boolean {
  return capabilities.includes("chat") || !capabilities.some((one) => one === "embedding" || one === "embeddings");
}

const CHOSEN = lastChosen("burnish.usual-models", 50);

/** Remembers what was chosen, for the next form in this workspace; null: nothing was. */
export function keepUsualModel(model: string | null): void {
  if (model) CHOSEN.keep(standing.workspaceId ?? "", model);
}

/** The model that is offered where nobody chose: the one that was chosen last in this workspace, else the first that answers chats, else the first; null: there is none. */
export function usualOf(models: readonly Model[]): string | null {
  const last = CHOSEN.at(standing.workspaceId ?? "");
  return (models.find((one) => one.id === last) ?? models.find(answersChats) ?? models[0])?.id ?? null;
}

/** The models that may be used, and the same as choices of a Combobox; `isPending`: none are known yet, and none have failed to come. */
export function useModels(): { models: Model[]; choices: Choice[]; isPending: boolean; error: unknown } {
  const found = useRead("/v1/models", {}, { staleTime: MINUTE_MS });
  const data = (found.data as { data?: Model[] } | undefined)?.data;
  const models = Array.isArray(data) ? data : [];
  return { models, choices: models.map((one) => ({ value: one.id, label: one.id, hint: one.simulated ? `${one.display_name} · simulated` : one.display_name })), isPending: found.isPending, error: found.error };
}
