/** Contents that are read into structured results, in words. Pure. */
import type { Schema } from "@/api/client";
import { base64Of, isPdf } from "@/lib/attached";
import { bytes } from "@/lib/format";
import { markedAs, textOfFile } from "@/lib/text-of-file";

export type Job = Schema<"EnrichmentItem">;
export type Source = "conversation" | "youtube" | "document";

export const SOURCES: readonly { value: Source; label: string }[] = [
  { value: "conversation", label: "Conversation" },
  { value: "youtube", label: "Video transcript" },
  { value: "document", label: "Document" },
];

/** Contents of one call; the API says the same. */
export const MANY_MOST = 500;
export const FILE_MOST_BYTES = 7 * 1024 * 1024;
/** Of one that goes as base64, in a body of 8 MiB. */
export const PICKED_MOST_BYTES = 5.9 * 1024 * 1024;

export const STATUSES = ["pending", "processing", "completed", "failed", "cancelled"] as const;

export function sourceName(source: string): string {
  return SOURCES.find((one) => one.value === source)?.label ?? source;
}

/** What it is called: by the caller's own id, its address, its session, else by its kind. */
export function nameOf(job: Pick<Job, "external_id" | "url" | "session_id" | "source_type" | "id">): string {
  return job.external_id ?? job.url ?? job.session_id ?? `${sourceName(job.source_type)} …${job.id.slice(-6)}`;
}

export function isUnderway(job: Pick<Job, "processing_status">): boolean {
  return job.processing_status === "pending" || job.processing_status === "processing";
}

/** "2 of 5 parts"; nothing where it is read at once. */
export function progressOf(job: Pick<Job, "progress" | "processing_status">): string | null {
  const { done, parts } = job.progress;
  return job.processing_status === "processing" && parts !== undefined && parts > 1 ? `${done ?? 0} of ${parts} parts` : null;
}

/** A file that was chosen: a PDF as it is sent, or what a text says. */
export type Picked = { name: string; content: string | { file_data: string } };
export type Draft = { source: Source; from: "text" | "url" | "file"; text: string; url: string; file: Picked | null; name: string; user: string };

/** A file as a content. Throws an Error that says what to do. */
export async function pickedFrom(picked: File): Promise<Picked> {
  if (picked.size > PICKED_MOST_BYTES) throw new Error(`${picked.name} is ${bytes(picked.size)}; at most ${bytes(PICKED_MOST_BYTES)} can be sent. A larger PDF is read from its address.`);
  const raw = new Uint8Array(await picked.arrayBuffer());
  if (raw.length === 0) throw new Error(`${picked.name} holds nothing.`);
  if (isPdf(raw)) return { name: picked.name, content: { file_data: `data:application/pdf;base64,${base64Of(raw)}` } };
  const none = `${picked.name} is neither a PDF nor a text.`;
  if (!markedAs(raw.buffer) && raw.includes(0)) throw new Error(none);
  const text = textOfFile(raw.buffer);
  if (text.includes("\0")) throw new Error(none);
  return { name: picked.name, content: text };
}

/** What is sent. A text that is JSON with messages is a chat; any other one is read as it stands. */
export function bodyOf({ source, from, text, url, file, name, user }: Draft): Schema<"NewEnrichment"> {
  const common = { source_type: source, metadata: {}, ...(name.trim() ? { external_id: name.trim() } : {}), ...(user.trim() ? { user_id: user.trim() } : {}) };
  if (from === "url") return { ...common, url: url.trim() };
  if (from === "file" && file !== null && typeof file.content !== "string") return { ...common, content: file.content };
  const said = from === "file" && typeof file?.content === "string" ? file.content : text;
  return { ...common, content: chatOf(said) ?? said };
}

function chatOf(text: string): { messages: { role: string; content: string }[] } | null {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    const read: unknown = JSON.parse(text);
    const messages = (read as { messages?: unknown } | null)?.messages;
    return Array.isArray(messages) ? { messages: messages as { role: string; content: string }[] } : null;
  } catch {
    return null;
  }
}

type Content = Schema<"Content">;
/** What a line that is a JSON object may say of its content. */
const NAMES = ["content", "messages", "url", "external_id", "user_id", "metadata"];

/** A content a line: a text as it stands, or a JSON object with what the API takes of one. Empty lines are passed over. Throws an Error
 * that names the line and what to mend. */
export function contentsOf(text: string): Content[] {
  const items = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .flatMap((line, at) => (line.trim() ? [contentOf(line.trim(), `Line ${at + 1}`)] : []));
  if (items.length > MANY_MOST) throw new Error(`At most ${MANY_MOST} contents go at once; these are ${items.length}. Send them in parts.`);
  return items;
}

function contentOf(line: string, where: string): Content {
  if (!line.startsWith("{")) return { content: line, metadata: {} };
  let read: Record<string, unknown>;
  try {
    read = JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw new Error(`${where} begins like a JSON object, and is none. Each object stands on one line.`);
  }
  const strange = Object.keys(read).find((name) => !NAMES.includes(name));
  if (strange !== undefined) throw new Error(`${where}: “${strange}” is nothing that a content has. It has ${NAMES.join(", ")}.`);
  const { messages, ...rest } = read;
  const given = ["content", "messages", "url"].filter((name) => read[name] !== undefined);
  if (given.length !== 1) throw new Error(`${where}: give one of content, messages and url.`);
  return { metadata: {}, ...rest, ...(messages === undefined ? {} : { content: { messages } }) } as Content;
}

/** The results of one call as JSON lines, in the order in which its contents were sent, each with its own `id` and `external_id`. `newest` first, as they are listed. */
export function resultLines(newest: readonly Job[]): string {
  return newest
    .toReversed()
    .map((job) => ({
      id: job.id,
      external_id: job.external_id,
      url: job.url,
      processing_status: job.processing_status,
      result: job.result,
      error: job.error,
      prompt: job.prompt,
      version: job.version,
      model: job.model,
      cost_nusd: job.usage["cost_nusd"] ?? 0,
      simulated: job.simulated,
    }))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}
