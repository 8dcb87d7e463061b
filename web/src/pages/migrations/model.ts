/** Moves of prompts to another model. Pure. */
import type { Schema } from "@/api/client";
import { NUSD_PER_CREDIT, count, duration, money, plural } from "@/lib/format";
import { askedFor, methodName } from "../optimize/model";
import { type Body, metricInWords } from "../optimize/search";

export type Migration = Schema<"MigrationAnswer">;
export type Step = Schema<"StepAnswer">;

/** Steps that are over, of all. */
export function farOf(progress: Readonly<Record<string, number>>): { done: number; total: number } {
  return { done: progress["over"] ?? 0, total: progress["steps"] ?? 0 };
}

const OUTCOMES: Record<string, { word: string; tone: "ok" | "warn" | "neutral" }> = {
  as_good: { word: "as good", tone: "ok" },
  improved: { word: "better text found", tone: "ok" },
  worse: { word: "worse", tone: "warn" },
  not_measured: { word: "not measured", tone: "neutral" },
};
const STATES: Record<string, string> = { pending: "waits", measuring: "being measured", searching: "looking for a text", done: "done", skipped: "skipped", failed: "failed", cancelled: "cancelled" };

export function standing(step: Pick<Step, "state" | "outcome">): { word: string; tone: "ok" | "warn" | "bad" | "neutral" | "accent" } {
  if (step.outcome && step.state === "done") return OUTCOMES[step.outcome] ?? { word: step.outcome, tone: "neutral" };
  return { word: STATES[step.state] ?? step.state, tone: step.state === "failed" ? "bad" : step.state === "measuring" || step.state === "searching" ? "accent" : "neutral" };
}

export type Ending = { id: string; successor?: string | null; deprecated_at?: string | null; sunset_at?: string | null; retired_at?: string | null };

/** Models that end and say who takes their place, the soonest first. */
export function ending<T extends Ending>(models: readonly T[]): T[] {
  const at = (one: Ending) => one.retired_at ?? one.sunset_at ?? one.deprecated_at ?? "";
  return models.filter((one) => at(one) !== "").sort((a, b) => at(a).localeCompare(at(b)));
}

/** What the search of each prompt that is worse is told, in words. Moves of before kept method and budget alone. */
export function toldOf(search: NonNullable<Migration["search"]>): [string, string][] {
  const { method = "racing", models, metrics, constraints, seed, budget } = search as Partial<Body>;
  const anchors = constraints?.anchors?.length ?? 0;
  const told: [string, string | null | undefined | false][] = [
    ["Method", methodName(method)],
    ...askedFor({ search, method }),
    ["Edits proposed by", models?.reflect],
    ["Judged by", models?.judge],
    ["What counts", metrics?.map(metricInWords).join("; ")],
    ["Must stay right", anchors > 0 && plural(anchors, "item")],
    ["Seed", seed != null && String(seed)],
    ["Evaluations of each, at most", budget?.evaluations != null && count(budget.evaluations)],
    ["Cost of each, at most", budget?.credits != null && money(budget.credits * NUSD_PER_CREDIT)],
    ["Time of each, at most", budget?.seconds != null && duration(budget.seconds * 1000)],
  ];
  return told.filter((one): one is [string, string] => Boolean(one[1]));
}
