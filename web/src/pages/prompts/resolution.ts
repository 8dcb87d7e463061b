/** What is to stand where two lines changed a part differently. Pure. */
import type { Schema } from "@/api/client";
import { nameOf } from "./content";

export type Conflict = Schema<"ConflictAnswer">;
export type Side = "base" | "ours" | "theirs";
/** A side's, or a text of one's own as far as it is written. */
export type Decided = { take: Side } | { own: string };
type Resolution = Schema<"ResolutionBody">;

/** How a value of one's own is written: `text` as it is, `json`. Null: not here, because lines that go beyond one message can only be taken from a side. */
export function kindOf({ part, base, ours, theirs }: Conflict): "text" | "json" | null {
  const known = [base, ours, theirs].filter((one) => one !== null && one !== undefined);
  if (known.every((one) => typeof one === "string")) return "text";
  return part.startsWith("messages:") ? null : "json";
}

/** A value as one reads it, and as one begins with it, both in the one way in which this part is written: a text among values that are none, such
 * as one `stop` beside several, stands in quotes. */
export function written(value: unknown, kind: "text" | "json" | null): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" && kind !== "json" ? value : JSON.stringify(value, null, 2);
}

/** What to send, or why it cannot be sent yet. Nothing written means that nothing stands there. */
export function resolutionOf(conflict: Conflict, decided: Decided | undefined): { resolution: Resolution } | { fault: string | null } {
  const { part } = conflict;
  if (!decided) return { fault: null };
  if ("take" in decided) return { resolution: { part, take: decided.take } };
  const kind = kindOf(conflict);
  if ((kind === "text" ? decided.own : decided.own.trim()) === "") return { resolution: { part, value: null } };
  if (kind === "text") return { resolution: { part, value: decided.own } };
  try {
    return { resolution: { part, value: JSON.parse(decided.own) as unknown } };
  } catch {
    return { fault: "This cannot be read: it is written as JSON, such as 0.5, true or a text in quotes." };
  }
}

export function nameOfPart(part: string): string {
  const run = /^messages:(\d+)$/.exec(part);
  if (run) return `Lines ${run[1]}`;
  const within = /^(parameters|variants)\.(.+)$/s.exec(part);
  return within ? `${within[1] === "parameters" ? "Variable" : "Text for"} ${within[2]}` : nameOf(part);
}
