/** Absolute targets of a rule as a form holds them: text that somebody types. Pure. */
import type { Schema } from "@/api/client";
import { usdOfCredits, NUSD_PER_CREDIT } from "@/lib/format";

export type Target = Schema<"AlertTarget">;
export type Metric = Target["metric"];
export type TargetForm = { metric: Metric; limit: string; label: string; evaluator: string | null; window: number; samples: string };

export const METRICS = ["latency", "cost", "error_rate", "satisfaction", "reaction_rate", "quality"] as const satisfies readonly Metric[];
export const METRIC_WORDS: Record<Metric, string> = { latency: "p95 latency", cost: "Mean cost", error_rate: "Failed calls", satisfaction: "Satisfaction", reaction_rate: "Calls reacted to", quality: "Mean score" };
export const UNITS: Record<Metric, string> = { latency: "ms", cost: "$ a call", error_rate: "%", satisfaction: "%", reaction_rate: "%", quality: "%" };
/** Of these more is worse. */
export const mustStayBelow = (metric: Metric) => metric === "latency" || metric === "cost" || metric === "error_rate";
export const WINDOWS = [10, 15, 30, 60, 180, 360, 1_440, 4_320, 10_080] as const;

export const NEW_TARGET: TargetForm = { metric: "latency", limit: "", label: "", evaluator: null, window: 60, samples: "20" };

export function windowWords(minutes: number): string {
  const [length, name] = minutes % 1_440 === 0 ? [1_440, "day"] : minutes % 60 === 0 ? [60, "hour"] : [1, "minute"];
  return minutes === length ? `the last ${name}` : `the last ${minutes / length} ${name}s`;
}

const tidy = (value: number) => String(Number(value.toPrecision(12)));

export function targetForm(of: Target): TargetForm {
  const limit = of.metric === "latency" ? tidy(of.limit) : of.metric === "cost" ? usdOfCredits(of.limit / NUSD_PER_CREDIT) : tidy(of.limit * 100);
  return { metric: of.metric, limit, label: of.label ?? "", evaluator: of.evaluator_id ?? null, window: of.window_minutes ?? 60, samples: String(of.min_samples ?? 20) };
}

export function targetOf(form: TargetForm): Target {
  const typed = Number(form.limit);
  const limit = form.metric === "latency" ? typed : form.metric === "cost" ? Math.round(typed * 1e9) : typed / 100;
  return { metric: form.metric, limit, label: form.label.trim() || null, evaluator_id: form.metric === "quality" ? form.evaluator : null, window_minutes: form.window, min_samples: Number(form.samples) };
}

/** What is wrong with one, by field; the API checks the rest. */
export function wrongInTarget(form: TargetForm): Partial<Record<keyof TargetForm, string>> {
  const limit = form.limit.trim() === "" ? NaN : Number(form.limit);
  const isShare = UNITS[form.metric] === "%";
  const samples = form.samples.trim() === "" ? NaN : Number(form.samples);
  return {
    ...(limit > 0 && (!isShare || limit < 100) && (form.metric !== "cost" || limit >= 1e-9) ? {} : { limit: isShare ? "A percentage between 0 and 100." : "A number above 0." }),
    ...(Number.isInteger(samples) && samples >= 1 && samples <= 1_000_000 ? {} : { samples: "A whole number from 1." }),
    ...(form.metric === "quality" && !form.evaluator ? { evaluator: "Whose scores?" } : {}),
  };
}

/** "p95 latency below 2000 ms" */
export function targetWords(of: Target): string {
  const form = targetForm(of);
  const unit = UNITS[of.metric];
  const amount = unit === "%" ? `${form.limit} %` : unit === "ms" ? `${form.limit} ms` : `$${form.limit}`;
  return `${METRIC_WORDS[of.metric]} ${mustStayBelow(of.metric) ? "below" : "above"} ${amount}${of.label ? `, ${of.label}` : ""}`;
}
