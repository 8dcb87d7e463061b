import type { Schema } from "@/api/client";
import { KINDS, KIND_WORDS, type Kind, type Severity } from "./words";

export type Channel = Schema<"ChannelAnswer">;
/** What a channel can be narrowed to: alerts of a kind, and what happens to rollouts and experiments. */
export type Told = Kind | "experiment";
export const TOLD: readonly Told[] = [...KINDS, "experiment"];
export const TOLD_WORDS: Record<Told, string> = { ...KIND_WORDS, experiment: "Rollouts and experiments" };
export type Filters = { kinds?: Told[] | null; prompts?: string[] | null; min_severity?: Severity | null };

export const CHANNEL_KINDS = ["email", "slack", "teams", "pagerduty"] as const;
export const CHANNEL_WORDS: Record<Channel["kind"], string> = { email: "E-mail", slack: "Slack", teams: "Teams", pagerduty: "PagerDuty" };

/** "budget, credits, of triage, from error on" */
export function filtersInWords({ kinds, prompts, min_severity: least }: Filters): string {
  return [kinds?.length ? kinds.map((kind) => TOLD_WORDS[kind].toLowerCase()).join(", ") : "everything", prompts?.length ? `of ${prompts.join(", ")}` : "", least ? `from ${least} on` : ""].filter(Boolean).join(", ");
}
