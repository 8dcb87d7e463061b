/** What stands beside an entry, in words. */
import type { Schema } from "@/api/client";

export type Item = Schema<"EntryItem">;
export type Entry = Schema<"EntryAnswer">;

export type Template = Schema<"TemplateItem">;
export type TemplateEntry = Schema<"TemplateAnswer">;

export const ORIGINS = { shipped: "Ships with Burnish", workspace: "Yours", shared: "Shared" } as const;

/** A value of a variable as it is read. */
export function valueOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

export const VISIBILITIES = { organization: "Your organization", public: "Everybody here" } as const;

/** Words of a text with commas between them, each once. */
export function wordsOf(typed: string): string[] {
  return [...new Set(typed.split(",").map((one) => one.trim()).filter(Boolean))];
}

/** Lines of a text that say something, each once. */
export function linesOf(typed: string): string[] {
  return [...new Set(typed.split("\n").map((one) => one.trim()).filter(Boolean))];
}

/** What a prompt may be called, made of anything: lower case, digits, - and _. */
export function slugOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9_]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 63);
}

export type Text = { role: string; text: string };

/** The messages as they are read: a text each; what is no text stays JSON. */
export function textsOf(content: { messages: readonly Record<string, unknown>[] }): Text[] {
  return content.messages.map((message) => ({ role: String(message["role"] ?? "message"), text: saidBy(message) }));
}

function saidBy({ role, content, name }: Record<string, unknown>): string {
  if (typeof content === "string") return content;
  if (role === "placeholder") return `(messages of the call: ${String(name ?? "history")})`;
  return content === undefined || content === null ? "" : JSON.stringify(content, null, 2);
}

const TOLD_ELSEWHERE = new Set(["messages", "model"]);

/** The settings of a version that were given, as names and values. */
export function settingsOf(content: object): [name: string, value: string][] {
  return Object.entries(content).flatMap(([name, value]) => (TOLD_ELSEWHERE.has(name) || value === null || value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [[name.replaceAll("_", " "), typeof value === "string" ? value : JSON.stringify(value)]]));
}
