/** What the API says of a test run as "object", and what is computed from it. Pure. */
import type { Schema } from "@/api/client";
import type { Confusion } from "@/chart/ConfusionMatrix";
import { count, plural, points, spaced } from "@/lib/format";
import { filesNamed } from "@/lib/files-named";

export type Run = Schema<"TestRunAnswer">;
export type Comparison = Schema<"RunComparison">;
export type Metrics = {
  overall_accuracy: number | null;
  interval: { low: number; high: number };
  correct: number;
  total: number;
  /** Answers that are neither right nor wrong; runs of before do not say. */
  without_right_answer?: number;
  errors: number;
};
export type Score = { score: number | null; passed?: boolean; unavailable?: string; reason?: string | null };
export type FailedCase = {
  item_id: string;
  /** Of a chain the last call; null: it made none. */
  execution_id: string | null;
  /** Of a chain: its calls for this item. */
  trace_id?: string;
  input: string | Record<string, unknown>;
  expected: string | null;
  output: string | null;
  error: { code?: string; message?: string } | null;
  cost_nusd?: number;
  latency_ms?: number | null;
  scores: Record<string, Score>;
};
export type Evaluated = { id: string; name: string; version: number; n: number; mean_score: number | null; passed: number; interval: { low: number; high: number }; without_score: number; why_without: string | null; cost_nusd: number };
export type Result = {
  metrics: Metrics | null;
  matrix: Record<string, Record<string, number>> | null;
  failed: FailedCase[];
  leftOut: number;
  costNusd: number | null;
  latency: { p50?: number; p95?: number } | null;
  evaluators: Evaluated[];
};

/** In the matrix: an answer that no item expects. */
export const OTHER = "(other)";

/** Runs that one request may start (the API says the same). */
export const MOST_RUNS = 20;

/** Of each version by each model; where none is named, of the live one, or by its own. */
export const runsOf = (versions: readonly string[], models: readonly string[]) => Math.max(1, versions.length) * Math.max(1, models.length);

/** The prompt or the chain. */
export const slugOf = (of: { prompt: string | null; chain?: string | { slug: string } | null }) => of.prompt ?? (typeof of.chain === "string" ? of.chain : of.chain?.slug) ?? "";

/** What was tested: "triage v1". */
export const testedOf = (of: Parameters<typeof slugOf>[0] & { version: number }) => `${slugOf(of)} v${of.version}`;

/** The models that answered: of a chain those of its steps. */
export const modelsOf = (run: Pick<Run, "model" | "chain">) => (run.model === null ? [...new Set(Object.values(run.chain?.models ?? {}))] : [run.model]);

/** What names a failed case: a chain may have asked nothing. */
export const keyOf = (one: Pick<FailedCase, "execution_id" | "trace_id">) => one.trace_id ?? one.execution_id ?? "";

/** It stands still until somebody lets it go on. */
export const isPaused = (status: string) => status === "paused";

export const isGoingOn = (status: string) => status === "pending" || status === "running";

/** What has come, of a run that has ended or of one that goes on: the API keeps the two apart. */
export function resultOf(run: Run): Result {
  const from = run.status === "completed" ? run : ((run.partial_results ?? {}) as Partial<Run>);
  return {
    metrics: (from.metrics ?? null) as Metrics | null,
    matrix: (from.confusion_matrix ?? null) as Result["matrix"],
    failed: (from.failed_cases ?? []) as unknown as FailedCase[],
    leftOut: from.failed_cases_left_out ?? 0,
    costNusd: from.cost_nusd ?? null,
    latency: (from.latency_ms ?? null) as Result["latency"],
    evaluators: (from.evaluators ?? []) as unknown as Evaluated[],
  };
}

/** All answers that have come. */
export const answersOf = (metrics: Metrics | null) => (metrics ? metrics.total + (metrics.without_right_answer ?? 0) : 0);

/** Of a run that did not come to its end: what its figures are about. */
export function cameBefore(answers: number, total: number): string {
  return answers ? `What came before stands below: ${count(answers)} of ${count(total)} answers.` : "Nothing had come.";
}

export function cellsOf(matrix: Result["matrix"]): Confusion[] {
  return Object.entries(matrix ?? {}).flatMap(([expected, row]) => Object.entries(row).map(([predicted, count]) => ({ expected, predicted, count })));
}

/** An answer as the API compares it: trimmed, and a JSON object or list in one spelling. */
export function labelOf(text: string): string {
  const bare = text.trim();
  if (!/^[{[]/.test(bare)) return bare;
  try {
    return JSON.stringify(inOrder(JSON.parse(bare)));
  } catch {
    return bare;
  }
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1)).map(([name, one]) => [name, inOrder(one)]));
}

/** The column of the matrix that an answer stands in. */
export function columnOf(one: Pick<FailedCase, "output">, labels: ReadonlySet<string>): string {
  const got = (one.output ?? "").trim();
  return labels.has(got) ? got : ([...labels].find((label) => labelOf(label) === labelOf(got)) ?? OTHER);
}

export type CaseFilter = { expected: string; got: string; q: string };

/** The failed cases that a cell of the matrix and the words typed leave. */
export function filterCases(cases: readonly FailedCase[], { expected, got, q }: CaseFilter, labels: ReadonlySet<string>): FailedCase[] {
  const word = q.trim().toLowerCase();
  return cases.filter(
    (one) =>
      (!expected || one.expected?.trim() === expected) &&
      (!got || columnOf(one, labels) === got) &&
      (!word || `${wordsOf(one.input)}\n${one.expected ?? ""}\n${one.output ?? ""}`.toLowerCase().includes(word)),
  );
}

/** An item with its wrong answers, in the order of its repeats. `failed`: how many there are, of these and of those that a filter left out. */
export type FailedItem = { key: string; cases: [FailedCase, ...FailedCase[]]; failed: number; /** More of them may have been left out of the list. */ isLeast: boolean };

/** The cases that a filter left, by item: one that was asked several times stands once. `all`: without the filter; `leftOut`: how many were not listed. */
export function byItem(cases: readonly FailedCase[], all: readonly FailedCase[], leftOut: number): FailedItem[] {
  const counts = new Map<string, number>();
  for (const { item_id: id } of all) counts.set(id, (counts.get(id) ?? 0) + 1);
  const last = all.at(-1)?.item_id;
  const found = new Map<string, FailedItem>();
  for (const one of cases) {
    const known = found.get(one.item_id);
    if (known) known.cases.push(one);
    else found.set(one.item_id, { key: keyOf(one), cases: [one], failed: counts.get(one.item_id) ?? 1, isLeast: leftOut > 0 && one.item_id === last });
  }
  return [...found.values()];
}

export function wordsOf(input: FailedCase["input"]): string {
  if (typeof input === "string") return filesNamed(input);
  const all = Object.entries(input);
  const words = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return filesNamed(all.length === 1 ? words(all[0]?.[1]) : all.map(([name, value]) => `${name}: ${words(value)}`).join("\n"));
}

/** Fewer claim nothing (the API says the same). */
const LEAST_ITEMS = 30;

/** What a verdict rests on: the items, the test, and what it would have taken to see more. */
export function groundsOf(one: Pick<Comparison, "items" | "only_in_run" | "only_in_base" | "test" | "p_value" | "verdict" | "items_needed" | "smallest_difference">): string {
  const apart = one.only_in_run + one.only_in_base > 0 ? `; ${count(one.only_in_run)} only here and ${count(one.only_in_base)} only there are left out` : "";
  const test = `${one.test === "mcnemar" ? "Exact McNemar" : "Sign-flip"}, p ${one.p_value < 0.001 ? "< 0.001" : one.p_value.toFixed(3)}.`;
  return [`Over ${plural(one.items, "item")} that both answered${apart}.`, test, further(one)].filter(Boolean).join(" ");
}

function further({ verdict, items, items_needed: needed, smallest_difference: smallest }: Pick<Comparison, "verdict" | "items" | "items_needed" | "smallest_difference">): string {
  if (verdict === "no_difference") return smallest === null ? "" : `A difference of ${points(smallest).replace("+", "")} or more would probably have shown.`;
  if (verdict !== "too_small") return "";
  if (items < LEAST_ITEMS) return `With fewer than ${LEAST_ITEMS} items nothing is claimed.`;
  return needed === null ? "" : `About ${count(needed)} items would settle it.`;
}

/** How an item changed from the base to this run, as a list has them. */
export const CHANGES = ["broken", "fixed", "same"] as const;
export type Change = (typeof CHANGES)[number];

/** The names of what is compared: "triage v1". */
export type Sides = { base: string; run: string };

/** How many items each filter leaves; of one category, where it is chosen. */
export function countsOf(one: Pick<Comparison, "items" | "fixed" | "broken" | "categories">, category: string): Record<Change | "all", number> {
  const { items, fixed, broken } = category ? (one.categories.find((known) => known.category === category) ?? { items: 0, fixed: 0, broken: 0 }) : one;
  return { all: items, broken, fixed, same: items - fixed - broken };
}

/** The text of an answer, or why there is none. */
export function kept(answer: Schema<"OneAnswer"> | null): { text: string | null; instead: string } {
  if (answer === null) return { text: null, instead: "This run was not asked so often." };
  const error = answer.error as { message?: string; code?: string } | null;
  return { text: answer.output, instead: answer.output !== null ? "" : error ? spaced(error.message ?? error.code ?? "No answer came.") : "Its text is not kept any more." };
}

/** What the evaluators of either run said, a line for each of them. */
export function scoresOf({ base, run, evaluators }: Pick<Schema<"ComparedAnswers">, "base" | "run" | "evaluators">): { id: string; name: string; base?: Score; run?: Score }[] {
  const [there, here] = [base.answer?.scores ?? {}, run.answer?.scores ?? {}] as Record<string, Score>[];
  const ids = [...new Set([...Object.keys(evaluators), ...Object.keys(there ?? {}), ...Object.keys(here ?? {})])];
  return ids.map((id) => ({ id, name: evaluators[id] ?? "Evaluator", base: there?.[id], run: here?.[id] }));
}
