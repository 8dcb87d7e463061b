/** By what the list of prompts is narrowed: how it stands in the address, and what there is to choose. */
import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import type { Choice } from "@/kit/Combobox";
import { plural } from "@/lib/format";
import { maybeOneOf, text } from "@/lib/url-state";

const SORTS = ["relevance", "created", "updated", "name", "executions", "cost", "satisfaction"] as const;
export type SortBy = (typeof SORTS)[number];
/** Each order has one direction: the one that is worth looking at. */
const ORDERS = [
  { value: "created", label: "Newest" },
  { value: "updated", label: "Last changed" },
  { value: "name", label: "Name" },
  { value: "executions", label: "Most runs" },
  { value: "cost", label: "Dearest" },
  { value: "satisfaction", label: "Least liked" },
] as const satisfies readonly { value: SortBy; label: string }[];
const BEST = { value: "relevance", label: "Best match" } as const;
export const DESCENDING: ReadonlySet<string> = new Set(["created", "updated", "executions", "cost"]);

/** How the filters stand in the address. */
export const FILTERS = { q: text(), label: text(), tag: text(), folder: text(), author: text(), model: text(), category: text(), use_case: text(), app_context: text() };
export type Filters = { [K in keyof typeof FILTERS]: string };
export const EMPTY: Filters = { q: "", label: "", tag: "", folder: "", author: "", model: "", category: "", use_case: "", app_context: "" };
const WORDS: Record<keyof Filters, string> = {
  q: "these words",
  label: "this label",
  tag: "this tag",
  folder: "this folder",
  author: "this author",
  model: "this model",
  category: "this category",
  use_case: "this use case",
  app_context: "this app context",
};
export const inWords = (filters: Filters): string[] => (Object.keys(WORDS) as (keyof Filters)[]).filter((one) => filters[one]).map((one) => WORDS[one]);

export const sortCodec = maybeOneOf(SORTS);

/** The order that is asked for, none where the API's own is meant: what fits best where there are words, else the newest. What fits best needs words. */
export function orderOf(sort: SortBy | null, q: string): { asked: SortBy | null; shown: SortBy; orders: readonly { value: SortBy; label: string }[] } {
  const usual = q ? "relevance" : "created";
  const asked = sort === usual || (sort === "relevance" && !q) ? null : sort;
  return { asked, shown: asked ?? usual, orders: q ? [BEST, ...ORDERS] : ORDERS };
}

type Found = Schema<"FilterChoices">;
type Of = "label" | "tag" | "author" | "model" | "category" | "use_case" | "app_context";
const NONE: Found = { labels: [], tags: [], categories: [], app_contexts: [], use_cases: [], models: [], authors: [] };

/** What each filter can be set to, with how many prompts have it; what the address names too, where no prompt has it any more. */
export function choicesOf(found: Found | undefined, chosen: Pick<Filters, Of>): Record<Of, Choice[]> {
  const { labels, tags, categories, app_contexts, use_cases, models, authors } = { ...NONE, ...found };
  const of = (values: Found["labels"] = [], own: string, always: readonly string[] = []): Choice[] => {
    const counted = new Map(values.map((one) => [one.value, one.prompts]));
    const rest = [...always, own].filter((one) => one && !counted.has(one));
    return [...new Set([...counted.keys(), ...rest])].map((value) => ({ value, label: value, hint: counted.has(value) ? plural(counted.get(value) ?? 0, "prompt") : undefined }));
  };
  return {
    label: of(labels, chosen.label, ["production", "staging"]),
    tag: of(tags, chosen.tag),
    author: of(authors, chosen.author),
    model: of(models, chosen.model),
    category: of(categories, chosen.category),
    use_case: of(use_cases, chosen.use_case),
    app_context: of(app_contexts, chosen.app_context),
  };
}

/** `empty`: why there is nothing to choose. */
export type PromptChoices = Record<Of, Choice[]> & { empty: string };

export function useFilterChoices(chosen: Filters, archived: boolean): PromptChoices {
  const { data, error } = useRead("/v1/prompt-choices", { query: { archived: archived || undefined } });
  return useMemo(() => ({ ...choicesOf(data, chosen), empty: error ? `Choices could not be read: ${error.message}` : data ? "No prompt has any" : "Looking…" }), [data, error, chosen]);
}
