import { Inbox } from "lucide-react";
import { useAuthors } from "@/api/authors";
import { useChange, usePages, useRead } from "@/api/hooks";
import { UNREAD, countWord } from "@/api/inbox";
import { Badge, Button, EmptyState, Page, Paged, RelativeTime, Segments, SkeletonText, TextLink, announce, toastError } from "@/kit";
import { oneOf, useUrlState } from "@/lib/url-state";
import { type Item, placeOf, runOf, whatHappened } from "./item";

const AGAIN = { invalidates: ["/v1/inbox"] };
const STAND: Record<string, string> = { in_review: "to decide", approved: "approved", sent_back: "sent back", withdrawn: "withdrawn" };
const ANSWER_STAND: Record<string, string> = { waiting: "to do", decided: "done", set_aside: "set aside", passed_on: "no longer yours" };
const shape = { show: oneOf(["unread", "all"], "unread") };

/** What others did that concerns whoever reads this: mentions, answers, comments, and reviews. */
export default function InboxPage() {
  const [{ show }, set] = useUrlState(shape);
  const pages = usePages("/v1/inbox", { query: show === "unread" ? { unread: true } : {} });
  const unread = useRead("/v1/inbox", UNREAD).data?.unread ?? 0;
  const mark = useChange("post", "/v1/inbox/read", AGAIN);
  const newest = pages.rows[0];
  const readAll = () => newest && mark.mutate({ body: { up_to: newest.id, read: true } }, { onSuccess: () => announce("All is read"), onError: toastError });
  return (
    <Page
      title="Inbox"
      subtitle="Comments that mention you, answer you or are about a version of yours; reviews that you are asked for, and what became of yours; answers that you are asked to look at."
      actions={
        <Button disabled={unread === 0 || !newest} why="Nothing is unread" busy={mark.isPending} onClick={readAll}>
          Mark all as read
        </Button>
      }
    >
      <div>
        <Segments
          label="What is shown"
          value={show}
          onChange={(next) => set({ show: next })}
          options={[
            { value: "unread", label: unread > 0 ? `Unread (${countWord(unread)})` : "Unread" },
            { value: "all", label: "All" },
          ]}
        />
      </div>
      <Paged pages={pages} skeleton={<SkeletonText lines={6} />} empty={<Empty isAll={show === "all"} />}>
        <ul aria-label="Inbox" className="flex flex-col divide-y divide-line rounded-m border border-line bg-panel">
          {pages.rows.map((item) => (
            <Told key={item.id} item={item} />
          ))}
        </ul>
      </Paged>
    </Page>
  );
}

/** One thing that happened. Whoever opens it has read it. */
function Told({ item }: { item: Item }) {
  const nameOf = useAuthors();
  const mark = useChange("post", "/v1/inbox/read", AGAIN);
  const isUnread = item.read_at === null;
  const set = (read: boolean) => mark.mutate({ body: { ids: [item.id], read } }, { onError: toastError });
  return (
    <li className="flex flex-wrap items-start justify-between gap-2 px-3 py-2.5">
      <span className="flex min-w-0 flex-1 basis-64 flex-col gap-1">
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1 text-13 wrap-anywhere">
          <span className={isUnread ? "font-medium" : "text-muted"}>
            {nameOf(item.by)} {whatHappened(item)}
          </span>
          {isUnread ? <Badge tone="accent">new</Badge> : null}
          {item.review_status ? <Badge>{STAND[item.review_status] ?? item.review_status}</Badge> : null}
          {item.answer_status ? <Badge tone={item.answer_status === "decided" ? "ok" : undefined}>{ANSWER_STAND[item.answer_status] ?? item.answer_status}</Badge> : null}
          {item.resolved_at ? <Badge tone="ok">settled</Badge> : null}
        </span>
        {item.text ? <span className="line-clamp-3 text-13 text-muted wrap-anywhere">{item.text}</span> : null}
        <span className="flex flex-wrap items-center gap-3 text-12 text-muted">
          <RelativeTime at={item.at} />
          <TextLink {...placeOf(item)} onClick={() => (isUnread ? set(true) : undefined)}>
            {item.queue_item_id ? (item.answer_status === "decided" ? "See what was decided" : "Open the review queue") : `Open ${runOf(item)?.replace(/^a /, "the ") ?? `${item.slug} v${item.version}`}`}
          </TextLink>
        </span>
      </span>
      <Button size="s" variant="ghost" busy={mark.isPending} onClick={() => set(isUnread)}>
        {isUnread ? "Mark as read" : "Mark as unread"}
      </Button>
    </li>
  );
}

function Empty({ isAll }: { isAll: boolean }) {
  return (
    <EmptyState icon={<Inbox size={18} />} title={isAll ? "Nothing has come yet" : "Nothing waits for you"}>
      {isAll ? "Here stands what others say of your versions, where they mention or answer you, and whom they ask for a review, of a version or of an answer." : "What you have read stands under All."}
    </EmptyState>
  );
}
