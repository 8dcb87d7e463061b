/** What the API says of a search and a suggestion as "object", and what is computed from it. Pure. */
import type { Schema } from "@/api/client";
import type { Point } from "@/chart/geometry";
import { percent, points } from "@/lib/format";

export type Job = Schema<"OptimizationAnswer">;
export type Suggestion = Schema<"SuggestionAnswer">;

export type CurvePoint = { evaluations: number; spent_nusd: number; best: number };
export type Progress = { evaluations: number; spent_nusd: number; best: number | null; budget_evaluations: number; curve?: CurvePoint[] };
export type Test = {
  n: number;
  baseline: number;
  candidate: number;
  delta: number;
  ci_low: number;
  ci_high: number;
  confidence: number;
  p_value: number;
  alpha: number;
  look: number;
  fixed: number;
  broken: number;
  underpowered: boolean;
  power: { for_gain: number; power: number };
};
export type Edit = {
  section: string;
  operation: string;
  text: string;
  line?: string;
  rationale: string;
  state: "chosen" | "alive" | "dropped" | "rejected";
  effect?: number;
  effect_low?: number;
  effect_high?: number;
  observations?: number;
  reason?: string;
};
export type Evidence = {
  test: Test;
  validation: { n: number; baseline: number | null; candidate: number | null };
  edits: Edit[];
  per_category: { category: string; n: number; baseline: number | null; candidate: number | null; candidate_low: number; candidate_high: number }[];
  cost: { baseline_nusd: number; candidate_nusd: number; change_ratio: number | null };
  models: { task: string; reflect: string };
  rounds: number;
  proposals: number;
  rejected: number;
  evaluations: number;
  spent_nusd: number;
  seed: number;
  dataset: { id: string; version: number; test_reads: number };
};

export const STATES = ["chosen", "alive", "dropped", "rejected"] as const;
export const NUSD_PER_CREDIT = 10_000_000;

export const isGoingOn = (status: string) => status === "pending" || status === "running";
/** As it is told with its progress: one that has evaluated something has begun, also where its status was read before that. */
export const statusNow = (status: string, evaluations: number) => (status === "pending" && evaluations > 0 ? "running" : status);
/** Also one that has not begun, and has no answer yet that says so. */
export const isSimulated = (job: Pick<Job, "simulated" | "models">) => job.simulated || Boolean(job.models["task"]?.startsWith("simulated/"));
export const progressOf = (job: Pick<Job, "progress">) => job.progress as unknown as Progress;
export const evidenceOf = (suggestion: Suggestion) => suggestion.evidence as unknown as Evidence;

const REASONS: Record<string, string> = {
  proven_on_test: "A better text was found, and proven on test items that the search never saw.",
  not_proven_on_test: "The best text was not surely better on the untouched test items. Nothing changes.",
  no_headroom: "The version gets so many right already that there is nothing to gain on this dataset.",
  out_of_budget: "The budget was spent before anything could be proven.",
  out_of_time: "The time was up before anything could be proven.",
  too_few_test_items: "The dataset has too few test items to prove anything. Add test items.",
  test_looks_spent: "The test split was looked at five times already. Add at least as many fresh test items as there are.",
  not_enough_data: "The dataset has too few train or validation items to search on.",
  not_confirmed: "The best texts were not better on the validation items. Nothing changes.",
  nothing_found: "No edit that was proposed could be used.",
  nothing_to_gain: "Nothing that was tried did better than the version that is there.",
};

/** Why it ended, in a sentence; the API's own word where it is new. */
export function whyEnded(job: Pick<Job, "finish_reason" | "outcome">): string | null {
  const word = job.finish_reason ?? job.outcome;
  return word ? (REASONS[word] ?? REASONS[job.outcome ?? ""] ?? `It ended: ${word.replaceAll("_", " ")}.`) : null;
}

/** The curve as points of a chart; what is newest may stand in `progress` and not yet in the curve. */
export function curveOf(progress: Progress): { best: Point[]; spent: Point[] } {
  const points = [...(progress.curve ?? [])];
  const last = points.at(-1);
  const zero = { x: 0, value: 0 };
  const best = points.map((one) => ({ x: one.evaluations, value: one.best }));
  const spent = [zero, ...points.map((one) => ({ x: one.evaluations, value: one.spent_nusd }))];
  if (progress.evaluations > (last?.evaluations ?? 0)) spent.push({ x: progress.evaluations, value: progress.spent_nusd });
  // What led last leads until the end: both charts tell of the same time.
  if (last && progress.evaluations > last.evaluations) best.push({ x: progress.evaluations, value: progress.best ?? last.best });
  return { best: points.length > 0 ? [zero, ...best] : [], spent };
}

/** Chosen ones first, then those whose effect is the largest; those that were never tried last. */
export function ranked(edits: readonly Edit[]): Edit[] {
  const place = (edit: Edit) => STATES.indexOf(edit.state);
  return [...edits].sort((a, b) => place(a) - place(b) || (b.effect ?? -1) - (a.effect ?? -1) || a.text.localeCompare(b.text));
}

export type Message = { role: string; content: unknown };

/** A prompt's messages as texts that can be set side by side. */
export function textsOf(messages: readonly Message[] | undefined): { role: string; text: string }[] {
  return (messages ?? []).map(({ role, content }) => ({ role, text: typeof content === "string" ? content : JSON.stringify(content, null, 2) }));
}

/** Pairs the messages of two versions by their places. */
export function paired(before: readonly Message[] | undefined, after: readonly Message[] | undefined): { role: string; before: string; after: string }[] {
  const [old, fresh] = [textsOf(before), textsOf(after)];
  return Array.from({ length: Math.max(old.length, fresh.length) }, (_, at) => ({ role: fresh[at]?.role ?? old[at]?.role ?? "", before: old[at]?.text ?? "", after: fresh[at]?.text ?? "" }));
}

/** How sure an interval is: 95 %, 98.3 %. */
export function level(confidence: number): string {
  return percent(confidence, Number.isInteger(Math.round(confidence * 1000) / 10) ? 0 : 1);
}

/** +13.8 to +28.2 pts: the interval of a difference of shares. */
export function pointsRange(low: number | null | undefined, high: number | null | undefined): string {
  return `${points(low).replace(/\s?pts$/u, "")} to ${points(high)}`;
}
