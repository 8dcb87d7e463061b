/** What alerts say, in words and units. Pure. */
import type { Schema } from "@/api/client";
import type { Series } from "@/chart";
import type { Tone } from "@/kit";
import { NONE, count, decimal, duration, moment, money, percent, percentRange } from "@/lib/format";

export type Alert = Schema<"AlertAnswer">;
export type Kind = Alert["kind"];
export type Severity = Alert["severity"];

export const KINDS = ["feedback_threshold", "degradation", "budget", "credits", "provider_key", "usage", "model", "provider", "target"] as const satisfies readonly Kind[];
export const KIND_WORDS: Record<Kind, string> = { feedback_threshold: "Satisfaction below its target", degradation: "Worse than before", budget: "Budget", credits: "Credit", provider_key: "Provider key", usage: "Unusual use", model: "End of a model", provider: "Provider answers nothing", target: "Beyond a target" };

export const SEVERITIES = ["info", "warning", "error", "critical"] as const satisfies readonly Severity[];
export const SEVERITY_TONES: Record<Severity, Tone> = { info: "neutral", warning: "warn", error: "bad", critical: "bad" };

const NAMES: Record<string, string> = {
  target: "Target", satisfaction: "Satisfaction", low: "Lower bound", high: "Upper bound", samples: "Reactions that count", reactions: "Reactions", voices_held_back: "Reactions held back",
  most_of_one_voice: "Of one person, at most", error_rate: "Failed", reaction_rate: "Calls reacted to", mean_cost_nusd: "Mean cost", limit_ms: "Limit", window_minutes: "Minutes looked at", p95_ms: "p95 latency", p95_nusd: "p95 cost", share_above: "Slower or dearer than that", version: "Version", observations: "Observations",
  quality: "Score", limit_nusd: "Limit", spent_nusd: "Spent", available_nusd: "Left", status: "Status", http_status: "HTTP status", calls: "Calls of one end user", limit: "Unusual beyond",
  end_users: "End users", calls_an_hour: "Calls an hour", model: "Model", evaluator: "Evaluator", provider_key: "Provider key", resets_at: "Begins anew", hour: "Hour",
  failed_calls: "Failed in a row", saved_calls: "Answered by fallbacks", since: "Since", code: "Error", provider: "Provider", models: "Models",
}; // prettier-ignore
const SHARES: ReadonlySet<string> = new Set(["target", "satisfaction", "low", "high", "error_rate", "reaction_rate", "share_above"]);
/** Told only where something was held back: how many reactions, and what one person still counted for. */
const HELD_BACK: ReadonlySet<string> = new Set(["voices_held_back", "most_of_one_voice"]);
/** What is worth no line where there was none of it. That satisfaction or credit is at 0 is what the alert is about. */
const COUNTS: ReadonlySet<string> = new Set(["voices_held_back", "saved_calls"]);
const MOMENTS: ReadonlySet<string> = new Set(["resets_at", "hour", "since"]);
/** Named elsewhere on the page, or an id that nobody reads. */
const HIDDEN: ReadonlySet<string> = new Set(["budget_id", "live_evaluation_id", "hard", "example_execution_id"]);

export function nameOf(field: string): string {
  return NAMES[field] ?? (field.charAt(0).toUpperCase() + field.slice(1)).replaceAll("_", " ");
}

/** One figure of an alert with its unit, by the name of its field. */
export function valueOf(field: string, value: unknown): string {
  if (value === null || value === undefined) return NONE;
  if (typeof value === "number") {
    if (field === "version") return `v${value}`;
    if (SHARES.has(field)) return percent(value);
    if (field.endsWith("_nusd")) return money(value);
    if (field.endsWith("_ms")) return duration(value);
    return Number.isInteger(value) ? count(value) : decimal(value);
  }
  if (typeof value === "string") return MOMENTS.has(field) ? moment(value) : field === "target" ? value.replaceAll("_", " ") : value;
  if (typeof value === "object" && "name" in value) return `${String(value.name)}${"version" in value ? ` v${String(value.version)}` : ""}`;
  return typeof value === "boolean" ? (value ? "yes" : "no") : JSON.stringify(value);
}

export type Comparison = { field: string; name: string; before: string; after: string; interval?: string };

/** The figures before and after, side by side where both know them. A target stands where satisfaction was before, an interval beside it. */
export function comparisonOf({ before, after: reported, version }: Pick<Alert, "before" | "after"> & Partial<Pick<Alert, "version">>): Comparison[] {
  // The version that the alert is about stands in the alert itself.
  const after = "version" in before && !("version" in reported) && typeof version === "number" ? { ...reported, version } : reported;
  const { target, ...was } = before;
  const { low, high, ...now } = after;
  const told = comparisonsOf(was, now["samples"] === now["reactions"] ? without(now, "samples") : now).filter((one) => now["voices_held_back"] || !HELD_BACK.has(one.field));
  const first = told.find((one) => one.field === "satisfaction");
  if (!first) return comparisonsOf(before, after);
  const interval = typeof low === "number" && typeof high === "number" ? percentRange(low, high) : undefined;
  const satisfaction = { ...first, before: typeof target === "number" ? `target ${percent(target)}` : first.before, interval };
  return [satisfaction, ...told.filter((one) => one !== first)];
}

/** What a target asks for, as its figure is counted: a share or score, milliseconds, nano-dollars. None: no target stands in the alert. */
export function limitOf({ before }: Pick<Alert, "before">): number | null {
  const limit = before["target"] ?? before["limit_ms"] ?? before["limit_nusd"];
  return typeof limit === "number" ? limit : null;
}

/** The figure of a fixed limit beside it, and of how many calls in how long. */
export function besideTarget({ before, after }: Pick<Alert, "before" | "after">): Comparison[] {
  const { observations, window_minutes: minutes, ...measured } = after;
  const limit = limitOf({ before });
  const told = Object.entries(measured).map(([field, value]) => ({ field, name: nameOf(field), before: limit === null ? "" : valueOf(field, limit), after: valueOf(field, value) }));
  const seen = { field: "observations", name: nameOf("observations"), before: "", after: valueOf("observations", observations) };
  return [...told, seen, { field: "window", name: "Looked at", before: "", after: typeof minutes === "number" ? `the last ${duration(minutes * 60_000)}` : NONE }];
}

function without(of: Record<string, unknown>, field: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(of).filter(([name]) => name !== field));
}

function comparisonsOf(before: Record<string, unknown>, after: Record<string, unknown>): Comparison[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => !HIDDEN.has(field));
  return fields
    .filter((field) => !(isNothing(field, before[field]) && isNothing(field, after[field])))
    .map((field) => ({ field, name: nameOf(field), before: field in before ? valueOf(field, before[field]) : "", after: field in after ? valueOf(field, after[field]) : "" }));
}

function isNothing(field: string, value: unknown): boolean {
  return value === null || value === undefined || (value === 0 && COUNTS.has(field));
}

/** What changed at about that time: "Version v2 → v3". */
export function changesOf({ changed }: Pick<Alert, "changed">): (readonly [name: string, words: string])[] {
  return Object.entries(changed)
    .filter(([field]) => !HIDDEN.has(field))
    .map(([field, value]) => [nameOf(field), typeof value === "object" && value !== null && "from" in value && "to" in value ? `${valueOf(field, value.from)} → ${valueOf(field, value.to)}` : valueOf(field, value)] as const);
}

/** How a metric of a chart is written: shares, milliseconds, nano-dollars or a score. */
export function unitOf(metric: string): { unit: string; format: (value: number) => string; tick: (value: number) => string; range?: readonly [number, number] } {
  if (metric === "satisfaction" || metric === "error_rate") return { unit: metric === "satisfaction" ? "share of reactions by hour" : "share of calls by hour", format: percent, tick: (value) => percent(value, 0), range: metric === "satisfaction" ? [0, 1] : undefined };
  if (metric === "reaction_rate") return { unit: "share of calls by hour", format: percent, tick: (value) => percent(value, 0) };
  if (metric === "latency") return { unit: "p95 by hour", format: duration, tick: duration };
  if (metric === "cost") return { unit: "dollars per run by hour", format: money, tick: money };
  return { unit: "mean score by hour", format: decimal, tick: decimal };
}

/** A line for each version, in order of the versions, with the ends of the time around the alert. */
export function seriesOf(chart: readonly Schema<"ChartPoint">[], ends: readonly [number, number]): Series[] {
  const versions = [...new Set(chart.map((point) => point.version))].sort((a, b) => a - b);
  return versions.map((version, index) => ({
    name: `v${version}`,
    color: ((index % 5) + 1) as 1 | 2 | 3 | 4 | 5,
    points: [{ x: ends[0], value: null }, ...chart.filter((point) => point.version === version).map((point) => ({ x: Date.parse(point.at), value: point.value })), { x: ends[1], value: null }],
  }));
}

/** "triage@production" */
export function placeOf({ prompt, label }: Pick<Alert, "prompt" | "label">): string | null {
  return prompt ? (label ? `${prompt}@${label}` : prompt) : null;
}

/** From which version to which its label had moved at about that time. Null: it did not, or nothing was live before. */
export function moveOf({ changed }: Pick<Alert, "changed">): { from: number; to: number } | null {
  const move = changed["version"];
  if (typeof move !== "object" || move === null || !("from" in move) || !("to" in move)) return null;
  return typeof move.from === "number" && typeof move.to === "number" ? { from: move.from, to: move.to } : null;
}
