/** What the review queue says, in words. Pure. */
import type { Schema } from "@/api/client";

export type Detail = Schema<"ReviewDetail">;
export type Item = Schema<"ReviewAnswer">;
export type Listed = Schema<"ListedReview">;
export type Reason = Detail["reasons"][number];

export const REASONS: Record<Reason, string> = { picked: "picked by somebody", low_rated: "rated low", corrected: "corrected", disagreement: "judges disagree", uncertain: "uncertain score", sampled: "drawn at random" };

/** What was asked: the variables by name, else the messages. */
export function askedOf({ variables, messages }: Pick<Detail, "variables" | "messages">): { name: string; text: string }[] {
  const named = Object.entries(variables ?? {});
  if (named.length > 0) return named.map(([name, value]) => ({ name, text: textOf(value) }));
  return (messages ?? []).map((message) => ({ name: String(message["role"] ?? "message"), text: textOf(message["content"]) }));
}

/** What people and evaluators said of it, a line each. */
export function saidOf({ feedback, scores }: Pick<Detail, "feedback" | "scores">): string[] {
  return [
    ...feedback.map((one) => [one["thumb"] === "down" ? "Thumb down" : one["thumb"] === "up" ? "Thumb up" : one["kind"] === "score" ? `Score ${textOf(one["value"] ?? one["score"])}` : metricOf(one["metric"]) ?? "Feedback", one["comment"] ? `: ${textOf(one["comment"])}` : "", one["correction"] ? `, should be: ${textOf(one["correction"])}` : ""].join("")),
    ...scores.map((one) => `${textOf(one["evaluator"] ?? one["name"] ?? one["kind"] ?? "Evaluator")}: ${one["passed"] === true ? "passed" : one["passed"] === false ? "not passed" : textOf(one["score"]) || "no score"}${one["reason"] ? `, ${textOf(one["reason"])}` : ""}`),
  ];
}

function metricOf(metric: unknown): string | undefined {
  const { name, value } = (metric ?? {}) as { name?: string; value?: number };
  return name ? `${name} = ${textOf(value)}` : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value, null, 1);
}
