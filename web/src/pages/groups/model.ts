/** Calls without a prompt, as the page speaks of them. Pure. */
import type { Schema } from "@/api/client";
import { count } from "@/lib/format";

export type Group = Schema<"burnish_gateway__groups__routes__GroupAnswer">;

/** A group that was found by its instructions has a fingerprint, one that the caller named has that name. */
export function groupName({ group_key: key }: Pick<Group, "group_key">): string {
  return key.startsWith("~") ? `Same instructions, ${key.slice(0, 9)}` : key;
}

/** A slug to begin with: the caller's own name for the group, as far as it may stand in one. */
export function slugOf(key: string): string {
  if (key.startsWith("~")) return "";
  return key
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .replaceAll(/^[-_]+|-+$/g, "")
    .slice(0, 63);
}

/** How well it is liked: the share of thumbs that went up, else the mean of scores; null where nobody said anything. */
export function liking({ feedback }: Pick<Group, "feedback">): { share: number; samples: number } | null {
  const thumbs = feedback.thumbs_up + feedback.thumbs_down;
  if (thumbs > 0) return { share: feedback.thumbs_up / thumbs, samples: thumbs };
  if (feedback.scores > 0 && feedback.mean_score !== null) return { share: feedback.mean_score, samples: feedback.scores };
  return null;
}

/** How many there were, and how many of them succeeded. */
export function callWords({ executions, successes }: Pick<Group, "executions" | "successes">): string {
  if (executions === 1) return successes === 1 ? "1, which succeeded" : "1, which did not succeed";
  if (successes === executions) return `${count(executions)}, all of them succeeded`;
  return `${count(executions)}, ${successes === 0 ? "none" : count(successes)} of them succeeded`;
}
