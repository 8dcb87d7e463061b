/** What the API says of an experiment as "object", and what is computed from it. Pure. */
import type { Schema } from "@/api/client";
import type { Point, Series } from "@/chart/geometry";
import { NONE, count, decimal, duration, money, percent, points } from "@/lib/format";

export type Experiment = Schema<"ExperimentAnswer">;
type Live = Pick<Schema<"LiveEvaluationAnswer">, "evaluator_id" | "evaluator" | "prompts" | "labels" | "filters" | "active">;
export type Arm = Schema<"ArmAnswer">;

export type Difference = {
  arm: string;
  state: "too_few" | "not_yet" | "better" | "worse" | "no_difference" | "harmful";
  value: number | null;
  low: number | null;
  high: number | null;
  relative: number | null;
  p_value: number | null;
  units: number;
  control_units: number;
  sentence: string;
  missing_feedback: string;
};
export type Guard = {
  metric: string;
  arm: string;
  state: "ok" | "doubt" | "harm" | "no_data" | "unavailable";
  margin: number;
  relative: boolean;
  against: "control" | "baseline";
  control: number | null;
  treatment: number | null;
  units: number;
  why: string;
  least?: number | null;
};
export type Figure = {
  metric: string;
  role: "decides" | "guardrail" | "told";
  kind: "share" | "ms" | "nusd" | "number";
  better: "higher" | "lower" | null;
  arms: { arm: string; units: number; observations: number; value: number | null; low: number | null; high: number | null }[];
  differences: { arm: string; value: number | null; low: number | null; high: number | null; relative: number | null }[];
};
export type SampleRatio = { evidence: number; epoch: number; units: Record<string, number>; planned: Record<string, number>; came?: Record<string, number>; expected?: Record<string, number>; is_sound: boolean };
export type Outlook = { arm: string; needed: number | null; share_done: number; days_left: number | null; /** Nobody new came lately. Older looks do not say. */ nobody_new?: boolean };
export type Look = { looked_at: string; epoch: number; units: number; differences: { arm: string; value: number | null; low: number | null; high: number | null }[]; evidence: number };
export type Results = {
  arms: { arm: string; units: number; observations: number; value: number | null; calls?: number }[];
  differences: Difference[];
  figures?: Figure[];
  guardrails: Guard[];
  sample_ratio: SampleRatio;
  is_share: boolean;
  margin: number | null;
  outlook?: Outlook[];
  looked_at?: string;
  standing?: { outcome: string; sentence: string };
  rule?: { method: string; confidence: number; alpha: number; min_samples: number };
  over_time?: Look[];
  shadows?: Record<string, unknown>[];
};

/** What is shown: of what is over, what it was decided by; else the newest look. Null before the start. */
export function resultsOf(experiment: Experiment): Results | null {
  const seen = experiment.results as unknown as Results | null | undefined;
  const frozen = experiment.verdict?.result as Partial<Results> | undefined;
  if (experiment.status === "completed" && frozen?.differences) return { ...seen, ...frozen } as Results;
  return seen?.differences ? seen : null;
}

const NAMES: Record<string, string> = {
  success: "Answers that succeed",
  satisfaction: "Satisfaction",
  latency_ms: "Latency",
  cost_nusd: "Cost per answer",
  error_rate: "Errors",
  latency_p95_ms: "Slow answers",
};

/** What may decide, beside metrics of one's own and scores. */
export const METRICS: readonly string[] = ["satisfaction", "success", "latency_ms", "latency_p95_ms", "cost_nusd"];

/** The metric that an experiment is decided by: of latency_p95_ms the percentile itself, where the guardrail counts slow answers. */
export function decidedBy(metric: string): string {
  return metric === "latency_p95_ms" ? "95th percentile of latency" : metricName(metric);
}

const FIGURES: Record<string, string> = { latency_ms: "Latency, mean", latency_p50_ms: "Latency, p50", latency_p95_ms: "Latency, p95", slow_share: "Slow answers", feedback_rate: "Reacted at all" };

/** What a row of all figures is called. */
export function figureName(metric: string): string {
  return FIGURES[metric] ?? metricName(metric);
}

export function metricName(metric: string): string {
  return NAMES[metric] ?? (isScored(metric) ? "Score of an evaluator" : metric.replace(/^metric:/, ""));
}

/** The score of an evaluator: `evaluator:<id>`, or `evaluator:<id>@<version>`. */
export function isScored(metric: string): boolean {
  return metric.startsWith("evaluator:");
}

/** "Score by helpful v2", where the evaluator is known; nothing of another metric. */
export function scoredName(metric: string, names: ReadonlyMap<string, string>): string | undefined {
  if (!isScored(metric)) return undefined;
  const [id = "", version] = metric.slice("evaluator:".length).split("@");
  return `Score by ${names.get(id) ?? `…${id.slice(-6)}`}${version ? ` v${version}` : ""}`;
}

/** Filters by what an arm made of a call: what is drawn so is no sample of an arm. */
const TELLS_ARMS_APART = ["model", "provider", "cached", "min_cost_nusd", "min_latency_ms", "arm"];

/** Evaluators whose scores may decide a new experiment of a prompt: those that score it now, by all of their rules all arms alike. By name, each once. */
export function scoringOf(lives: readonly Live[], prompt: string): { value: string; label: string }[] {
  const taking = lives.filter((one) => one.active && (one.prompts.length === 0 || one.prompts.includes(prompt)) && !("experiment_id" in one.filters));
  const apart = new Set(taking.filter((one) => one.labels.length > 0 || TELLS_ARMS_APART.some((name) => name in one.filters)).map((one) => one.evaluator_id));
  const alike = taking.filter((one) => !apart.has(one.evaluator_id));
  return [...new Map(alike.map((one) => [one.evaluator_id, one.evaluator]))].map(([id, name]) => ({ value: `evaluator:${id}`, label: `Score by ${name}` })).sort((a, b) => a.label.localeCompare(b.label));
}

export const UNITS: Record<string, [one: string, many: string]> = { end_user: ["end user", "end users"], session: ["session", "sessions"], execution: ["execution", "executions"] };

/** 1,204 end users. */
export function unitsOf(n: number, unit: string): string {
  const [one, many] = UNITS[unit] ?? [unit, unit];
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Why nothing is drawn of the difference yet, or ever. `fewest`: units of the smallest arm that count for what decides, such as those who reacted. */
export function nothingToDraw({ metric, unit, deciding, status }: Pick<Experiment, "metric" | "unit" | "status"> & { deciding: { min_samples: number } }, fewest: number): { title: string; words: string } {
  const many = deciding.min_samples !== 1;
  const did = metric === "satisfaction" ? "reacted" : isScored(metric) ? (many ? "were scored" : "was scored") : many ? "were counted" : "was counted";
  const enough = `${unitsOf(deciding.min_samples, unit)} ${did} in each arm; the smallest has ${count(fewest)}.`;
  return status === "completed" ? { title: "Nothing to draw", words: `It ended before ${enough}` } : { title: "Too early to draw", words: `An interval stands here as soon as ${enough}` };
}

export type Says = { value: (value: number | null) => string; difference: (value: number | null) => string; /** "−0.1 to +17.2 pts". */ range: (low: number | null, high: number | null) => string };

/** How figures of a metric are written. Of latency_p95_ms the figure is a share: of answers that are slower than the limit. */
export function saysOf(metric: string, isShare: boolean): Says {
  const between = (difference: Says["difference"]) => (low: number | null, high: number | null) => (low === null || high === null ? NONE : `${difference(low).replace(/\s?pts$/u, "")} to ${difference(high)}`);
  if (isShare || metric === "error_rate" || metric === "latency_p95_ms" || metric === "success") return { value: (value) => percent(value), difference: (value) => points(value), range: between((value) => points(value)) };
  const plain = metric === "latency_ms" ? duration : metric === "cost_nusd" ? money : (value: number | null) => decimal(value);
  const difference = (value: number | null) => (value === null ? NONE : value > 0 ? `+${plain(value)}` : plain(value));
  return { value: plain, difference, range: between(difference) };
}

/** The same of the metric that decides. */
export function saysDeciding(metric: string, isShare: boolean): Says {
  return metric === "latency_p95_ms" ? saysOf("latency_ms", false) : saysOf(metric, isShare);
}

/** "1.1 % to 2.3 %" beside what a value and a difference are. */
export function saysOfKind(kind: Figure["kind"]): Says & { between: (low: number | null, high: number | null) => string } {
  const says = kind === "share" ? saysOf("success", true) : saysOf(kind === "ms" ? "latency_ms" : kind === "nusd" ? "cost_nusd" : "", false);
  return { ...says, between: (low, high) => (low === null || high === null ? NONE : `${says.value(low)} to ${says.value(high)}`) };
}

/** "at most +2.0 pts", "at most 20 % more", "at least 80.0 %": what a guardrail allows. */
export function allowance(guard: Pick<Guard, "metric" | "margin" | "relative" | "least">): string {
  if (typeof guard.least === "number") return `at least ${percent(guard.least)}`;
  const less = guard.metric === "satisfaction" || guard.metric === "success" || isScored(guard.metric);
  const size = guard.relative ? percent(guard.margin, 0) : saysOf(guard.metric, less).value(guard.margin).replace(/%$/u, "pts");
  return `at most ${size} ${less ? "less" : "more"}`;
}

export const GUARD_WORDS: Record<Guard["state"], string> = { ok: "holds", doubt: "in doubt", harm: "broken", no_data: "too few yet", unavailable: "cannot be known" };
export const GUARD_TONES = { ok: "ok", doubt: "warn", harm: "bad", no_data: "neutral", unavailable: "neutral" } as const;

const MODELLED = (arm: Pick<Arm, "version" | "label" | "model">) => [arm.version ? `v${arm.version}` : arm.label ? `what ${arm.label} names` : null, arm.model].filter(Boolean).join(" with ");

/** v3, "what production names", "v3 with small": what an arm gives. */
export function gives(arm: Pick<Arm, "version" | "label" | "model">): string {
  return MODELLED(arm) || NONE;
}

export type Part = { planned: number; seen: number | null; units: number };

/** Planned and seen shares of each arm, as parts of all that came: of the time that speaks loudest. */
export function split({ units, planned }: Pick<SampleRatio, "units" | "planned">): Map<string, Part> {
  const whole = Object.values(planned).reduce((sum, one) => sum + one, 0);
  const came = Object.values(units).reduce((sum, one) => sum + one, 0);
  return new Map(Object.entries(planned).map(([arm, share]) => [arm, { planned: whole > 0 ? share / whole : 0, seen: came > 0 ? (units[arm] ?? 0) / came : null, units: units[arm] ?? 0 }]));
}

/** The same of all times together: whom each arm got, beside whom the plans of each time gave it. */
export function wholeSplit(ratio: SampleRatio): Map<string, Part> {
  return split({ units: ratio.came ?? ratio.units, planned: ratio.expected ?? ratio.planned });
}

/** Intervals look by look, one series for each treatment. Nothing is drawn of a look that may not say anything yet. */
export function curves(looks: readonly Look[]): Series[] {
  const found = new Map<string, Point[]>();
  for (const look of looks) {
    for (const { arm, value, low, high } of look.differences) {
      found.set(arm, [...(found.get(arm) ?? []), { x: Date.parse(look.looked_at), value: low === null || high === null ? null : value, low, high }]);
    }
  }
  return [...found].filter(([, points]) => points.some((one) => one.value !== null)).map(([name, points], at) => ({ name, points, color: ((at % 5) + 1) as 1 | 2 | 3 | 4 | 5 }));
}

/** Ends of the axis by the later half of the looks: the first intervals are so wide that they would flatten all others. */
export function curveRange(series: readonly Series[]): [number, number] {
  const late = series.flatMap((one) => one.points.slice(Math.floor(one.points.length / 2)));
  const ends = late.flatMap((point) => [point.low ?? 0, point.high ?? 0, 0]);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const air = (high - low || 1) * 0.15;
  return [low - air, high + air];
}

const REASONS: Record<string, string> = { started: "Started", allocation: "Shares changed", step: "Next step", adaptive: "Shares adapted", resumed: "Resumed" };

export function epochWords(epoch: Pick<Schema<"EpochAnswer">, "reason" | "shares">): string {
  const shares = Object.entries(epoch.shares).map(([arm, share]) => `${arm} ${shareWords(share)}`);
  return `${REASONS[epoch.reason] ?? epoch.reason}: ${shares.join(", ")}`;
}

/** 5 %, 0.5 %: a planned share, as it was given. */
export function shareWords(share: number | null | undefined): string {
  if (share === null || share === undefined) return NONE;
  const whole = Math.round(share * 10_000) / 100;
  return `${decimal(whole, 2)}\u00a0%`;
}

const OUTSIDE: Record<string, string> = {
  no_unit: "Calls that do not say whose they are",
  named: "Calls that named a version or a label",
  targeting: "Calls that the condition leaves out",
  holdout: "Kept out of all experiments",
  namespace: "In another experiment of the namespace",
  not_allocated: "Left over by the shares",
  not_allowed: "Callers who may not get the version",
  unavailable: "An arm could not answer, so the label did",
};

export function outsideWords(reason: string): string {
  return OUTSIDE[reason] ?? reason.replaceAll("_", " ");
}

export type Tone = "neutral" | "ok" | "warn" | "bad" | "accent";

type Decided = { outcome: string; decided_by?: string };

/** A person ended it; else its rule did. Reports of before do not say. */
export const isByHand = ({ decided_by }: Decided) => Boolean(decided_by) && !decided_by?.startsWith("system:");

/** How it ended, in a word or two. What a person chose says nothing of what the data said. */
export function ending(verdict: Decided): { word: string; tone: Tone } {
  if ((verdict.outcome === "better" || verdict.outcome === "worse") && isByHand(verdict)) return { word: "chosen by hand", tone: "neutral" };
  return { word: verdict.outcome.replaceAll("_", " "), tone: OUTCOME_TONES[verdict.outcome] ?? "neutral" };
}

/** Where it is, in a word or two. */
export function standing(experiment: Pick<Experiment, "status" | "rollout_state" | "verdict" | "kind">): { word: string; tone: Tone } {
  if (experiment.status === "draft") return { word: "draft", tone: "neutral" };
  if (experiment.status === "completed") return experiment.verdict ? ending(experiment.verdict) : { word: "completed", tone: "neutral" };
  if (experiment.status === "paused") return { word: "paused", tone: "warn" };
  if (experiment.rollout_state === "holding") return { word: "waits for you", tone: "warn" };
  return experiment.kind === "rollout" ? { word: "ramping", tone: "accent" } : { word: "running", tone: "accent" };
}

const OUTCOME_TONES: Record<string, Tone> = { better: "ok", rolled_out: "ok", worse: "warn", rolled_back: "bad", refused: "bad", no_difference: "neutral", not_enough_data: "neutral", stopped: "neutral" };

export const isOver = (experiment: Pick<Experiment, "status">) => experiment.status === "completed";
export const isOpen = (experiment: Pick<Experiment, "status">) => experiment.status === "running" || experiment.status === "paused";
export const liveArms = (experiment: Pick<Experiment, "arms">) => experiment.arms.filter((one) => one.mode === "live");
export const controlOf = (experiment: Pick<Experiment, "arms">) => experiment.arms.find((one) => one.control) ?? experiment.arms[0];

/** It is at its last step: none is left to take, and what ends it is its own rule, or somebody. */
export const isAtTheTop = ({ rollout, step }: Pick<Experiment, "rollout" | "step">) => (step ?? 0) + 1 >= (rollout?.steps?.length ?? 0);

/** When the step that is under way may end at the earliest; null where it waits for nothing but units. */
function bakedAt(experiment: Pick<Experiment, "step_started_at" | "rollout">): number | null {
  if (!experiment.step_started_at || !experiment.rollout) return null;
  return Date.parse(experiment.step_started_at) + (experiment.rollout.bake_s ?? 0) * 1_000;
}

/** Whole minutes, as milliseconds, until the step that is under way may end; whole seconds, rounded up, below a minute. `now` may be two minutes old; a step is never longer than it is. */
export function leftOf(experiment: Pick<Experiment, "step_started_at" | "rollout">, now: number): number {
  const left = Math.min((bakedAt(experiment) ?? now) - now, (experiment.rollout?.bake_s ?? 0) * 1_000);
  return left < 60_000 ? Math.max(0, Math.ceil(left / 1_000)) * 1_000 : Math.floor(left / 60_000) * 60_000;
}

/** The sentences of a verdict, one for each arm that there is something to say of: they were said while the experiment could still be stopped. */
export const endedWords = (sentences: string) => sentences.replace(/; you may stop(?=\.)/gu, "");

type Ended = Pick<Experiment, "promotion" | "winner" | "arms">;

/** An older release said that the label stood there already, while it named the arm's version without the model that won. */
export function lacksModel({ promotion, winner, arms }: Ended): boolean {
  const won = arms.find((one) => one.name === winner);
  return promotion?.state === "stood_there" && !promotion.model && Boolean(won?.model) && promotion.version === won?.version;
}

/** Its label was left alone on purpose, although something else won than what everybody gets. */
export function wasLeftAlone({ promotion, winner, arms }: Ended): boolean {
  const won = arms.find((one) => one.name === winner);
  return promotion?.state === "not_wanted" && won !== undefined && won.version !== null && !won.control;
}

/** Everybody gets what won: the control, without a model of its own. The label points where it did, or elsewhere since. */
export function controlWon({ winner, arms }: Pick<Ended, "winner" | "arms">): boolean {
  const won = arms.find((one) => one.name === winner);
  return Boolean(won?.control) && !won?.model;
}

/** The label names what won. An older release offered a control that won, though there is nothing of it to ship. */
export function stoodThere(experiment: Ended): boolean {
  const state = experiment.promotion?.state;
  return state === "stood_there" || (state === "offered" && controlWon(experiment));
}

/** Whether its winner can still be shipped: it was only offered, not wanted then, the label could not move, or nobody got its model. */
export function awaitsShipping(experiment: Ended): boolean {
  const state = experiment.promotion?.state;
  if (controlWon(experiment)) return false;
  return experiment.winner !== null && (state === "offered" || state === "refused" || wasLeftAlone(experiment) || lacksModel(experiment));
}

/** " v4 stands on the branch won-shorter …": where a model's version went that others had saved after; nothing on the main line. */
export function branchWords({ promotion, winner, arms }: Ended): string {
  if (!promotion?.branch) return "";
  const base = arms.find((one) => one.name === winner)?.version;
  return ` v${promotion.version} stands on the branch ${promotion.branch}, because versions were saved after${base ? ` v${base}` : ""}, which it comes from. They stay the newest; merge the branch to bring the model to them.`;
}

/** What a toast says when an experiment was decided, or its winner shipped. */
export function shippedWords({ promotion, label }: Pick<Experiment, "promotion" | "label">): string {
  if (promotion?.state === "moved") return `Shipped: ${label} is v${promotion.version}${promotion.branch ? `, on the branch ${promotion.branch}` : ""}`;
  if (promotion?.state === "stood_there") return `${label} is on v${promotion.version} already`;
  if (promotion?.state === "refused") return `${label} stays: ${promotion.why || "its rules refuse the winner's version"}`;
  return `It is over; ${label} stays where it is`;
}
