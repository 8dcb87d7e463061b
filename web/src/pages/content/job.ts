/** Contents that are read into structured results, in words. Pure. */
import type { Schema } from "@/api/client";

export type Job = Schema<"EnrichmentItem">;
export type Source = "conversation" | "youtube" | "document";

export const SOURCES: readonly { value: Source; label: string }[] = [
  { value: "conversation", label: "Conversation" },
  { value: "youtube", label: "Video transcript" },
  { value: "document", label: "Document" },
];

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

export type Draft = { source: Source; from: "text" | "url"; text: string; url: string; name: string; user: string };

/** What is sent. A text that is JSON with messages is a chat; any other one is read as it stands. */
export function bodyOf({ source, from, text, url, name, user }: Draft): Schema<"NewEnrichment"> {
  const common = { source_type: source, metadata: {}, ...(name.trim() ? { external_id: name.trim() } : {}), ...(user.trim() ? { user_id: user.trim() } : {}) };
  if (from === "url") return { ...common, url: url.trim() };
  return { ...common, content: chatOf(text) ?? text };
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
