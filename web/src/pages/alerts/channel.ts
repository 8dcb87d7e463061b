import type { Schema } from "@/api/client";
import { KIND_WORDS, type Kind, type Severity } from "./words";

export type Channel = Schema<"ChannelAnswer">;
export type Filters = { kinds?: Kind[] | null; prompts?: string[] | null; min_severity?: Severity | null };

export const CHANNEL_KINDS = ["email", "slack", "teams", "pagerduty"] as const;
export const CHANNEL_WORDS: Record<Channel["kind"], string> = { email: "E-mail", slack: "Slack", teams: "Teams", pagerduty: "PagerDuty" };

/** "budget, credits, of triage, from error on" */
export function filtersInWords({ kinds, prompts, min_severity: least }: Filters): string {
  return [kinds?.length ? kinds.map((kind) => KIND_WORDS[kind].toLowerCase()).join(", ") : "everything", prompts?.length ? `of ${prompts.join(", ")}` : "", least ? `from ${least} on` : ""].filter(Boolean).join(", ");
}
