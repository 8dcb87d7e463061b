/** A rule as a form holds it: text that somebody types, shares as percent. Pure. */
import { FEEDBACK, askedItems } from "@/api/choices";
import type { Schema } from "@/api/client";
import { creditsOfUsd, NUSD_PER_CREDIT, usdOfCredits } from "@/lib/format";
import { type Asked, howOf } from "@/pages/optimize/asked";
import { type TargetForm, targetForm, targetOf, wrongInTarget } from "./targets";
import { PLAIN, type Search, searchFrom, whyNot } from "@/pages/optimize/search";

export type Rule = Schema<"AlertRuleAnswer">;
export type RuleBody = Schema<"AlertRuleBody">;

/** What holds where a rule says nothing. */
export const DEFAULTS = { min_samples: 100, target: 0.8, min_drop: 0.05, min_error_rise: 0.03, min_latency_rise: 0.15, min_cost_rise: 0.15 } as const;

type Start = { dataset_id?: string | null; source?: "feedback" | null; budget: { evaluations?: number; credits?: number | null; seconds?: number | null }; cooldown_hours?: number; metrics?: ("satisfaction" | "error_rate" | "quality")[]; search?: Asked };
export type RuleForm = { enabled: boolean; samples: string; target: string; /** What speed and thrift of effectiveness are told against: ms and dollars. */ takes: string; costs: string; drop: string; errors: string; latency: string; cost: string; /** Null: as for all prompts. */ targets: readonly TargetForm[] | null; starts: boolean; dataset: string; evaluations: string; usd: string; minutes: string; cooldown: string; /** How it searches, by which model answering and which proposing. */ search: Search; task: string | null; reflect: string | null };

const asPercent = (share: number | null) => (share === null ? "" : String(Number((share * 100).toFixed(4))));

export function formOf(rule: Rule | null): RuleForm {
  const start = (rule?.start_optimization ?? null) as Start | null;
  return {
    enabled: rule?.enabled ?? true,
    samples: rule?.min_samples === null || rule === null ? "" : String(rule.min_samples),
    target: asPercent(rule?.target ?? null),
    takes: rule?.target_p95_ms == null ? "" : String(rule.target_p95_ms),
    costs: rule?.target_cost_nusd == null ? "" : usdOfCredits(rule.target_cost_nusd / NUSD_PER_CREDIT),
    drop: asPercent(rule?.min_drop ?? null),
    errors: asPercent(rule?.min_error_rise ?? null),
    latency: asPercent(rule?.min_latency_rise ?? null),
    cost: asPercent(rule?.min_cost_rise ?? null),
    targets: rule?.targets?.map(targetForm) ?? null,
    starts: start !== null,
    dataset: start?.dataset_id ?? (start?.source ? FEEDBACK.value : ""),
    evaluations: String(start?.budget.evaluations ?? 900),
    usd: usdOfCredits(start?.budget.credits),
    minutes: start?.budget.seconds ? String(Number((start.budget.seconds / 60).toPrecision(9))) : "",
    cooldown: String(start?.cooldown_hours ?? 72),
    search: start?.search ? searchFrom(start.search) : PLAIN,
    task: start?.search?.models?.task ?? null,
    reflect: start?.search?.models?.reflect ?? null,
  };
}

function number(typed: string): number | null {
  const found = Number(typed.trim());
  return typed.trim() === "" || !Number.isFinite(found) ? null : found;
}

function share(typed: string): number | null {
  const found = number(typed);
  return found === null ? null : found / 100;
}

/** The body of a rule; what was not shown in the form stays as it was. */
export function bodyOf(form: RuleForm, rule: Rule | null): RuleBody {
  const start = (rule?.start_optimization ?? null) as Start | null;
  return {
    enabled: form.enabled,
    min_samples: number(form.samples),
    target: share(form.target),
    target_p95_ms: number(form.takes),
    target_cost_nusd: number(form.costs) === null ? null : Math.round(Number(form.costs) * 1e9),
    min_drop: share(form.drop),
    min_error_rise: share(form.errors),
    min_latency_rise: share(form.latency),
    min_cost_rise: share(form.cost),
    targets: form.targets?.map(targetOf) ?? null,
    muted_until: rule?.muted_until ?? null,
    start_optimization: form.starts
      ? { ...askedItems(form.dataset), budget: { evaluations: number(form.evaluations) ?? undefined, credits: number(form.usd) === null ? null : creditsOfUsd(form.usd), ...((number(form.minutes) ?? 0) > 0 ? { seconds: Math.round(Number(form.minutes) * 60) } : {}) }, cooldown_hours: number(form.cooldown) ?? undefined, ...(start?.metrics ? { metrics: start.metrics } : {}), ...searchIn(form, start) }
      : null,
  } as RuleBody;
}

/** Nothing where the usual search is meant: it stays what the product takes for it. */
function searchIn(form: RuleForm, start: Start | null): { search?: Asked } {
  const search = howOf(form.search, form, start?.search);
  return Object.keys(search).join() === "method" && search.method === PLAIN.method ? {} : { search };
}

/** What is wrong with a form, by field; the API checks the rest. */
export function wrongIn(form: RuleForm): Partial<Record<keyof RuleForm, string>> {
  const within = (typed: string, low: number, high: number) => typed.trim() === "" || (number(typed) !== null && Number(typed) >= low && Number(typed) <= high);
  return {
    ...(within(form.samples, 10, 1_000_000) ? {} : { samples: "A number of 10 or more, or nothing." }),
    ...(within(form.takes, 1, 86_400_000) && (number(form.takes) === null || Number.isInteger(number(form.takes))) ? {} : { takes: "Whole milliseconds from 1, or nothing." }),
    ...(within(form.costs, 1e-9, 1_000_000) ? {} : { costs: "Dollars above 0, or nothing." }),
    ...(within(form.target, 0, 100) ? {} : { target: "A percentage from 0 to 100, or nothing." }),
    ...Object.fromEntries((["drop", "errors", "latency", "cost"] as const).filter((part) => !within(form[part], 0, 100)).map((part) => [part, "Points from 0 to 100, or nothing."])),
    ...(form.targets?.some((one) => Object.keys(wrongInTarget(one)).length > 0) ? { targets: "A target is not whole yet." } : {}),
    ...(form.starts && whyNot(form.search) ? { search: whyNot(form.search) ?? "" } : {}),
    ...(form.starts && !form.dataset ? { dataset: "An optimization needs a dataset." } : {}),
    ...(form.starts && !(number(form.evaluations) !== null && within(form.evaluations, 50, 100_000)) ? { evaluations: "A number from 50 to 100,000." } : {}),
    ...(form.starts && !((number(form.usd) ?? 0) > 0) ? { usd: "Dollars above 0: what starts by itself must have a ceiling." } : {}),
    ...(form.starts && !(within(form.cooldown, 1, 720) && Number.isInteger(Number(form.cooldown))) ? { cooldown: "Whole hours from 1 to 720, or nothing." } : {}),
  };
}
