/** What an item of the inbox says, and where it leads. Pure. */
import type { Schema } from "@/api/client";

export type Item = Schema<"InboxItem">;

type OfRun = "execution_id" | "session_id" | "chain_run_id";

/** What was run, of a comment on that; null: of anything else. */
export function runOf(item: Pick<Item, "slug" | OfRun>): string | null {
  if (item.execution_id) return "a run";
  if (item.session_id) return "a session";
  return item.chain_run_id ? `a run of ${item.slug ?? "a chain"}` : null;
}

/** The rest of a sentence that begins with the name of who did it. */
export function whatHappened(item: Pick<Item, "kind" | "slug" | "version" | "against" | OfRun>): string {
  if (item.kind === "queue_asked") return `asks you to look at an answer${item.slug ? ` of ${item.slug} v${item.version ?? "?"}` : ""}`;
  const of = runOf(item) ?? `${item.slug ?? ""} ${item.against === null ? "" : `v${item.against} → `}v${item.version}`;
  if (item.kind === "review_asked") return `asks for a review of ${of}`;
  if (item.kind === "review_decided") return `decided on ${of}`;
  if (item.kind === "mention") return `mentions you in a comment on ${of}`;
  if (item.kind === "answer") return `answered in a thread of yours on ${of}`;
  return `commented on ${of}, which you wrote`;
}

/** What was run, or the version, beside the one that a comment compares it with, and there at the comment; of an answer in the queue the queue, where it comes first, or how it was decided. */
export function placeOf(item: Pick<Item, "slug" | "version" | "against" | "comment_id" | "queue_item_id" | "answer_status" | OfRun>): { to: string; search: Record<string, string> } {
  if (item.queue_item_id) return { to: "/review", search: item.answer_status === "decided" ? { tab: "decided", item: item.queue_item_id } : {} };
  const comment = item.comment_id ?? "";
  if (item.execution_id) return { to: `/runs/${item.execution_id}`, search: { comment } };
  if (item.session_id) return { to: `/sessions/${encodeURIComponent(item.session_id)}`, search: { comment } };
  if (item.chain_run_id) return { to: `/chains/${item.slug}`, search: { tab: "runs", run: item.chain_run_id, comment } };
  return { to: `/prompts/${item.slug}`, search: { tab: "versions", v: String(item.version), ...(item.against === null ? {} : { against: String(item.against) }), ...(item.comment_id === null ? {} : { comment: item.comment_id }) } };
}
