/** What a version says, as the page compares, changes and sends it. Pure. */
import type { Schema } from "@/api/client";
import { type Json, type PromptTemplate, TemplateError, type VariableType, parseMessages } from "@/lib/template";
import { mergedText } from "./merge";

export type Version = Schema<"burnish_gateway__registry__answers__VersionAnswer">;
/** What a draft lies over: a version's number, and what it says. */
export type Base = { version: number; [field: string]: unknown };
export type Message = { role: string; content?: string; name?: string; optional?: boolean };
export type Parameter = { type?: VariableType; default?: Json; description?: string };
/** The text that a model gets in place of the version's, by its name or the beginning of names with a "*". */
export type Variant = { model: string; messages: Message[] };
export type Content = { messages: Message[]; variants?: Variant[]; model: string; parameters?: Record<string, Parameter>; [field: string]: unknown };

/** In the order in which they are shown. */
export const FIELDS = [
  "messages", "variants", "model", "provider", "fallback_models", "temperature", "max_tokens", "top_p", "frequency_penalty", "presence_penalty", "stop", "seed", "reasoning_effort", "output_format", "json_schema", "response_format", "tools", "tool_choice", "timeout_s", "parameters", "test_cases", "success_criteria", "quality_threshold", "features",
  "parallel_tool_calls", "logit_bias", "n", "logprobs", "top_logprobs", "input_validators", "output_validators", "repair_output", "retry_policy", "fallback_cheaper", "fallback_version", "requirements", "cache", "cacheable_messages", "examples", "extra", "config",
] as const; // prettier-ignore

/** Those that the form has no control of its own for: they are edited as JSON. */
export const AS_JSON = ["provider", "response_format", "test_cases", "success_criteria", "quality_threshold", "features", "parallel_tool_calls", "logit_bias", "n", "logprobs", "top_logprobs", "retry_policy", "fallback_cheaper", "fallback_version", "requirements", "examples"] as const;

const NAMES: Record<string, string> = {
  messages: "Text", variants: "Texts for certain models", model: "Model", provider: "Provider", fallback_models: "Fallback models", temperature: "Temperature", max_tokens: "Max tokens", top_p: "Top p", frequency_penalty: "Frequency penalty",
  presence_penalty: "Presence penalty", stop: "Stop", seed: "Seed", reasoning_effort: "Reasoning effort", output_format: "Output format", json_schema: "JSON schema", response_format: "Response format", tools: "Tools",
  tool_choice: "Tool choice", timeout_s: "Timeout", parameters: "Variables", test_cases: "Test cases", success_criteria: "Success criteria", quality_threshold: "Quality threshold", features: "Features",
  parallel_tool_calls: "Parallel tool calls", logit_bias: "Logit bias", n: "Answers a call", logprobs: "Logprobs", top_logprobs: "Top logprobs", input_validators: "Input validators", output_validators: "Output validators",
  repair_output: "Repair output", retry_policy: "Retry policy", fallback_cheaper: "Fall back to cheaper", fallback_version: "Fallback version", requirements: "Requirements", cache: "Cache", cacheable_messages: "Cacheable messages", examples: "Examples", extra: "Extra", config: "Config",
}; // prettier-ignore

export function nameOf(part: string): string {
  const message = /^messages\[(\d+)\]$/.exec(part);
  return message ? `Message ${Number(message[1]) + 1}` : (NAMES[part] ?? part);
}

export function contentOf(version: object): Content {
  const given = version as Record<string, unknown>;
  const found = Object.fromEntries(FIELDS.filter((field) => given[field] !== undefined && given[field] !== null).map((field) => [field, given[field]]));
  const messages = (found.messages ?? []) as Record<string, unknown>[];
  const variants = (found.variants ?? []) as { messages: Record<string, unknown>[] }[];
  return { ...found, messages: messages.map(withoutNulls), ...(variants.length > 0 ? { variants: variants.map((one) => ({ ...one, messages: one.messages.map(withoutNulls) })) } : {}) } as Content;
}

function withoutNulls(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

/** Whether two values say the same, whatever the order of their keys. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)])); // prettier-ignore
}

/** The fields that differ. An empty list or object is as good as none. */
export function changedFields(before: Content, after: Content): string[] {
  return FIELDS.filter((field) => !same(orNone(before[field]), orNone(after[field])));
}

function orNone(value: unknown): unknown {
  return value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0) ? null : value;
}

/** What a comment can be about: what differs; where there is nothing to compare with, what is set. */
export function partsToComment(before: Content | null, after: Content): string[] {
  const most = Math.max(before?.messages.length ?? 0, after.messages.length);
  const messages = Array.from({ length: most }, (_, index) => index).filter((index) => !before || !same(before.messages[index], after.messages[index]));
  const settings = before ? changedFields(before, after) : FIELDS.filter((field) => orNone(after[field]) !== null);
  return [...messages.map((index) => `messages[${index}]`), ...settings.filter((field) => field !== "messages")];
}

/** What to send so that `before` becomes `after`: a null takes a setting away. */
export function changeOf(before: Content, after: Content): Record<string, unknown> {
  return Object.fromEntries(changedFields(before, after).map((field) => [field, orNone(after[field])]));
}

/** The parts by which three contents are compared: each message by itself where all three have the same ones. */
function partsOf(...all: Content[]): string[] {
  const [first, ...others] = all;
  const shape = (one: Content | undefined) => one?.messages.map((message) => message.role).join() ?? "";
  const texts = others.every((one) => shape(one) === shape(first)) ? (first?.messages ?? []).map((_, index) => `messages[${index}]`) : ["messages"];
  return [...texts, ...FIELDS.slice(1)];
}

function partAt(content: Content, part: string): unknown {
  const message = /^messages\[(\d+)\]$/.exec(part);
  return message ? content.messages[Number(message[1])] : orNone(content[part]);
}

/** A message that both changed, in other lines: both changes in one. Null where they touch each other. */
function mergedMessage(base: Content, newest: Content, draft: Content, part: string): Message | null {
  if (!part.startsWith("messages[")) return null;
  const [before, theirs, mine] = [base, newest, draft].map((one) => partAt(one, part) as Message);
  if (!before || !theirs || !mine || !same({ ...before, content: "" }, { ...theirs, content: "" })) return null;
  const content = mergedText(before.content ?? "", theirs.content ?? "", mine.content ?? "");
  return content === null ? null : { ...mine, content };
}

export type Meeting = { byNewest: string[]; byDraft: string[]; /** Messages that both changed in other lines: both changes are kept. */ merged: string[]; conflicts: string[] };

/** Who changed what since `base`. Conflicts: what both changed, differently, and what cannot be put together by itself. */
export function meetingOf(base: Content, newest: Content, draft: Content): Meeting {
  const parts = partsOf(base, newest, draft);
  const differs = (a: Content, b: Content) => parts.filter((part) => !same(partAt(a, part), partAt(b, part)));
  const byNewest = differs(base, newest);
  const byDraft = differs(base, draft);
  const byBoth = byDraft.filter((part) => byNewest.includes(part) && !same(partAt(newest, part), partAt(draft, part)));
  const merged = byBoth.filter((part) => mergedMessage(base, newest, draft, part) !== null);
  return { byNewest, byDraft, merged, conflicts: byBoth.filter((part) => !merged.includes(part)) };
}

/** The draft's changes put over the newest version; of the conflicts, those in `theirs` stay as the newest has them. */
export function mergedOnto(base: Content, newest: Content, draft: Content, theirs: ReadonlySet<string>): Content {
  const merged: Content = { ...newest, messages: [...newest.messages] };
  const met = meetingOf(base, newest, draft);
  for (const part of met.byDraft) {
    if (theirs.has(part)) continue;
    const message = /^messages\[(\d+)\]$/.exec(part);
    const both = met.merged.includes(part) ? mergedMessage(base, newest, draft, part) : null;
    if (message) merged.messages[Number(message[1])] = both ?? (partAt(draft, part) as Message);
    else if (orNone(draft[part]) === null) delete merged[part];
    else merged[part] = draft[part];
  }
  return merged;
}

/** A setting in a few words; null where it is not set. */
export function inWords(field: string, value: unknown): string | null {
  if (orNone(value) === null) return null;
  if (field === "timeout_s") return `${String(value)} s`;
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

export type Read = { template: PromptTemplate | null; error: TemplateError | null };

/** The template of a content, or why it is none. */
export function readTemplate(content: Content): Read {
  try {
    return { template: parseMessages(content.messages, content.parameters), error: null };
  } catch (error) {
    if (error instanceof TemplateError) return { template: null, error };
    throw error;
  }
}

/** What a caller has to give from now on and had not to before, sorted; nothing where a text cannot be read. */
export function newlyRequired(before: Content, after: Content): string[] {
  const [was, is] = [readTemplate(before).template, readTemplate(after).template];
  return was && is ? is.required.filter((name) => !was.required.includes(name)) : [];
}

/** The order of magnitude of tokens in a text: four bytes of UTF-8 each. No two models count alike. */
export function roughTokens(texts: readonly string[]): number {
  const encoder = new TextEncoder();
  return texts.reduce((sum, text) => sum + Math.ceil(encoder.encode(text).length / 4) + 4, 0);
}
