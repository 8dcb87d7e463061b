/** A model as the page speaks of it, and what a form changes of it. Pure. */
import type { Model } from "@/api/models";
import type { Tone } from "@/kit";
import { utc } from "@/lib/format";
import { taken } from "@/lib/taken";

type Rates = {
  input_price_nusd_per_million: number | null;
  cached_input_price_nusd_per_million: number | null;
  cache_write_input_price_nusd_per_million: number | null;
  output_price_nusd_per_million: number | null;
  reasoning_price_nusd_per_million: number | null;
};
export type Tier = Rates & { above_input_tokens: number; service_tier: string | null };

/** Everything that is said of a model (`GET /v1/models/{model}`), with what was measured of it. */
export type WholeModel = Model &
  Rates & {
    scope: "workspace" | "platform";
    upstream_model: string;
    priority: number;
    preferred_for: string[];
    quality_score: number | null;
    quality_source: string;
    reliability_score: number | null;
    reliability_source: string;
    latency_ms: number | null;
    latency_source: string;
    fallback_model: string | null;
    successor: string | null;
    active: boolean;
    notes: string;
    price_tiers: Tier[];
    price_version: string | null;
    deprecated_at: string | null;
    sunset_at: string | null;
    retired_at: string | null;
    last_tested_at: string | null;
    measured_executions?: number;
    measured_reliability?: number | null;
    measured_latency_ms?: number | null;
  };

export type PriceRow = { price_version: string; prices: Record<string, unknown>; set_by: string; set_at: string };

export const PRICES = [
  { name: "input_price_nusd_per_million", label: "Input" },
  { name: "cached_input_price_nusd_per_million", label: "Cached input" },
  { name: "cache_write_input_price_nusd_per_million", label: "Written to the cache" },
  { name: "output_price_nusd_per_million", label: "Output" },
  { name: "reasoning_price_nusd_per_million", label: "Reasoning" },
] as const;

/** How it stands, where that is not simply that it can be called. */
export function standing(one: Pick<WholeModel, "active" | "retired_at" | "sunset_at" | "deprecated_at" | "price_version">): { word: string; tone: Tone } | null {
  if (!one.active || one.retired_at) return { word: "retired", tone: "bad" };
  if (one.sunset_at) return { word: `ends ${utc(one.sunset_at)}`, tone: "warn" };
  if (one.deprecated_at) return { word: "deprecated", tone: "warn" };
  if (one.price_version === null) return { word: "no price", tone: "warn" };
  return null;
}

/** What to know of the name of a new model. One of the workspace's own is not described anew by it; one of everybody's may be stood in for. */
export function nameOfNew(typed: string, there: readonly Pick<WholeModel, "id" | "scope">[]): { fault: string | undefined; hint: string } {
  const namesOf = (scope: WholeModel["scope"]) => there.filter((one) => one.scope === scope).map((one) => one.id);
  const isEverybodys = namesOf("platform").includes(typed.trim());
  return {
    fault: taken("model", typed, namesOf("workspace")),
    hint: isEverybodys ? "Everybody here has a model of this name: in this workspace yours takes its place." : "Your prompts call it by the same name.",
  };
}

export type Priced = (typeof PRICES)[number]["name"];
export type Typed = Record<Priced, string> & {
  display_name: string;
  context_tokens: string;
  output_tokens: string;
  capabilities: string;
  preferred_for: string;
  priority: string;
  quality_score: string;
  quality_source: string;
  reliability_score: string;
  reliability_source: string;
  latency_ms: string;
  latency_source: string;
  fallback_model: string;
  successor: string;
  sunset_at: string;
  notes: string;
};

const NUMBERS = ["context_tokens", "output_tokens", "priority", "quality_score", "reliability_score", "latency_ms"] as const;
const TEXTS = ["display_name", "quality_source", "reliability_source", "latency_source", "notes"] as const;
const MODELS = ["fallback_model", "successor"] as const;
const LISTS = ["capabilities", "preferred_for"] as const;

/** As it was said: where nobody said a price of cached input, a model shows that of input, and goes on following it. */
export function saidOf(model: WholeModel, prices: readonly PriceRow[]): WholeModel {
  const now = prices.find((one) => one.price_version === model.price_version);
  return now && priceOf(now, "cached_input_price_nusd_per_million") === null ? { ...model, cached_input_price_nusd_per_million: null } : model;
}

/** `model`: as it was said, see `saidOf`. */
export function typedOf(model: WholeModel): Typed {
  const words = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));
  return {
    ...(Object.fromEntries(PRICES.map(({ name }) => [name, model[name] === null ? "" : String((model[name] ?? 0) / 1e9)])) as Record<Priced, string>),
    ...(Object.fromEntries(NUMBERS.map((name) => [name, words(model[name])])) as Record<(typeof NUMBERS)[number], string>),
    ...(Object.fromEntries(TEXTS.map((name) => [name, model[name] ?? ""])) as Record<(typeof TEXTS)[number], string>),
    ...(Object.fromEntries(MODELS.map((name) => [name, model[name] ?? ""])) as Record<(typeof MODELS)[number], string>),
    ...(Object.fromEntries(LISTS.map((name) => [name, (model[name] ?? []).join(", ")])) as Record<(typeof LISTS)[number], string>),
    sunset_at: model.sunset_at?.slice(0, 10) ?? "",
  };
}

/** Fields whose text is no amount or number. */
export function faultsOf(typed: Typed): Partial<Record<keyof Typed, string>> {
  const found: Partial<Record<keyof Typed, string>> = {};
  for (const { name } of PRICES) if (typed[name].trim() !== "" && !(Number(typed[name]) >= 0 && Number(typed[name]) <= 100_000)) found[name] = "Dollars for a million tokens, such as 2.50; 0 where it costs nothing.";
  for (const name of NUMBERS) if (typed[name].trim() !== "" && !(Number(typed[name]) >= 0)) found[name] = "A number.";
  for (const name of ["quality_score", "reliability_score"] as const) if (Number(typed[name]) > 1) found[name] = "From 0 to 1.";
  for (const name of ["context_tokens", "output_tokens", "priority"] as const) if (!/^\d+$/.test(typed[name].trim())) found[name] = "A whole number.";
  return found;
}

function valuesOf(typed: Typed): Record<string, unknown> {
  const split = (text: string) => text.split(",").map((one) => one.trim()).filter(Boolean);
  return {
    ...Object.fromEntries(PRICES.map(({ name }) => [name, typed[name].trim() === "" ? null : Math.round(Number(typed[name]) * 1e9)])),
    ...Object.fromEntries(NUMBERS.map((name) => [name, typed[name].trim() === "" ? null : Number(typed[name])])),
    ...Object.fromEntries(TEXTS.map((name) => [name, typed[name].trim()])),
    ...Object.fromEntries(MODELS.map((name) => [name, typed[name] || null])),
    ...Object.fromEntries(LISTS.map((name) => [name, split(typed[name])])),
    sunset_at: typed.sunset_at ? `${typed.sunset_at}T00:00:00Z` : null,
  };
}

/** What a form changed, for `PATCH /v1/models/{model}`: nothing that it shows otherwise than it is kept. */
export function changesOf(model: WholeModel, typed: Typed): Record<string, unknown> {
  const before = typedOf(model);
  const values = valuesOf(typed);
  const changed = Object.fromEntries(Object.entries(values).filter(([name]) => typed[name as keyof Typed] !== before[name as keyof Typed]));
  // Prices go together: half of them would charge wrongly.
  if ("input_price_nusd_per_million" in changed || "output_price_nusd_per_million" in changed) {
    changed["input_price_nusd_per_million"] = values["input_price_nusd_per_million"];
    changed["output_price_nusd_per_million"] = values["output_price_nusd_per_million"];
  }
  return changed;
}

/** The whole of a model of the platform with these changes: what `PUT` leaves out would be empty. Not when it was last tested: what is shown
 * of that is of this workspace's test runs too, which are nothing to say of everybody's model; left out it stays as it was said. */
export function wholeOf(model: WholeModel, changes: Record<string, unknown>): Record<string, unknown> {
  const same = ["provider", "upstream_model", "display_name", "context_tokens", "output_tokens", "price_tiers", "capabilities", "preferred_for", "priority", "quality_score", "quality_source", "reliability_score", "reliability_source", "latency_ms", "latency_source", "fallback_model", "successor", "deprecated_at", "sunset_at", "active", "notes", ...PRICES.map(({ name }) => name)] as const;
  return { ...Object.fromEntries(same.map((name) => [name, model[name]])), ...changes };
}

/** The prices of one version of them, by the names that the table has. */
export function priceOf(row: PriceRow, name: Priced): number | null {
  const value = row.prices[name.replace("_price", "")];
  return typeof value === "number" ? value : null;
}
