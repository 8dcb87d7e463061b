/** A scoring of past runs in words, and as a form holds it. Pure. */
import type { Schema } from "@/api/client";
import { betweenDays } from "@/lib/days";
import { count } from "@/lib/format";
import { type FilterDraft, filterDraftOf, filterWords, filtersOf, wrongInFilters } from "./filters";

export type Scoring = Schema<"ScoringAnswer">;

export type PastDraft = { evaluator: string | null; prompts: string[]; labels: string[]; filters: FilterDraft; reaction: string; since: string; until: string; newest: string; limit: string };

const NUSD = 1e9;
const NEWEST_MOST = 10_000;

export const REACTIONS = { up: "Thumb up", down: "Thumb down", any: "Any feedback", none: "No feedback" } as const;

export function emptyPast(evaluator: string | null): PastDraft {
  return { evaluator, prompts: [], labels: [], filters: filterDraftOf({}), reaction: "", since: "", until: "", newest: "1000", limit: "5" };
}

export function whatOf({ prompts, labels, filters, reaction, since, until, newest }: PastDraft, evaluator: string): Schema<"WhatToScore"> {
  const { from, to } = betweenDays(since, until);
  return {
    evaluator_id: evaluator,
    prompts,
    labels,
    filters: { ...filtersOf(filters), ...(reaction ? { reaction: reaction as keyof typeof REACTIONS } : {}) },
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
    newest: Number(newest),
  } as Schema<"WhatToScore">;
}

/** With the limit, where models are asked. */
export function scoringOf(draft: PastDraft, evaluator: string, asks: boolean): Schema<"NewScoring"> {
  return { ...whatOf(draft, evaluator), ...(asks ? { limit_nusd: Math.round(Number(draft.limit) * NUSD) } : {}) };
}

export function wrongInPast(draft: PastDraft, asks: boolean): { evaluator?: string; newest?: string; limit?: string; metadata?: string } {
  const newest = Number(draft.newest);
  return {
    ...(draft.evaluator ? {} : { evaluator: "Choose an evaluator." }),
    ...(Number.isInteger(newest) && newest >= 1 && newest <= NEWEST_MOST ? {} : { newest: `A number from 1 to ${count(NEWEST_MOST)}.` }),
    ...(asks && !(draft.limit.trim() !== "" && Number(draft.limit) > 0) ? { limit: "An amount in dollars above 0: it asks models." } : {}),
    ...wrongInFilters(draft.filters),
  };
}

/** "the newest 1,000 of triage under production, with a thumb down" */
export function pastWords(wanted: Readonly<Record<string, unknown>>): string {
  const { prompts, labels, filters, newest } = wanted as { prompts: string[]; labels: string[]; filters: Record<string, unknown>; newest: number };
  const what = prompts.length > 0 ? prompts.join(", ") : "all calls";
  const narrowed = filterWords(filters);
  return `the newest ${count(newest)} of ${what}${labels.length > 0 ? ` under ${labels.join(", ")}` : ""}${narrowed ? `, ${narrowed}` : ""}`;
}

export const WHY: Record<string, string> = { budget: "its limit or a budget is reached", credit: "the credit does not reach" };
