/** How a search is asked for: what stands in the form, and the body of the API that it becomes. Pure. */
import type { Schema } from "@/api/client";
import { ApiError } from "@/api/errors";
import { NUSD_PER_CREDIT, duration, money, percent, plural } from "@/lib/format";
import { type Method } from "./model";

export type Body = Schema<"OptimizationBody">;
export type Metric = NonNullable<Body["metrics"]>[number];

export const METRICS = {
  accuracy: "Right (equal to the expected answer)",
  relevance: "Relevance, by a judge",
  coherence: "Coherence, by a judge",
  toxicity: "Cleanness (1 is clean)",
  cost: "Cost of an answer",
  latency: "Time of an answer",
  length: "Length of an answer",
  evaluator: "An evaluator of yours",
} as const;
export type MetricName = keyof typeof METRICS;
/** Less of these is better; what they count in. */
export const UNITS: Partial<Record<MetricName, string>> = { cost: "$", latency: "ms", length: "characters" };
export const isJudged = (metric: MetricName) => metric === "relevance" || metric === "coherence";

/** One line of "what counts". `bound`: at least, or at most of what has a unit; `zeroAt`: what scores nothing. */
export type MetricRow = { metric: MetricName; weight: string; bound: string; zeroAt: string; evaluator: string };
export const newMetric = (metric: MetricName = "cost"): MetricRow => ({ metric, weight: "", bound: "", zeroAt: "", evaluator: "" });

export type Search = {
  method: Method;
  population: string;
  generations: string;
  selection: "tournament" | "roulette" | "pareto";
  minibatch: string;
  days: string;
  mode: "static" | "nearest";
  examples: string;
  /** In points. */
  margin: string;
  temperatures: string;
  models: readonly string[];
  texts: readonly string[];
  metrics: readonly MetricRow[];
  judge: string | null;
  changedLines: string;
  tokens: string;
  /** Items of the dataset that must stay right, by their ids. */
  anchors: readonly string[];
  variants: readonly string[];
  seed: string;
  /** The chain that the prompt is tried in, and its step; empty: by itself. */
  chain: string;
  step: string;
};

export const PLAIN: Search = {
  method: "racing",
  population: "10",
  generations: "50",
  selection: "tournament",
  minibatch: "3",
  days: "90",
  mode: "static",
  examples: "4",
  margin: "5",
  temperatures: "",
  models: [],
  texts: [""],
  metrics: [],
  judge: null,
  changedLines: "",
  tokens: "",
  anchors: [],
  variants: [],
  seed: "",
  chain: "",
  step: "",
};

const NUSD_PER_USD = 1e9;

/** So many items at most must stay right (the API says the same). */
export const ANCHORS_MOST = 200;

/** With these among those that must stay right, as far as there is room, or without them. */
export function withAnchors(anchors: readonly string[], ids: readonly string[], on: boolean): string[] {
  return on ? [...new Set([...anchors, ...ids])].slice(0, ANCHORS_MOST) : anchors.filter((one) => !ids.includes(one));
}

/** The place of the anchor that the API refuses; null where it refuses none. */
export function anchorFault(error: unknown): number | null {
  const place = error instanceof ApiError ? /constraints\.anchors\[(\d+)\]$/.exec(error.param ?? "")?.[1] : undefined;
  return place === undefined ? null : Number(place);
}

/** A number, or null where nothing usable stands there. */
export function numberOf(text: string): number | null {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}

const whole = (text: string, fallback: number) => Math.round(numberOf(text) ?? fallback);

function metricOf(row: MetricRow): Metric {
  const scale = row.metric === "cost" ? NUSD_PER_USD : 1;
  const [weight, bound, zeroAt] = [numberOf(row.weight), numberOf(row.bound), numberOf(row.zeroAt)];
  const hasUnit = row.metric in UNITS;
  return {
    metric: row.metric,
    ...(weight === null ? {} : { weight }),
    ...(bound === null ? {} : hasUnit ? { at_most: bound * scale } : { at_least: bound }),
    ...(hasUnit && zeroAt !== null ? { zero_at: zeroAt * scale } : {}),
    ...(row.metric === "evaluator" && row.evaluator ? { evaluator_id: row.evaluator } : {}),
  };
}

/** The numbers of "0, 0.5 1"; null where one of them is none. */
export function listOf(text: string): number[] | null {
  const all = text.split(/[\s,;]+/).filter(Boolean).map(Number);
  return all.every(Number.isFinite) ? [...new Set(all)] : null;
}

/** Less is better and it counts: the API needs to know what scores nothing. What has a bound and no weight does not count. */
const needsZeroAt = (row: MetricRow) => row.metric in UNITS && (numberOf(row.weight) !== null || numberOf(row.bound) === null) && (numberOf(row.zeroAt) ?? 0) <= 0;

const USD_PER_CREDIT = NUSD_PER_CREDIT / 1e9;

/** The budget as three fields say it: evaluations, a ceiling in dollars and minutes; the last two may be empty. */
export function budgetOf({ evaluations, ceiling, minutes }: { evaluations: string; ceiling: string; minutes: string }) {
  return {
    evaluations: Math.max(50, Math.round(Number(evaluations)) || 50),
    ...(ceiling && Number(ceiling) > 0 ? { credits: Number(ceiling) / USD_PER_CREDIT } : {}),
    ...(minutes && Number(minutes) > 0 ? { seconds: Math.round(Number(minutes) * 60) } : {}),
  };
}

const amount = (metric: MetricName, value: number) => (metric === "cost" ? money(value) : metric === "latency" ? duration(value) : metric === "length" ? plural(Math.round(value), "character") : percent(value, 0));

/** A metric that a search was told, in words. */
export function metricInWords(one: Metric): string {
  const name = one.metric as MetricName;
  const said = [
    one.weight != null && `weight ${one.weight}`,
    one.at_least != null && `at least ${amount(name, one.at_least)}`,
    one.at_most != null && `at most ${amount(name, one.at_most)}`,
    one.zero_at != null && `nothing at ${amount(name, one.zero_at)}`,
  ].filter(Boolean);
  return [METRICS[name] ?? one.metric, ...said].join(", ");
}

/** What is missing before it can be asked for, in words; null where nothing is. */
export function whyNot(search: Search): string | null {
  if (search.method === "manual" && !search.texts.some((one) => one.trim())) return "Write at least one text.";
  if (search.method === "settings") {
    if (listOf(search.temperatures) === null) return "Temperatures are numbers, such as 0, 0.5, 1.";
    if (search.models.length === 0 && listOf(search.temperatures)?.length === 0) return "Name temperatures or models to try.";
  }
  if (search.chain && !search.step) return "Choose the step of the chain.";
  if (search.metrics.some((one) => one.metric === "evaluator" && !one.evaluator)) return "Choose an evaluator.";
  if (search.metrics.some(needsZeroAt)) return "Say at what a metric that counts scores 0, or only its bound.";
  if (search.metrics.some((one) => isJudged(one.metric)) && !search.judge) return "Choose the model that judges.";
  return null;
}

/** The part of the body that says how to search. */
export function searchOf(search: Search): Partial<Body> {
  const { method } = search;
  const temperatures = listOf(search.temperatures) ?? [];
  const [lines, tokens, seed] = [numberOf(search.changedLines), numberOf(search.tokens), numberOf(search.seed)];
  const constraints = { ...(lines === null ? {} : { changed_lines_most: Math.round(lines) }), ...(tokens === null ? {} : { tokens_most: Math.round(tokens) }), ...(search.anchors.length > 0 ? { anchors: [...search.anchors] } : {}) };
  const part: Partial<Record<Method, object>> = {
    evolutionary: { population: whole(search.population, 10), generations: whole(search.generations, 50), selection: search.selection },
    reflective: { minibatch: whole(search.minibatch, 3) },
    semantic: { days: whole(search.days, 90) },
    few_shot: { mode: search.mode, examples: whole(search.examples, 4) },
    compression: { margin: (numberOf(search.margin) ?? 5) / 100 },
    settings: { space: { ...(temperatures.length > 0 ? { temperature: temperatures } : {}), ...(search.models.length > 0 ? { model: search.models } : {}) } },
    manual: { candidates: search.texts.filter((one) => one.trim()) },
  };
  return {
    method,
    ...(part[method] ? { [method]: part[method] } : {}),
    ...(search.metrics.length > 0 ? { metrics: search.metrics.map(metricOf) } : {}),
    ...(Object.keys(constraints).length > 0 ? { constraints: constraints as Body["constraints"] } : {}),
    ...(seed === null ? {} : { seed: Math.round(seed) }),
    ...(search.chain ? { chain: { slug: search.chain, step: search.step } } : {}),
  } as Partial<Body>;
}

const textOf = (value: number | null | undefined, otherwise: string, scale = 1) => (value === null || value === undefined ? otherwise : String(Number((value / scale).toPrecision(12))));

function rowOf(metric: Metric): MetricRow {
  const name = metric.metric as MetricName;
  const scale = name === "cost" ? NUSD_PER_USD : 1;
  const bound = name in UNITS ? metric.at_most : metric.at_least;
  return { metric: name, weight: textOf(metric.weight, ""), bound: textOf(bound, "", scale), zeroAt: textOf(metric.zero_at, "", scale), evaluator: metric.evaluator_id ?? "" };
}

/** The form of a search that was asked for before: `searchOf` the other way round, as far as the form goes. */
export function searchFrom(asked: Partial<Body>): Search {
  const space = (asked.settings?.space ?? {}) as { temperature?: number[]; model?: string[] };
  return {
    ...PLAIN,
    method: (asked.method ?? PLAIN.method) as Method,
    population: textOf(asked.evolutionary?.population, PLAIN.population),
    generations: textOf(asked.evolutionary?.generations, PLAIN.generations),
    selection: (asked.evolutionary?.selection ?? PLAIN.selection) as Search["selection"],
    minibatch: textOf(asked.reflective?.minibatch, PLAIN.minibatch),
    days: textOf(asked.semantic?.days, PLAIN.days),
    mode: (asked.few_shot?.mode ?? PLAIN.mode) as Search["mode"],
    examples: textOf(asked.few_shot?.examples, PLAIN.examples),
    margin: textOf(asked.compression?.margin, PLAIN.margin, 0.01),
    temperatures: (space.temperature ?? []).join(", "),
    models: space.model ?? [],
    texts: asked.manual?.candidates ?? PLAIN.texts,
    metrics: (asked.metrics ?? []).map(rowOf),
    judge: asked.models?.judge ?? null,
    changedLines: textOf(asked.constraints?.changed_lines_most, ""),
    tokens: textOf(asked.constraints?.tokens_most, ""),
    anchors: asked.constraints?.anchors ?? [],
    variants: asked.models?.variants ?? [],
    seed: textOf(asked.seed, ""),
    chain: asked.chain?.slug ?? "",
    step: asked.chain?.step ?? "",
  };
}
