/** What an item of the inbox says, and where it leads. Pure. */
import type { Schema } from "@/api/client";

export type Item = Schema<"InboxItem">;

/** The rest of a sentence that begins with the name of who did it. */
export function whatHappened(item: Pick<Item, "kind" | "slug" | "version" | "against">): string {
  if (item.kind === "queue_asked") return `asks you to look at an answer${item.slug ? ` of ${item.slug} v${item.version ?? "?"}` : ""}`;
  const of = `${item.slug ?? ""} ${item.against === null ? "" : `v${item.against} → `}v${item.version}`;
  if (item.kind === "review_asked") return `asks for a review of ${of}`;
  if (item.kind === "review_decided") return `decided on ${of}`;
  if (item.kind === "mention") return `mentions you in a comment on ${of}`;
  if (item.kind === "answer") return `answered in a thread of yours on ${of}`;
  return `commented on ${of}, which you wrote`;
}

/** The version, beside the one that a comment compares it with, and there at the comment; of an answer in the queue the queue, where it comes first, or how it was decided. */
export function placeOf(item: Pick<Item, "slug" | "version" | "against" | "comment_id" | "queue_item_id" | "answer_status">): { to: string; search: Record<string, string> } {
  if (item.queue_item_id) return { to: "/review", search: item.answer_status === "decided" ? { tab: "decided", item: item.queue_item_id } : {} };
  return { to: `/prompts/${item.slug}`, search: { tab: "versions", v: String(item.version), ...(item.against === null ? {} : { against: String(item.against) }), ...(item.comment_id === null ? {} : { comment: item.comment_id }) } };
}
