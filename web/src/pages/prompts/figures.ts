import { useQueries } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { Schema } from "@/api/client";
import { type Answer, keyOf, read } from "@/api/hooks";
import { count } from "@/lib/format";

type Groups = Answer<"/v1/analytics/groups">;
export type GroupFigures = Schema<"GroupFigures">;
/** What the list shows of a prompt, by its live traffic: the last day, and what people said in the last week. */
export type PromptFigures = { day?: GroupFigures; week?: GroupFigures };

const SLUGS_EACH = 50;
const FRESH_MS = 30_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** By whole hours, so that the key of an answer stays the same for a while. */
export function since(ms: number, now = Date.now()): string {
  return new Date(Math.floor(now / HOUR_MS) * HOUR_MS - ms).toISOString();
}

/** The list in parts that stay the same while more rows come. */
export function inParts(slugs: readonly string[], each = SLUGS_EACH): string[][] {
  return Array.from({ length: Math.ceil(slugs.length / each) }, (_, part) => slugs.slice(part * each, (part + 1) * each));
}

export function bySlug(day: readonly (Groups | undefined)[], week: readonly (Groups | undefined)[]): ReadonlyMap<string, PromptFigures> {
  const found = new Map<string, PromptFigures>();
  for (const row of day.flatMap((one) => one?.data ?? [])) found.set(row.group, { day: row });
  for (const row of week.flatMap((one) => one?.data ?? [])) found.set(row.group, { ...found.get(row.group), week: row });
  return found;
}

const NOTHING: ReadonlyMap<string, PromptFigures> = new Map();

/** Figures of these prompts: two answers for each fifty rows, not one for each row. Where a row comes, the others keep what is known of
 * them while all are asked for anew; pending is a list of which most have no figures yet. */
export function usePromptFigures(slugs: readonly string[]): { of: ReadonlyMap<string, PromptFigures>; isPending: boolean; error: unknown } {
  const parts = inParts(slugs);
  const queries = (query: object) =>
    parts.map((prompt) => {
      const params = { query: { group_by: "prompt" as const, prompt, ...query } };
      return { queryKey: keyOf("/v1/analytics/groups", params), queryFn: () => read("/v1/analytics/groups", params), staleTime: FRESH_MS };
    });
  const day = useQueries({ queries: queries({ from: since(DAY_MS), traffic: "live" }), combine: answers });
  const week = useQueries({ queries: queries({ from: since(7 * DAY_MS), traffic: "live" }), combine: answers });
  const found = useMemo(() => bySlug(day.data, week.data), [day.data, week.data]);
  const [asked, setAsked] = useState<{ slugs: ReadonlySet<string>; of: ReadonlyMap<string, PromptFigures> }>({ slugs: new Set(), of: NOTHING });
  const isAsking = day.isPending || week.isPending;
  const all = slugs.join(" ");
  useEffect(() => {
    if (!isAsking) setAsked({ slugs: new Set(all.split(" ")), of: found });
  }, [isAsking, all, found]);
  const of = useMemo(() => (isAsking ? new Map([...asked.of, ...found]) : found), [isAsking, asked, found]);
  const unknown = slugs.filter((slug) => !asked.slugs.has(slug)).length;
  return { of, isPending: isAsking && 2 * unknown > slugs.length, error: day.error ?? week.error };
}

function answers(found: readonly { data?: Groups; isPending: boolean; error: unknown }[]): { data: (Groups | undefined)[]; isPending: boolean; error: unknown } {
  return { data: found.map((one) => one.data), isPending: found.some((one) => one.isPending), error: found.find((one) => one.error)?.error ?? null };
}

/** How many of the runs got no answer; not those that somebody cancelled or a guardrail stopped. */
export function failedOf(figures: Pick<GroupFigures, "errors" | "timeouts" | "rate_limited"> | undefined): number {
  return figures ? figures.errors + figures.timeouts + figures.rate_limited : 0;
}

const NOTABLE_SHARE = 0.05;
const MOST_SHARE = 0.5;

type Failing = { words: string; isMost: boolean; /** What most of them are. */ status: "error" | "timeout" | "rate_limited" };

/** Of a prompt of which more than a few runs failed: how many, and of what kind most are. Null: none, or so few that any prompt has them. */
export function failingOf(figures: Pick<GroupFigures, "errors" | "timeouts" | "rate_limited" | "executions"> | undefined): Failing | null {
  const failed = failedOf(figures);
  if (!figures || failed === 0 || failed < NOTABLE_SHARE * figures.executions) return null;
  const { errors, timeouts, rate_limited } = figures;
  const status = errors >= Math.max(timeouts, rate_limited) ? "error" : timeouts >= rate_limited ? "timeout" : "rate_limited";
  const words = failed >= figures.executions ? (failed === 1 ? "its only run failed" : `all ${count(failed)} runs failed`) : `${count(failed)} of ${count(figures.executions)} runs failed`;
  return { words, isMost: failed >= MOST_SHARE * figures.executions, status };
}

const WORSE: Record<string, string> = { cost: "dearer", latency: "slower", error_rate: "failing" };

/** What an open alert says of its prompt, in as few words: below its target is not the same as worse than before. */
export function wordOf({ kind, metric }: Pick<Schema<"AlertAnswer">, "kind" | "metric">): string {
  if (kind === "feedback_threshold") return "below target";
  return kind === "degradation" ? (WORSE[metric] ?? "falling") : "alert";
}

/** The lower, the sooner it is shown: below its target first, then what is critical. */
function rankOf(alert: Schema<"AlertAnswer">): number {
  return (alert.kind === "feedback_threshold" ? 0 : 2) + (alert.severity === "critical" ? 0 : 1);
}

/** Prompts with an open alert, and of each the one to be shown. */
export function alertedPrompts(alerts: readonly Schema<"AlertAnswer">[]): ReadonlyMap<string, Schema<"AlertAnswer">> {
  const found = new Map<string, Schema<"AlertAnswer">>();
  for (const alert of alerts) {
    if (!alert.prompt || alert.resolved_at || alert.muted) continue;
    const known = found.get(alert.prompt);
    if (!known || rankOf(alert) < rankOf(known)) found.set(alert.prompt, alert);
  }
  return found;
}
