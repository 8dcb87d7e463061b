/** What forms of several pages let people choose among. */
import { useMemo, useState } from "react";
import type { Choice } from "@/kit/Combobox";
import type { Schema } from "./client";
import { useAll, useRead } from "./hooks";

const MINUTE_MS = 60_000;

/** Prompts as choices of a Combobox, found by the API while one types: `<Combobox {...usePromptChoices()} … />`. `empty`: why there are none.
 * `chosen`: one that an address may name; `fault` says so where it is not there. */
export function usePromptChoices(chosen: string | null = null): { choices: Choice[]; onSearch: (typed: string) => void; empty: string; fault?: string } {
  const [q, setQ] = useState("");
  const { data, error, isPlaceholderData } = useRead("/v1/prompts", { query: { q, limit: 50 } }, { staleTime: MINUTE_MS });
  const choices = useMemo(() => {
    // What was found for the words before stays as far as it has the new ones: Enter takes the first that is listed.
    const found = (data?.data ?? []).filter((one) => !isPlaceholderData || `${one.slug} ${one.name}`.toLowerCase().includes(q.trim().toLowerCase()));
    return found.map((one) => ({ value: one.slug, label: one.slug, hint: one.name === one.slug ? undefined : one.name }));
  }, [data, isPlaceholderData, q]);
  const empty = error ? `Prompts could not be looked for: ${error.message}` : data === undefined || isPlaceholderData ? "Looking…" : "Nothing found";
  // Mostly it is among the first that are listed, and needs no question of its own.
  const asks = chosen && data !== undefined && !choices.some((one) => one.value === chosen) ? chosen : "";
  const one = useRead("/v1/prompts/{slug}", { path: { slug: asks }, query: { label: "latest" } }, { enabled: asks !== "", staleTime: MINUTE_MS });
  const fault = asks && one.error && isMissing(one.error) ? `There is no prompt '${asks}' in this workspace.` : undefined;
  return { choices, onSearch: setQ, empty, ...(fault ? { fault } : {}) };
}

/** Of what was asked for by a name: 422 is said of a name that none can have. */
const isMissing = ({ status }: { status: number }) => status === 404 || status === 422;

/** Chains as choices of a Combobox, as prompts are. */
export function useChainChoices(): { choices: Choice[]; onSearch: (typed: string) => void; empty: string } {
  const [q, setQ] = useState("");
  const { data, error, isPlaceholderData } = useRead("/v1/chains", { query: { q: q || undefined, limit: 50 } }, { staleTime: MINUTE_MS });
  const choices = useMemo(() => {
    const found = (data?.data ?? []).filter((one) => !isPlaceholderData || `${one.slug} ${one.name}`.toLowerCase().includes(q.trim().toLowerCase()));
    return found.map((one) => ({ value: one.slug, label: one.slug, hint: one.name === one.slug ? undefined : one.name }));
  }, [data, isPlaceholderData, q]);
  const empty = error ? `Chains could not be looked for: ${error.message}` : data === undefined || isPlaceholderData ? "Looking…" : "Nothing found";
  return { choices, onSearch: setQ, empty };
}

/** The datasets of the workspace by id, and as choices of a Combobox. */
export function useDatasets(): { byId: ReadonlyMap<string, Schema<"DatasetAnswer">>; choices: Choice[]; /** Known to have none: while it is being asked, no. */ isEmpty: boolean; /** None are known yet, and none have failed to come. */ isPending: boolean } {
  const { rows, isPending } = useAll("/v1/datasets", {}, { staleTime: MINUTE_MS });
  return useMemo(() => {
    const all = rows ?? [];
    return {
      isEmpty: rows !== undefined && all.length === 0,
      isPending,
      byId: new Map(all.map((one) => [one.id, one])),
      choices: all.map((one) => ({ value: one.id, label: one.name, hint: `${one.counts["train"] ?? 0} train · ${one.counts["validation"] ?? 0} validation · ${one.counts["test"] ?? 0} test` })),
    };
  }, [rows, isPending]);
}

/** What datasets are called, also those that are archived: runs and searches keep theirs. Undefined: not known, or not yet. */
export function useDatasetNames(): (id: string) => string | undefined {
  const { byId } = useDatasets();
  const { rows } = useAll("/v1/datasets", { query: { archived: true } }, { staleTime: MINUTE_MS });
  return useMemo(() => {
    const away = new Map((rows ?? []).map((one) => [one.id, one.name]));
    return (id) => byId.get(id)?.name ?? away.get(id);
  }, [byId, rows]);
}

/** In place of a dataset of a search: the API makes one of them. */
export const FEEDBACK: Choice = { value: "feedback", label: "What people said of its answers", hint: "corrected or liked in the last 90 days" };

/** What a search is asked for: a dataset by its id, or `FEEDBACK`. */
export const askedItems = (dataset: string): { dataset_id: string } | { source: "feedback" } => (dataset === FEEDBACK.value ? { source: "feedback" } : { dataset_id: dataset });
