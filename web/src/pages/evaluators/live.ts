/** A live evaluation in words, and as a form holds it. Pure. */
import type { Schema } from "@/api/client";
import { percent, plural } from "@/lib/format";
import { type FilterDraft, filterDraftOf, filterWords, filtersOf, wrongInFilters } from "./filters";

export type Live = Schema<"LiveEvaluationAnswer">;
export type Period = Schema<"Cap">["period"];

export type Draft = { evaluator: string | null; prompts: string[]; labels: string[]; filters: FilterDraft; share: string; cap: string; period: Period };

const NUSD = 1e9;

export function draftOf(live: Live | null, evaluator: string | null = null): Draft {
  return {
    evaluator: live?.evaluator_id ?? evaluator,
    prompts: live?.prompts ?? [],
    labels: live?.labels ?? [],
    filters: filterDraftOf(live?.filters ?? {}),
    share: String(Number(((live?.sample ?? 0.1) * 100).toFixed(4))),
    cap: live ? (live.cap ? String(live.cap.limit_nusd / NUSD) : "") : "5",
    period: live?.cap?.period ?? "day",
  };
}

/** `asks`: its evaluator asks models, so that a cap is needed; without one no cap is sent. */
export function bodyOf({ prompts, labels, filters, share, cap, period }: Draft, asks: boolean): { prompts: string[]; labels: string[]; filters: Schema<"LiveFilters">; sample: number; cap?: { limit_nusd: number; period: Period } } {
  return { prompts, labels, filters: filtersOf(filters), sample: Number(share) / 100, ...(asks && cap.trim() ? { cap: { limit_nusd: Math.round(Number(cap) * NUSD), period } } : {}) };
}

export function wrongIn(draft: Draft, asks: boolean): Partial<Record<keyof Draft | keyof FilterDraft, string>> {
  const share = Number(draft.share);
  return {
    ...(draft.evaluator ? {} : { evaluator: "Choose an evaluator." }),
    ...(draft.share.trim() !== "" && share > 0 && share <= 100 ? {} : { share: "A percentage above 0, up to 100." }),
    ...(asks && !(draft.cap.trim() !== "" && Number(draft.cap) > 0) ? { cap: "An amount in dollars above 0: it asks models." } : {}),
    ...wrongInFilters(draft.filters),
  };
}

/** "10 % of triage, answers under production" */
export function takes({ sample, prompts, labels, filters = {} }: Pick<Live, "sample" | "prompts" | "labels"> & { filters?: Live["filters"] }): string {
  const share = percent(sample, sample * 100 === Math.round(sample * 100) ? 0 : 1);
  const what = prompts.length > 0 ? prompts.join(", ") : "all calls";
  const narrowed = filterWords(filters);
  return `${share} of ${what}${labels.length > 0 ? ` under ${labels.join(", ")}` : ""}${narrowed ? `, ${narrowed}` : ""}`;
}

/** The end of a sentence: what is lost of what waits. */
export function unscored(waiting: number): string {
  if (waiting === 0) return "";
  return `, and ${plural(waiting, "answer")} that ${waiting === 1 ? "waits is" : "wait are"} not scored`;
}

/** What is asked for those of one evaluator, or of all: the table, and what waits for it. */
export const liveOf = (evaluator: string | null, archived: boolean) => ({ query: { evaluator_id: evaluator ?? undefined, archived, limit: 100 } });
