/** What somebody writes of an experiment, and what is sent. Pure. */
import type { Schema } from "@/api/client";
import type { Experiment } from "./model";

export type NewExperiment = Schema<"NewExperiment">;
export type DraftArm = { name: string; gives: string; model: string; share: string; /** Answers a copy of its share of the calls, which nobody sees. */ shadow: boolean };
export type GuardDraft = { metric: string; margin: string; relative: boolean; /** Said of metrics of one's own only. */ direction: "" | "higher" | "lower"; /** In per cent; empty: the usual 5. */ alpha: string; /** Of a score: `margin` is what it may not fall below, in per cent. */ floor?: boolean };

/** `gives`: "v3" for a version, "production" for a label, "" for the label's version with another model. */
export type Draft = {
  name: string;
  prompt: string;
  kind: "ab" | "rollout";
  label: string;
  unit: "end_user" | "session" | "execution";
  metric: string;
  direction: "" | "higher" | "lower";
  arms: DraftArm[];
  effect: string;
  equivalence: string;
  maxDays: string;
  minSamples: string;
  confidence: string;
  method: "sequential" | "group_sequential" | "fixed" | "hybrid";
  plannedUnits: string;
  looks: string;
  adaptive: boolean;
  onWinner: "" | "automatic" | "offered" | "none";
  targeting: string;
  namespace: string;
  namespaceShare: string;
  steps: string;
  bakeHours: string;
  minUnits: string;
  advances: boolean;
  /** Null: nothing is said, and the usual ones of a guarded rollout hold. Empty: none. */
  guardrails: GuardDraft[] | null;
  shadowBudget: string;
  description: string;
};

export const STEPS = "1, 5, 25, 50, 100";

export function emptyDraft(prompt: string, version: string): Draft {
  return {
    name: "", prompt, kind: "ab", label: "production", unit: "end_user", metric: "satisfaction", direction: "",
    arms: [{ name: "control", gives: "production", model: "", share: "", shadow: false }, { name: "candidate", gives: version ? `v${version}` : "", model: "", share: "", shadow: false }],
    effect: "", equivalence: "", maxDays: "", minSamples: "", confidence: "", method: "sequential", plannedUnits: "", looks: "", adaptive: false, onWinner: "",
    targeting: "", namespace: "", namespaceShare: "", steps: STEPS, bakeHours: "1", minUnits: "", advances: true, guardrails: null, shadowBudget: "", description: "",
  }; // prettier-ignore
}

const isShareMetric = (metric: string) => metric === "satisfaction" || metric === "success";
/** What people write of a metric in its own unit: points of shares, milliseconds, dollars. */
export const unitOf = (metric: string) => (isShareMetric(metric) || metric === "error_rate" || metric.startsWith("evaluator:") ? "points" : metric === "latency_ms" || metric === "latency_p95_ms" ? "ms" : metric === "cost_nusd" ? "$" : "");
const scale = (metric: string) => ({ points: 0.01, ms: 1, $: 1e9, "": 1 })[unitOf(metric)];

const number = (text: string) => (text.trim() === "" || !Number.isFinite(Number(text)) ? undefined : Number(text));
const rounded = (value: number) => Number(value.toPrecision(12));

/** Shares in per cent, by commas or spaces, as parts of 1. Null where they do not grow from above 0 to 100 at most. */
export function stepsOf(text: string): number[] | null {
  const found = text.split(/[\s,;%]+/u).filter(Boolean).map(Number);
  const grow = found.length > 0 && found.every((one, at) => one > (found[at - 1] ?? 0) && one <= 100);
  return grow ? found.map((one) => rounded(one / 100)) : null;
}

/** What stands against sending it, by the field; the API says all else. */
export function faultsOf(draft: Draft): Record<string, string> {
  const faults: Record<string, string> = {};
  if (draft.kind === "rollout" && stepsOf(draft.steps) === null) faults["steps"] = "Shares in per cent that grow, such as 5, 25, 100.";
  const live = draft.arms.filter((one) => !one.shadow);
  const shares = live.map((one) => number(one.share)).filter((one) => one !== undefined);
  if (draft.arms.some((one) => one.shadow && number(one.share) === undefined)) faults["shares"] = "Say of what share of the calls an unseen arm gets a copy.";
  else if (draft.arms.some((one) => one.shadow) && number(draft.shadowBudget) === undefined) faults["shadowBudget"] = "Unseen copies cost money: say how much they may.";
  if (draft.kind === "ab" && shares.length > 0 && shares.length < live.length) faults["shares"] = "Give a share to each arm, or to none: then they are even.";
  else if (draft.kind === "ab" && shares.reduce((sum, one) => sum + one, 0) > 100) faults["shares"] = "Shares are more than 100 % together.";
  if (draft.guardrails?.some((one) => number(one.margin) === undefined)) faults["guardrails"] = "Say by how much each may get worse; 0 is not at all.";
  if (draft.guardrails?.some((one) => one.metric === "evaluator:")) faults["guardrails"] = "Choose the evaluator whose score is guarded.";
  return faults;
}

export const FAULTY = "Something above is not right yet; what, stands beside it in red.";

/** What keeps it from being drafted, in a sentence; null: nothing here. */
export function whyNot(draft: Draft): string | null {
  if (!draft.name.trim()) return "Give it a name.";
  if (!draft.prompt) return "Choose the prompt.";
  if (draft.arms.length < 2) return "It needs two arms at least.";
  const nameless = draft.arms.findIndex((one) => !one.name.trim());
  if (nameless >= 0) return `Name arm ${nameless + 1}.`;
  const idle = draft.arms.find((one) => !one.gives && !one.model);
  if (idle) return `Say which version, label or model ${idle.name.trim()} gives.`;
  // In its own words beside the field, which may be out of sight.
  return Object.keys(faultsOf(draft)).length > 0 ? FAULTY : null;
}

export function guardOf(guard: GuardDraft): NonNullable<NewExperiment["guardrails"]>[number] {
  const alpha = rounded((number(guard.alpha) ?? 5) / 100);
  if (guard.floor) return { metric: guard.metric, least: rounded((number(guard.margin) ?? Number.NaN) / 100), margin: 1, relative: false, alpha };
  return {
    metric: guard.metric, margin: rounded((number(guard.margin) ?? Number.NaN) * (guard.relative ? 0.01 : scale(guard.metric))), relative: guard.relative,
    alpha,
    ...(guard.direction ? { direction: guard.direction } : {}),
  }; // prettier-ignore
}

function armOf(arm: DraftArm, at: number, kind: Draft["kind"]): NewExperiment["arms"][number] {
  const version = /^v(\d+)$/u.exec(arm.gives)?.[1];
  const share = number(arm.share);
  return {
    name: arm.name.trim(), mode: arm.shadow ? "shadow" : "live", control: at === 0,
    ...(version ? { version: Number(version) } : arm.gives ? { label: arm.gives } : {}),
    ...(arm.model ? { model: arm.model } : {}),
    ...((kind === "ab" || arm.shadow) && share !== undefined ? { share: rounded(share / 100) } : {}),
  }; // prettier-ignore
}

export function bodyOf(draft: Draft): NewExperiment {
  const of = scale(draft.metric);
  const [effect, equivalence, samples, confidence, units, looks, days, budget] = [draft.effect, draft.equivalence, draft.minSamples, draft.confidence, draft.plannedUnits, draft.looks, draft.maxDays, draft.shadowBudget].map(number);
  const part = number(draft.namespaceShare);
  const isRollout = draft.kind === "rollout";
  return {
    name: draft.name.trim(), description: draft.description, prompt: draft.prompt, kind: draft.kind, label: draft.label, unit: draft.unit, metric: draft.metric,
    arms: draft.arms.map((one, at) => armOf(one, at, draft.kind)),
    allocation: !isRollout && draft.adaptive ? "adaptive" : "fixed", targeting: draft.targeting,
    ...(draft.direction ? { direction: draft.direction } : {}),
    ...(draft.namespace.trim() ? { namespace: draft.namespace.trim() } : {}),
    ...(draft.namespace.trim() && part !== undefined ? { namespace_share: rounded(part / 100) } : {}),
    ...(draft.onWinner ? { on_winner: draft.onWinner } : {}),
    ...(budget && draft.arms.some((one) => one.shadow) ? { shadow_budget_nusd: Math.round(budget * 1e9) } : {}),
    ...(samples ? { min_samples: samples } : {}),
    ...(confidence ? { confidence: rounded(confidence / 100) } : {}),
    ...(draft.guardrails ? { guardrails: draft.guardrails.map(guardOf) } : {}),
    ...(isRollout ? { rollout: { steps: stepsOf(draft.steps) ?? [1], bake_s: Math.round((number(draft.bakeHours) ?? 1) * 3_600), min_units: number(draft.minUnits) ?? 0, advances: draft.advances } } : {}),
    deciding: {
      method: draft.method,
      ...(effect ? { smallest_effect: rounded(effect * of) } : {}),
      ...(equivalence ? { equivalence_margin: rounded(equivalence * of) } : {}),
      ...(units && draft.method !== "sequential" ? { planned_units: units } : {}),
      ...(looks !== undefined && draft.method === "group_sequential" ? { looks } : {}),
      ...(days && !isRollout ? { max_days: days } : {}),
    },
  }; // prettier-ignore
}

export const text = (value: number | null | undefined, by = 1) => (value === null || value === undefined ? "" : String(rounded(value / by)));

export const writtenGuard = (guard: Experiment["guardrails"][number]): GuardDraft => ({
  metric: guard.metric, margin: typeof guard.least === "number" ? text(guard.least, 0.01) : text(guard.margin, guard.relative ? 0.01 : scale(guard.metric)), relative: guard.relative ?? false,
  ...(typeof guard.least === "number" ? { floor: true } : {}),
  direction: guard.metric.startsWith("metric:") ? guard.direction : "", alpha: text(guard.alpha, 0.01),
}); // prettier-ignore

/** The draft again as it stands, to be changed. */
export function draftOf(one: Experiment): Draft {
  const of = scale(one.metric);
  const { deciding, rollout } = one;
  return {
    name: one.name, description: one.description, prompt: one.prompt, kind: one.kind, label: one.label, unit: one.unit as Draft["unit"], metric: one.metric,
    direction: one.metric.startsWith("metric:") ? (one.direction as Draft["direction"]) : "",
    arms: [...one.arms].sort((a, b) => Number(b.control) - Number(a.control)).map((arm) => ({ name: arm.name, gives: arm.version ? `v${arm.version}` : (arm.label ?? ""), model: arm.model ?? "", share: one.kind === "ab" || arm.mode === "shadow" ? text(arm.share, 0.01) : "", shadow: arm.mode === "shadow" })),
    effect: text(deciding.smallest_effect, of), equivalence: text(deciding.equivalence_margin, of), maxDays: text(deciding.max_days),
    minSamples: text(deciding.min_samples), confidence: text(deciding.confidence, 0.01), method: deciding.method as Draft["method"], plannedUnits: text(deciding.planned_units), looks: text(deciding.looks),
    adaptive: one.allocation === "adaptive", onWinner: one.on_winner as Draft["onWinner"], targeting: one.targeting, namespace: one.namespace ?? "", namespaceShare: text(one.namespace_share, 0.01),
    steps: rollout?.steps ? rollout.steps.map((step) => text(step, 0.01)).join(", ") : STEPS, bakeHours: rollout ? text(rollout.bake_s, 3_600) : "1",
    minUnits: rollout?.min_units ? text(rollout.min_units) : "", advances: rollout?.advances ?? true,
    guardrails: one.kind === "ab" && one.guardrails.length === 0 ? null : one.guardrails.map(writtenGuard), shadowBudget: text(one.shadow_budget_nusd, 1e9),
  }; // prettier-ignore
}

/** The body again as the draft stands, with another effect worth finding (points, ms or dollars; empty: the usual one). */
export function withEffect(one: Experiment, effect: string): NewExperiment {
  return bodyOf({ ...draftOf(one), effect });
}
