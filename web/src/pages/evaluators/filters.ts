/** What an evaluator's traffic is narrowed by, as a form holds it. Pure. */
import type { Schema } from "@/api/client";

export type Filters = Schema<"LiveFilters">;

/** `metadata`: a line `key=value` each. `kept`: filters that the form does not show. `cost` in dollars, `time` in seconds. */
export type FilterDraft = { tag: string; model: string; app: string; metadata: string; cost: string; time: string; kept: Filters };

const NUSD = 1e9;

export function filterDraftOf({ tag, model, app, metadata, min_cost_nusd: cost, min_latency_ms: time, ...kept }: Filters): FilterDraft {
  return {
    tag: tag ?? "",
    model: model ?? "",
    app: app ?? "",
    metadata: Object.entries(metadata ?? {}).map(([key, value]) => `${key}=${value}`).join("\n"), // prettier-ignore
    cost: cost ? String(cost / NUSD) : "",
    time: time ? String(time / 1000) : "",
    kept,
  };
}

/** Only what is asked for. */
export function filtersOf({ tag, model, app, metadata, cost, time, kept }: FilterDraft): Filters {
  const named = Object.fromEntries(linesOf(metadata).map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]));
  return {
    ...kept,
    ...(tag.trim() ? { tag: tag.trim() } : {}),
    ...(model ? { model } : {}),
    ...(app.trim() ? { app: app.trim() } : {}),
    ...(Number(cost) > 0 ? { min_cost_nusd: Math.round(Number(cost) * NUSD) } : {}),
    ...(Number(time) > 0 ? { min_latency_ms: Math.round(Number(time) * 1000) } : {}),
    ...(Object.keys(named).length > 0 ? { metadata: named } : {}),
  } as Filters;
}

export function wrongInFilters({ metadata, cost, time }: FilterDraft): { metadata?: string; cost?: string; time?: string } {
  const amount = (typed: string) => typed.trim() === "" || Number(typed) >= 0;
  return {
    ...(linesOf(metadata).every((line) => line.indexOf("=") > 0) ? {} : { metadata: "A line each, such as team=north." }),
    ...(amount(cost) ? {} : { cost: "An amount in dollars." }),
    ...(amount(time) ? {} : { time: "A time in seconds." }),
  };
}

const WORDS: Record<string, (value: unknown) => string> = {
  tag: (value) => `tag ${String(value)}`,
  model: (value) => `by ${String(value)}`,
  provider: (value) => `by ${String(value)}`,
  app: (value) => `of the app ${String(value)}`,
  api_key_id: (value) => `with the key …${String(value).slice(-6)}`,
  experiment_id: (value) => `in the experiment …${String(value).slice(-6)}`,
  arm: (value) => `arm ${String(value)}`,
  cached: (value) => (value ? "from the cache" : "not from the cache"),
  simulated: (value) => (value ? "simulated" : "not simulated"),
  min_cost_nusd: (value) => `from $${Number(value) / NUSD} on`,
  min_latency_ms: (value) => `from ${Number(value) / 1000} s on`,
  metadata: (value) => Object.entries(value as object).map(([key, held]) => `${key} = ${String(held)}`).join(", "), // prettier-ignore
  version: (value) => `version ${String(value)}`,
  reaction: (value) => ({ up: "with a thumb up", down: "with a thumb down", any: "with feedback", none: "without feedback" })[String(value)] ?? "",
};

/** "by simulated/chat, team = north"; nothing where nothing narrows it. */
export function filterWords(filters: Readonly<Record<string, unknown>>): string {
  return Object.entries(filters)
    .filter(([name, value]) => value !== null && name in WORDS)
    .map(([name, value]) => WORDS[name]?.(value))
    .join(", ");
}

function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean); // prettier-ignore
}
