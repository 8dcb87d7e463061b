import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useAuthors } from "@/api/authors";
import { useChange, usePages, useRead } from "@/api/hooks";
import { needs, useMay, useSession } from "@/api/session";
import { Badge, Button, Loaded, Prose, RelativeTime, Section, Select, SkeletonText, TextLink, announce, toastError } from "@/kit";
import { classes } from "@/lib/classes";
import { count } from "@/lib/format";
import { AGAIN, type About, AddComment, type Comment, EditComment } from "./WriteComment";
import { contentOf, nameOf as nameOfPart, partsToComment } from "./content";

const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };

/** What people said of a version, or of how it differs from another one, with answers below. `against`: the one that it is compared with now.
 *  `wanted`: the comment that a link leads to; it is brought into sight and has the focus. */
export function Comments({ slug, version, against = null, wanted = "" }: { slug: string; version: number; against?: number | null; wanted?: string }) {
  const pages = usePages("/v1/prompts/{slug}/comments", { path: { slug }, query: { version, limit: 200 } });
  const [replyTo, setReplyTo] = useState<string | null>(null);
  const list = useRef<HTMLUListElement>(null);
  // The form of an answer goes, and the focus goes on where it was opened.
  const answered = (id: string) => {
    flushSync(() => setReplyTo(null));
    list.current?.querySelector<HTMLElement>(`[data-answer="${id}"]`)?.focus();
  };
  const first = pages.rows.filter((one) => one.reply_to === null);
  const open = first.filter((one) => one.resolved_at === null).length;
  return (
    <Section title={open > 0 ? `Comments (${count(open)} open)` : "Comments"}>
      <Loaded of={{ data: pages.isPending || (pages.error && pages.rows.length === 0) ? undefined : pages.rows, error: pages.error, refetch: pages.retry } as never} skeleton={<SkeletonText lines={2} />}>
        {() => (
          <div className="flex flex-col gap-3">
            {first.length > 0 ? (
              <ul ref={list} aria-label="Comments" className="flex flex-col gap-3">
                {first.map((one) => (
                  <li key={one.id} className="flex flex-col gap-2 rounded-m border border-line bg-panel p-3">
                    <Said slug={slug} comment={one} shown={against} isWanted={one.id === wanted} onReply={() => setReplyTo(replyTo === one.id ? null : one.id)} />
                    {pages.rows
                      .filter((answer) => answer.reply_to === one.id)
                      .map((answer) => (
                        <div key={answer.id} className="border-l-2 border-line pl-3">
                          <Said slug={slug} comment={answer} shown={against} isWanted={answer.id === wanted} />
                        </div>
                      ))}
                    {replyTo === one.id ? <AddComment slug={slug} about={{ version, against: one.against, part: one.part }} replyTo={one.id} label="Your answer" onDone={() => answered(one.id)} /> : null}
                  </li>
                ))}
              </ul>
            ) : null}
            <New slug={slug} version={version} against={against} />
          </div>
        )}
      </Loaded>
    </Section>
  );
}

/** A comment on the difference that is on screen, or on the version by itself; on all of it, or on a part. */
function New({ slug, version, against }: { slug: string; version: number; against: number | null }) {
  const [isAlone, setAlone] = useState(false);
  const [part, setPart] = useState("");
  const other = isAlone ? null : against;
  const after = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, NEVER_OLD).data;
  const before = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version: other ?? version } }, NEVER_OLD).data;
  const parts = after && before ? partsToComment(other === null ? null : contentOf(before), contentOf(after)) : [];
  // A part that does not differ from what is compared with now is not what one comments on.
  const about: About = { version, against: other, part: parts.includes(part) ? part : null };
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        {against === null ? null : (
          <Select compact aria-label="What the comment is about" value={isAlone ? "version" : "difference"} onChange={(next) => setAlone(next === "version")} options={[{ value: "difference", label: `v${against} → v${version}` }, { value: "version", label: `v${version} by itself` }]} />
        )}
        {parts.length > 0 ? <Select compact aria-label="Which part the comment is about" value={about.part ?? ""} empty="All of it" onChange={setPart} options={parts.map((one) => ({ value: one, label: nameOfPart(one) }))} /> : null}
      </div>
      <AddComment slug={slug} about={about} label={other === null ? "Comment on this version" : `Comment on v${other} → v${version}`} />
    </div>
  );
}

/** `shown`: which version it is compared with on screen. `isWanted`: see `Comments`. */
function Said({ slug, comment, shown, isWanted, onReply }: { slug: string; comment: Comment; shown: number | null; isWanted: boolean; onReply?: () => void }) {
  const nameOf = useAuthors();
  const [isEditing, setEditing] = useState(false);
  const may = useMay();
  const { user } = useSession();
  const set = useChange("patch", "/v1/prompts/{slug}/comments/{comment_id}", AGAIN);
  const remove = useChange("delete", "/v1/prompts/{slug}/comments/{comment_id}", AGAIN);
  const path = { slug, comment_id: comment.id };
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
        {comment.against === null || !isFirst ? null : <Between slug={slug} version={comment.version} against={comment.against} isShown={comment.against === shown} />}
        {comment.part && isFirst ? <Badge>{nameOfPart(comment.part)}</Badge> : null}
        {isSettled ? <Badge tone="ok">settled</Badge> : null}
      </p>
      {isEditing ? <EditComment slug={slug} comment={comment} onDone={edited} /> : <Prose plain text={comment.body} />}
      {comment.mentions.length > 0 && !isEditing ? <p className="text-12 text-muted wrap-anywhere">Mentions {comment.mentions.map((one) => one.name ?? "a former member").join(", ")}</p> : null}
      <p className="-ml-2 flex flex-wrap gap-1">
        {onReply ? (
          <Button variant="ghost" size="s" data-answer={comment.id} onClick={onReply} disabled={!may.edit} why={needs("editor")}>
            Answer
          </Button>
        ) : null}
        {onReply ? (
          <Button variant="ghost" size="s" busy={set.isPending} disabled={!may.edit} why={needs("editor")} onClick={() => set.mutate({ path, body: { resolved: !isSettled } }, { onError: toastError })}>
            {isSettled ? "Open again" : "Settle"}
          </Button>
        ) : null}
        {isMine && !isEditing ? (
          <Button variant="ghost" size="s" data-edit disabled={!may.edit} why={needs("editor")} onClick={() => setEditing(true)}>
            Edit
          </Button>
        ) : null}
        {isMine ? (
          <Button variant="ghost" size="s" busy={remove.isPending} onClick={() => remove.mutate({ path }, { onSuccess: removed, onError: toastError })}>
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

/** Which difference it is about; it leads there where another one is on screen. */
function Between({ slug, version, against, isShown }: { slug: string; version: number; against: number; isShown: boolean }) {
  const words = `v${against} → v${version}`;
  if (isShown) return <Badge tone="accent">{words}</Badge>;
  return (
    <TextLink to={`/prompts/${slug}`} search={{ tab: "versions", v: String(version), against: String(against) }} className="numeric">
      {words}
    </TextLink>
  );
}
