import type { Choice } from "@/kit/Combobox";
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

const KEPT = "burnish.usual-models";
/** Workspaces, the one of the last choice first; what is older is forgotten. */
const KEPT_MOST = 50;

function kept(): [workspace: string, model: string][] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(found) ? (found as [string, string][]).filter((one) => Array.isArray(one) && one.length === 2) : [];
  } catch {
    return []; // Written by hand, or nothing may be kept here.
  }
}

/** Remembers what was chosen, for the next form in this workspace. */
export function keepUsualModel(model: string | null): void {
  const place = standing.workspaceId ?? "";
  if (!model) return;
  try {
    localStorage.setItem(KEPT, JSON.stringify([[place, model], ...kept().filter(([one]) => one !== place)].slice(0, KEPT_MOST)));
  } catch {
    // Full, or nothing may be kept here: the first is offered then.
  }
}

/** The model that is offered where nobody chose: the one that was chosen last in this workspace, else the first that answers chats, else the first; null: there is none. */
export function usualOf(models: readonly Model[]): string | null {
  const last = kept().find(([place]) => place === (standing.workspaceId ?? ""))?.[1];
  return (models.find((one) => one.id === last) ?? models.find(answersChats) ?? models[0])?.id ?? null;
}

/** The models that may be used, and the same as choices of a Combobox; `isPending`: none are known yet, and none have failed to come. */
export function useModels(): { models: Model[]; choices: Choice[]; isPending: boolean; error: unknown } {
  const found = useRead("/v1/models", {}, { staleTime: MINUTE_MS });
  const data = (found.data as { data?: Model[] } | undefined)?.data;
  const models = Array.isArray(data) ? data : [];
  return { models, choices: models.map((one) => ({ value: one.id, label: one.id, hint: one.simulated ? `${one.display_name} · simulated` : one.display_name })), isPending: found.isPending, error: found.error };
}
