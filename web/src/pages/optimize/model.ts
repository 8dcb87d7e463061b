/** What the API says of a search and a suggestion as "object", and what is computed from it. Pure. */
import { editableIndex } from "@/lib/editable";
import type { Schema } from "@/api/client";
import type { ScatterDot } from "@/chart/Scatter";
import type { Point } from "@/chart/geometry";
import { niceRange } from "@/chart/range";
import { duration, percent } from "@/lib/format";

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
  /** The test that gave p; older measurements do not say. */
  by?: "mcnemar" | "sign_flip";
  /** Of a search for a shorter text: so much less right it may be. */
  margin?: number;
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
  /** Words of the comments that it came of. */
  theme?: string[];
};
/** What the comments were about that it came of; empty where it came of none. */
export const heardOf = (edit: Pick<Edit, "theme">) => (edit.theme?.length ? `Came of comments about: ${edit.theme.join(", ")}` : "");
/** Whether it is no edit: a whole text, or a choice of settings or examples, that was tried beside another. */
export const isTried = (edit: Pick<Edit, "operation">) => edit.operation === "try";
type Counts = Record<Edit["state"], number>;
export type Variant = { model: string; outcome: string; finish_reason: string | null; test: Test | null; /** Of its proposals. */ counts: Counts; evidence?: Evidence };
export type Evidence = {
  test: Test;
  validation: { n: number; baseline: number | null; candidate: number | null; expected?: number | null };
  edits: Edit[];
  per_category: { category: string; n: number; baseline: number | null; candidate: number | null; candidate_low: number; candidate_high: number }[];
  cost: { baseline_nusd: number; candidate_nusd: number; change_ratio: number | null };
  models: { task: string; reflect: string; judge?: string };
  method?: string;
  /** Each metric over the answers in which it could be taken. */
  by_metric?: { metric: string; baseline: number | null; candidate: number | null }[];
  unavailable?: Record<string, string>;
  /** Where it was searched for several models: the one that all else is about, and the others. */
  model?: string;
  variants?: Variant[];
  rounds: number;
  proposals: number;
  rejected: number;
  evaluations: number;
  spent_nusd: number;
  seed: number;
  dataset: { id: string; version: number; test_reads: number };
};

/** Whether an answer is right or wrong and nothing else: where other metrics count or bound, it has a score. */
export const isRightOrWrong = (metrics: readonly { metric: string }[] = []) => metrics.every((one) => one.metric === "accuracy");
/** The metrics that a job looks at, as it was asked. */
export const metricsOf = (job: Pick<Job, "search">) => ((job.search ?? {}) as { metrics?: { metric: string }[] }).metrics ?? [];

/** What a job proposed for each of its models. `main`: the one that `edits` and `test` of the job are about. */
export type ProposalList = { model: string; main: boolean; counts: Counts; outcome?: string };
export function listsOf(job: Pick<Job, "report" | "edits" | "edit_counts" | "models">): ProposalList[] {
  const several = (job.report as { models?: ProposalList[] }).models;
  // A gateway of the release before tells no counts.
  if (several?.length && several.every((one) => one.counts)) return several;
  if (job.edit_counts) return [{ model: job.models["task"] ?? "", main: true, counts: job.edit_counts as Counts }];
  const edits = (job.edits ?? []) as unknown as Edit[];
  return [{ model: job.models["task"] ?? "", main: true, counts: Object.fromEntries(STATES.map((state) => [state, edits.filter((one) => one.state === state).length])) as Counts }];
}
/** How many proposals there are, of all states. */
export const sumOf = (counts: Counts | undefined) => STATES.reduce((sum, one) => sum + (counts?.[one] ?? 0), 0);

/** The items that every candidate of a job keeps right, by their ids. */
export const anchorsOf = (job: Pick<Job, "search">) => ((job.search ?? {}) as { constraints?: { anchors?: string[] } }).constraints?.anchors ?? [];

/** A note of a report that ends with an item's id: what it says, and the id. */
export function itemOfNote(note: string): [words: string, item: string] | null {
  const found = /^(.*\bitems?\b.*) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/s.exec(note);
  return found ? [found[1]!, found[2]!] : null;
}

export const STATES = ["chosen", "alive", "dropped", "rejected"] as const;

export const isGoingOn = (status: string) => status === "pending" || status === "running";
/** As it is told with its progress: one that has evaluated something has begun, also where its status was read before that. */
export const statusNow = (status: string, evaluations: number) => (status === "pending" && evaluations > 0 ? "running" : status);
/** Of one that has not begun. Seconds are promised only where nothing is known that it `waitsFor`, and not beyond a minute. */
export const waitingWords = (waitedMs: number, waitsFor: string | null = null) => {
  if (waitedMs >= 60_000) return `Waiting to begin for ${duration(waitedMs - (waitedMs % 60_000))}`;
  return waitsFor === null ? "Waiting to begin: it starts within seconds, as soon as there is a free place" : "Waiting to begin";
};
/** Also one that has not begun, and has no answer yet that says so. */
export const isSimulated = (job: Pick<Job, "simulated" | "models">) => job.simulated || Boolean(job.models["task"]?.startsWith("simulated/"));
export const progressOf = (job: Pick<Job, "progress">) => job.progress as unknown as Progress;
export const evidenceOf = (suggestion: Suggestion) => suggestion.evidence as unknown as Evidence;

const STARTERS: Record<string, { said: string; to: string }> = {
  "system:schedule": { said: "by a schedule", to: "/optimize/schedules" },
  "system:alert_policy": { said: "by an alert", to: "/alerts" },
  "system:model_migration": { said: "by a move to another model", to: "/optimize/migrations" },
};
/** What began it, where no person or key did, and where that stands; null where one did. */
export const startedBy = (job: Pick<Job, "created_by">) => STARTERS[job.created_by] ?? null;

export const METHODS = {
  racing: { name: "Racing edits", about: "A model reads failures and proposes single edits; random combinations race, so that each edit’s effect is measured." },
  reflective: { name: "Reflective", about: "A model rewrites the whole text, a few failures at a time. Each generation is kept." },
  evolutionary: { name: "Evolutionary", about: "Words go in and out, synonyms, lines that move. No model proposes, so it costs evaluations alone. Each generation is kept." },
  semantic: { name: "From comments", about: "What people wrote about answers of this prompt is grouped, and each group leads to edits that race." },
  learned: { name: "Learned", about: "What was scored in this workspace before names lines that help; they begin the race." },
  few_shot: { name: "Examples", about: "Puts train items into the prompt as examples, the same for each call or the likest for each." },
  compression: { name: "Shorter", about: "A shorter text that is not worse by more than a margin." },
  settings: { name: "Settings", about: "Other settings and models with the same text." },
  manual: { name: "Your own texts", about: "Texts that you bring, each against the best so far." },
} as const;
export type Method = keyof typeof METHODS;
export const methodName = (method: string) => (method in METHODS ? METHODS[method as Method].name : method.replaceAll("_", " "));
/** Those that write generations down. */
export const keepsGenerations = (method: string) => method === "evolutionary" || method === "reflective";

/** Whether its edits can be taken one by one: it changes the text alone, for one model, by edits that were measured. */
export const isOfEdits = (suggestion: Suggestion) => {
  const { edits, variants } = evidenceOf(suggestion);
  return edits.length > 1 && !variants?.length && Object.keys(suggestion.content).join() === "messages";
};

/** The suggested text that may be edited before it is accepted, as the API takes one; null where it changes none, or those of several models. */
export function textToEdit(suggestion: Suggestion, base: readonly Message[] | undefined): string | null {
  const messages = suggestion.content["messages"] as unknown as Message[] | undefined;
  const at = editableIndex(base);
  const text = suggestion.content["variants"] || at === null ? undefined : messages?.[at]?.content;
  return typeof text === "string" ? text : null;
}

type Told = Pick<Edit, "operation" | "text" | "line">;
/** How an edit is told in one line. */
export const editInWords = ({ operation, text, line }: Told) => (operation === "delete" ? `Take out: ${line ?? text}` : operation === "replace" ? `${line ?? ""} → ${text}` : text);

/** By how many characters it makes the text longer; below zero, shorter. */
export function addedBy({ operation, text, line }: Told): number {
  if (operation === "delete") return -(line ?? text).length;
  return text.length - (operation === "replace" ? (line?.length ?? 0) : 0);
}

const REASONS: Record<string, string> = {
  proven_on_test: "A better text was found, and proven on test items that the search never saw.",
  not_proven_on_test: "The best text was not surely better on the untouched test items. Nothing changes.",
  proven_then_out_of_budget: "A better text was found and proven; the budget was spent before the other models had theirs.",
  proven_then_out_of_time: "A better text was found and proven; the time was up before the other models had theirs.",
  proven_then_suspended: "A better text was found and proven; the workspace was suspended before the other models had theirs.",
  proven_then_model_failed: "A better text was found and proven; another model did not answer, and has none.",
  no_headroom: "The version gets so many right already that there is nothing to gain on this dataset.",
  out_of_budget: "The budget was spent before anything could be proven.",
  out_of_time: "The time was up before anything could be proven.",
  suspended: "The workspace was suspended before anything could be proven. Ask its operator.",
  model_failed: "The model did not answer, so nothing could be proven for it.",
  too_few_test_items: "The dataset has too few test items to prove anything. Add test items.",
  test_looks_spent: "The test split was looked at five times already. Add at least as many fresh test items as there are.",
  not_enough_data: "The dataset has too few train or validation items to search on.",
  not_confirmed: "The best texts were not better on the validation items. Nothing changes.",
  nothing_found: "Nothing that was proposed was better than the version that is there.",
  cancelled: "It was cancelled. Nothing was suggested.",
  nothing_to_gain: "Nothing that was tried did better than the version that is there.",
};

/** Why a search that ended by itself did, in two or three words for a list; null where its outcome says it already, as "improved" and "no headroom" do. */
export function whyInShort({ finish_reason, outcome }: Pick<Job, "finish_reason" | "outcome">): string | null {
  if (!finish_reason || finish_reason === outcome || finish_reason === "proven_on_test") return null;
  return finish_reason.replaceAll("_", " ").replace(" then ", ", then ");
}

/** "3 of at least 20 test items, 5 of at least 10 train items", where it was items that there were too few of. */
export function lackingOf(job: Pick<Job, "report">): string | null {
  const lacking = (job.report?.lacking ?? []) as { what: string; have: number; needed: number }[];
  return lacking.length ? lacking.map((one) => `${one.have.toLocaleString("en")} of at least ${one.needed.toLocaleString("en")} ${one.what.replaceAll("_", " ")}`).join(", ") : null;
}

/** Why it ended, in a sentence; the API's own word where it is new. */
export function whyEnded(job: Pick<Job, "finish_reason" | "outcome"> & Partial<Pick<Job, "report">>): string | null {
  const word = job.finish_reason ?? job.outcome;
  const lacking = lackingOf({ report: job.report ?? {} });
  if (word && lacking) return `${REASONS[word] ?? "There is too little data."} There are ${lacking}.`;
  return word ? (REASONS[word] ?? REASONS[job.outcome ?? ""] ?? `It ended: ${word.replaceAll("_", " ")}.`) : null;
}

/** Why no edits are listed. Of a search that was cut short nobody knows whether there were none. */
export function whyNoEdits(job: Pick<Job, "status" | "method" | "finish_reason">): string {
  if (isGoingOn(job.status)) return "They are listed when the search ends.";
  if (keepsGenerations(job.method)) return "This method changes whole texts and proposes no single edits.";
  if (isCutShort(job)) return "Nothing is known of any edit: it ended early.";
  return "The search ended before anything was proposed.";
}

/** Whether its search did not come to its own end. */
export function isCutShort(job: Pick<Job, "status" | "finish_reason">): boolean {
  return ["cancelled", "failed"].includes(job.status) || ["out_of_budget", "out_of_time", "suspended", "model_failed"].includes(job.finish_reason ?? "");
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

/** How much of the evaluations is the beginning, in which a handful of answers may put a text anywhere. */
const BEGINNING = 0.2;

/** The ends of the chart of the best text, where its beginning lies so low that nothing could be told of the rest; else undefined. */
export function endsOfBest(best: readonly Point[]): [number, number] | undefined {
  const values = best.flatMap((one) => one.value ?? []);
  const until = (best.at(-1)?.x ?? 0) * BEGINNING;
  const later = [0, ...best.flatMap((one) => (one.x > until && one.value !== null ? [one.value] : []))];
  const high = Math.max(0, ...values);
  const low = Math.min(...later);
  const lowest = Math.min(0, ...values);
  return later.length > 2 && high > low && high - lowest > 2 * (high - low) ? niceRange([low, high]) : undefined;
}

/** Edits by what they did and by how much longer they make the text: what is longer costs more with every call. */
export function dotsOf(edits: readonly Edit[]): ScatterDot[] {
  return edits.flatMap((edit, at): ScatterDot[] =>
    isTried(edit) || edit.effect === undefined || !edit.observations ? [] : [{ key: String(at), x: addedBy(edit), y: edit.effect, low: edit.effect_low ?? null, high: edit.effect_high ?? null, label: shortened(editInWords(edit)), tone: edit.state === "chosen" ? "chosen" : "plain" }],
  );
}

const SHORT = 48;
const shortened = (text: string) => (text.length > SHORT ? `${text.slice(0, SHORT).trimEnd()}…` : text);

/** Parameters of its method, and what else was asked for, in words. */
export function askedFor(job: Pick<Job, "search" | "method">): [string, string][] {
  const search = (job.search ?? {}) as Record<string, unknown>;
  const own = (search[job.method] ?? {}) as Record<string, unknown>;
  const said = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  const shown = Object.entries(own).filter(([name, value]) => value !== null && name !== "candidates" && !(Array.isArray(value) && value.length === 0));
  const limits = Object.entries((search["constraints"] ?? {}) as Record<string, unknown>).filter(([, value]) => typeof value === "number");
  return [...shown, ...limits].map(([name, value]) => [(name[0]?.toUpperCase() ?? "") + name.slice(1).replaceAll("_", " "), said(value)]);
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
