/** Inbound endpoints: where in another system's messages a reaction stands, as somebody writes it, and what is sent. Pure. */
import type { Schema } from "@/api/client";

export type Inbound = Schema<"InboundAnswer">;
export type Mapping = Schema<"MappingBody">;
export type Trial = Schema<"TrialAnswer">;
export type Scheme = Inbound["scheme"];

/** Fields of a mapping, each with an example; `metric.name` and `imported.source` are words, all others expressions. */
export const WHO = [
  ["execution_id", "Id of the run", "data.ticket.execution"],
  ["session_id", "Or the session's id", "data.conversation"],
  ["user_id", "Who reacted", "data.customer"],
] as const;
export const WHAT = [
  ["thumb", "Thumb", "data.vote", "up or down, true or false, 1 or 0"],
  ["score", "Score", "(data.rating - 1) / 4", "From 0 to 1."],
  ["comment", "Comment", "data.words", ""],
  ["correction", "What would have been right", "data.answer", ""],
] as const;
export const MORE = [
  ["when", "Only messages for which", 'type == "rating.created"', "Others are answered and left alone."],
  ["metric.value", "Value of a metric", "data.seconds", "With its name beside it."],
  ["metric.name", "The metric's name", "handling_time", "The name itself, no expression."],
  ["imported.id", "Id of an imported run", "data.trace", "Instead of the run's id, where it came from elsewhere."],
  ["imported.source", "Where it came from", "langfuse", "The name itself; “import” if empty."],
  ["id", "The sender's own id", "data.id", "Repeats count once."],
] as const;
export type Name = (typeof WHO)[number][0] | (typeof WHAT)[number][0] | (typeof MORE)[number][0];
export type Typed = Partial<Record<Name, string>>;

/** What is filled in, with `metric.name` and the like as objects of their own. */
export function mappingOf(typed: Typed): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [field, words] of Object.entries(typed)) {
    const [whole = "", part] = field.split(".");
    if (!words.trim()) continue;
    if (part) given[whole] = { ...(given[whole] as object | undefined), [part]: words.trim() };
    else given[whole] = words.trim();
  }
  return given;
}

/** A saved mapping as it stands in the form. */
export function typedOf(mapping: Inbound["mapping"]): Typed {
  return Object.fromEntries(Object.entries(mapping).flatMap(([field, words]) => (typeof words === "string" ? [[field, words]] : Object.entries(words).map(([part, text]) => [`${field}.${part}`, text])))) as Typed;
}

/** What of an endpoint is changed where it stands, as it is typed: name, header, prefix, encoding, and the fields of its mapping; empty where there is none. */
export type Parts = Partial<Record<Name | "name" | "header" | "prefix" | "encoding", string>>;

export function partsOf(of: Inbound): Parts {
  return { name: of.name, header: of.header ?? "", prefix: of.prefix, encoding: of.encoding, ...typedOf(of.mapping) };
}

/** A part that somebody else changed: what it says now, and what was typed in its place; `mine` null where nothing was. */
export type News = { part: keyof Parts; theirs: string; mine: string | null };

/** What was typed over `base`, put over what somebody saved meanwhile: their changes come in where nothing was typed, and all of them are told. */
export function rebased(base: Parts, typed: Parts, theirs: Parts): { typed: Parts; news: News[] } {
  const parts = [...new Set([...Object.keys(base), ...Object.keys(typed), ...Object.keys(theirs)])] as (keyof Parts)[];
  const says = (of: Parts, part: keyof Parts) => (of[part] ?? "").trim();
  const news = parts
    .filter((part) => says(theirs, part) !== says(base, part) && says(theirs, part) !== says(typed, part))
    .map((part) => ({ part, theirs: says(theirs, part), mine: says(typed, part) === says(base, part) ? null : (typed[part] ?? "") }));
  const mine = parts.filter((part) => says(typed, part) !== says(base, part));
  return { typed: { ...theirs, ...Object.fromEntries(mine.map((part) => [part, typed[part] ?? ""])) }, news };
}

const LABELS: Parts = { name: "Name", header: "Header with the signature", prefix: "What stands before it", encoding: "Written as", ...Object.fromEntries([...WHO, ...WHAT, ...MORE].map(([part, label]) => [part, label])) };

/** As a part is called in the form. */
export function labelOf(part: keyof Parts): string {
  return LABELS[part] ?? part;
}

/** What a mapping still lacks, in words; null where it can be sent. */
export function missingIn(typed: Typed): string | null {
  const given = mappingOf(typed);
  if (!given["execution_id"] && !given["session_id"] && !given["imported"]) return "where the run's or session's id stands";
  return given["metric"] || WHAT.some(([field]) => given[field]) ? null : "where a thumb, a score, words or a metric stand";
}

/** A message as an object; a fault in words where it is none. */
export function messageOf(typed: string): { payload: Record<string, unknown> | null; fault?: string } {
  if (!typed.trim()) return { payload: null };
  try {
    const read: unknown = JSON.parse(typed);
    if (typeof read === "object" && read !== null && !Array.isArray(read)) return { payload: read as Record<string, unknown> };
  } catch {
    return { payload: null, fault: "This is no JSON yet." };
  }
  return { payload: null, fault: "A message is a JSON object." };
}

export const REASONS: Record<string, string> = { signature: "not signed as it should be", body: "nothing that is taken", mapping: "no feedback by the mapping", too_many: "too many at once", too_large: "too long", throttled: "not signed as it should be, again and again" };
