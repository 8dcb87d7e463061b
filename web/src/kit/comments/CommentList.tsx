import { type ReactNode, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useAuthors } from "@/api/authors";
import { needs, useMay, useSession } from "@/api/session";
import { Badge, Button, Loaded, Notice, Prose, RelativeTime, Section, SkeletonText, announce, toastError } from "@/kit";
import { classes } from "@/lib/classes";
import { count } from "@/lib/format";
import { AddComment, EditComment } from "./WriteComment";
import { type About, type Comment, type Place, useChangeComment, useComments, useDeleteComment } from "./requests";

type Props = {
  place: Place;
  /** The comment that a link leads to; it is brought into sight and has the focus. */
  wanted?: string;
  /** What an answer to this comment is about, where it is about a version. */
  aboutOf?: (comment: Comment) => About;
  /** What stands beside who wrote it and when. */
  badges?: (comment: Comment) => ReactNode;
  /** The form of a new one. */
  children: ReactNode;
};

/** What people said of something, with answers below, and the form of a new comment. */
export function CommentList({ place, wanted = "", aboutOf, badges, children }: Props) {
  const pages = useComments(place);
  const [replyTo, setReplyTo] = useState<Comment | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const { hasMore, isLoadingMore, error, loadMore } = pages;
  const isFurther = hasMore && liesFurther(pages.rows, wanted);
  useEffect(() => {
    if (isFurther && !isLoadingMore && !error) loadMore();
  }, [isFurther, isLoadingMore, error, loadMore]);
  // The form of an answer goes, and the focus goes on where it was opened.
  const answered = (id: string) => {
    flushSync(() => setReplyTo(null));
    list.current?.querySelector<HTMLElement>(`[data-answer="${id}"]`)?.focus();
  };
  const first = pages.rows.filter((one) => one.reply_to === null);
  const open = first.filter((one) => one.resolved_at === null).length;
  return (
    <Section title={open > 0 ? `Comments (${count(open)}${pages.hasMore ? "+" : ""} open)` : "Comments"}>
      <Loaded of={{ data: pages.isPending || (pages.error && pages.rows.length === 0) ? undefined : pages.rows, error: pages.error, refetch: pages.retry } as never} skeleton={<SkeletonText lines={2} />}>
        {() => (
          <div className="flex flex-col gap-3">
            {first.length > 0 ? (
              <ul ref={list} aria-label="Comments" className="flex flex-col gap-3">
                {first.map((one) => (
                  <li key={one.id} className="flex flex-col gap-2 rounded-m border border-line bg-panel p-3">
                    <Said place={place} comment={one} badges={badges?.(one)} isWanted={one.id === wanted} onReply={() => setReplyTo(replyTo?.id === one.id ? null : one)} />
                    {pages.rows
                      .filter((answer) => answer.reply_to === one.id)
                      .map((answer) => (
                        <div key={answer.id} className="border-l-2 border-line pl-3">
                          <Said place={place} comment={answer} isWanted={answer.id === wanted} />
                        </div>
                      ))}
                    {replyTo?.id === one.id ? <AddComment place={place} about={aboutOf?.(one)} replyTo={one.id} label="Your answer" onDone={() => answered(one.id)} /> : null}
                  </li>
                ))}
              </ul>
            ) : null}
            {replyTo && !first.some((one) => one.id === replyTo.id) ? (
              <div className="flex flex-col gap-2">
                <Notice tone="warn" title="The comment that you answer was deleted.">
                  What you wrote is sent as a comment of its own.
                </Notice>
                <AddComment place={place} about={aboutOf?.(replyTo)} instead={replyTo.id} label="Your answer" onDone={() => setReplyTo(null)} />
              </div>
            ) : null}
            {wanted && !isFurther && !pages.rows.some((one) => one.id === wanted) ? <p className="text-13 text-muted">The comment that this link leads to is not here any more.</p> : null}
            {pages.hasMore ? (
              <div role="status" className="flex flex-wrap items-center gap-3 text-12 text-muted">
                {pages.error ? <span>More could not be loaded: {pages.error.message}</span> : null}
                <Button size="s" onClick={pages.loadMore} busy={pages.isLoadingMore}>
                  Load older comments
                </Button>
              </div>
            ) : null}
            {children}
          </div>
        )}
      </Loaded>
    </Section>
  );
}

/** Whether older ones hold the comment that is `wanted`, or the one that it answers. Ids grow with time, and the newest come first. */
function liesFurther(rows: readonly Comment[], wanted: string): boolean {
  const oldest = rows.at(-1)?.id;
  if (!wanted || oldest === undefined) return false;
  const found = rows.find((one) => one.id === wanted);
  return found ? found.reply_to !== null && found.reply_to < oldest : wanted < oldest;
}

function Said({ place: where, comment, badges, isWanted, onReply }: { place: Place; comment: Comment; badges?: ReactNode; isWanted: boolean; onReply?: () => void }) {
  const nameOf = useAuthors();
  const [isEditing, setEditing] = useState(false);
  const may = useMay();
  const { user } = useSession();
  const set = useChangeComment(where, comment.id);
  const remove = useDeleteComment(where, comment.id);
  const isMine = comment.author === `user:${user.id}`;
  const isFirst = comment.reply_to === null;
  const isSettled = comment.resolved_at !== null;
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isWanted) return;
    place.current?.focus({ preventScroll: true });
    place.current?.scrollIntoView({ block: "center" });
  }, [isWanted]);
  const edited = () => {
    flushSync(() => setEditing(false));
    place.current?.querySelector<HTMLElement>("[data-edit]")?.focus();
  };
  const removed = () => {
    placeAfter(place.current, isFirst)?.focus();
    announce("The comment is deleted");
  };
  return (
    <article ref={place} tabIndex={isWanted ? -1 : undefined} className={classes("flex flex-col gap-1", isWanted && "rounded-m outline-2 outline-offset-4 outline-accent")}>
      <p className="flex flex-wrap items-center gap-2 text-12 text-muted">
        <span className="font-medium text-fg">{nameOf(comment.author)}</span>
        <RelativeTime at={comment.created_at} />
        {comment.edited_at ? "edited" : null}
        {badges}
        {isSettled ? <Badge tone="ok">settled</Badge> : null}
      </p>
      {isEditing ? <EditComment place={where} comment={comment} onDone={edited} /> : <Prose plain text={comment.body} />}
      {comment.mentions.length > 0 && !isEditing ? <p className="text-12 text-muted wrap-anywhere">Mentions {comment.mentions.map((one) => one.name ?? "a former member").join(", ")}</p> : null}
      <p className="-ml-2 flex flex-wrap gap-1">
        {onReply ? (
          <Button variant="ghost" size="s" data-answer={comment.id} onClick={onReply} disabled={!may.edit} why={needs("editor")}>
            Answer
          </Button>
        ) : null}
        {onReply ? (
          <Button variant="ghost" size="s" busy={set.isPending} disabled={!may.edit} why={needs("editor")} onClick={() => set.settle(!isSettled, toastError)}>
            {isSettled ? "Open again" : "Settle"}
          </Button>
        ) : null}
        {isMine && !isEditing ? (
          <Button variant="ghost" size="s" data-edit disabled={!may.edit} why={needs("editor")} onClick={() => setEditing(true)}>
            Edit
          </Button>
        ) : null}
        {isMine || may.admin ? (
          <Button variant="ghost" size="s" busy={remove.isPending} disabled={!may.edit} why={needs("editor")} onClick={() => remove.send({ onSuccess: removed, onError: toastError })}>
            Delete
          </Button>
        ) : null}
      </p>
    </article>
  );
}

/** Where one goes on after a comment is deleted, with its answers where it `isFirst`: at the next one, else the one before, else at a new one. */
function placeAfter(gone: HTMLElement | null, isFirst: boolean): HTMLElement | null | undefined {
  const list = gone?.closest("ul");
  const all = [...(list?.querySelectorAll("article") ?? [])].filter((one) => one === gone || !isFirst || one.closest("li") !== gone?.closest("li"));
  const at = all.findIndex((one) => one === gone);
  const next = all[at + 1] ?? all[at - 1];
  return next?.querySelector<HTMLElement>("button:not(:disabled)") ?? list?.parentElement?.querySelector<HTMLElement>(":scope > div textarea");
}
