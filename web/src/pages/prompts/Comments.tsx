import { type FormEvent, useState } from "react";
import { useAuthors } from "@/api/authors";
import type { Schema } from "@/api/client";
import { useChange, usePages } from "@/api/hooks";
import { needs, useMay, useSession } from "@/api/session";
import { Badge, Button, FormError, Loaded, Prose, RelativeTime, Section, SkeletonText, Textarea, toastError } from "@/kit";
import { count } from "@/lib/format";

type Comment = Schema<"CommentAnswer">;
const AGAIN = { invalidates: ["/v1/prompts/{slug}/comments", "/v1/prompt-comments"] };

/** What people said of a version, with answers below. */
export function Comments({ slug, version }: { slug: string; version: number }) {
  const pages = usePages("/v1/prompts/{slug}/comments", { path: { slug }, query: { version, limit: 200 } });
  const [replyTo, setReplyTo] = useState<string | null>(null);
  const first = pages.rows.filter((one) => one.reply_to === null);
  const open = first.filter((one) => one.resolved_at === null).length;
  return (
    <Section title={open > 0 ? `Comments (${count(open)} open)` : "Comments"}>
      <Loaded of={{ data: pages.isPending || (pages.error && pages.rows.length === 0) ? undefined : pages.rows, error: pages.error, refetch: pages.retry } as never} skeleton={<SkeletonText lines={2} />}>
        {() => (
          <div className="flex flex-col gap-3">
            {first.length > 0 ? (
              <ul aria-label="Comments" className="flex flex-col gap-3">
                {first.map((one) => (
                  <li key={one.id} className="flex flex-col gap-2 rounded-m border border-line bg-panel p-3">
                    <Said slug={slug} comment={one} onReply={() => setReplyTo(replyTo === one.id ? null : one.id)} />
                    {pages.rows
                      .filter((answer) => answer.reply_to === one.id)
                      .map((answer) => (
                        <div key={answer.id} className="border-l-2 border-line pl-3">
                          <Said slug={slug} comment={answer} />
                        </div>
                      ))}
                    {replyTo === one.id ? <Write slug={slug} version={version} replyTo={one.id} label="Your answer" onDone={() => setReplyTo(null)} /> : null}
                  </li>
                ))}
              </ul>
            ) : null}
            <Write slug={slug} version={version} label="Comment on this version" />
          </div>
        )}
      </Loaded>
    </Section>
  );
}

function Said({ slug, comment, onReply }: { slug: string; comment: Comment; onReply?: () => void }) {
  const nameOf = useAuthors();
  const may = useMay();
  const { user } = useSession();
  const set = useChange("patch", "/v1/prompts/{slug}/comments/{comment_id}", AGAIN);
  const remove = useChange("delete", "/v1/prompts/{slug}/comments/{comment_id}", AGAIN);
  const path = { slug, comment_id: comment.id };
  const isMine = comment.author === `user:${user.id}`;
  const isSettled = comment.resolved_at !== null;
  return (
    <article className="flex flex-col gap-1">
      <p className="flex flex-wrap items-center gap-2 text-12 text-muted">
        <span className="font-medium text-fg">{nameOf(comment.author)}</span>
        <RelativeTime at={comment.created_at} />
        {comment.edited_at ? "edited" : null}
        {isSettled ? <Badge tone="ok">settled</Badge> : null}
      </p>
      <Prose plain text={comment.body} />
      <p className="-ml-2 flex flex-wrap gap-1">
        {onReply ? (
          <Button variant="ghost" size="s" onClick={onReply} disabled={!may.edit} why={needs("editor")}>
            Answer
          </Button>
        ) : null}
        {onReply ? (
          <Button variant="ghost" size="s" busy={set.isPending} disabled={!may.edit} why={needs("editor")} onClick={() => set.mutate({ path, body: { resolved: !isSettled } }, { onError: toastError })}>
            {isSettled ? "Open again" : "Settle"}
          </Button>
        ) : null}
        {isMine ? (
          <Button variant="ghost" size="s" busy={remove.isPending} onClick={() => remove.mutate({ path }, { onError: toastError })}>
            Delete
          </Button>
        ) : null}
      </p>
    </article>
  );
}

function Write({ slug, version, replyTo, label, onDone }: { slug: string; version: number; replyTo?: string; label: string; onDone?: () => void }) {
  const may = useMay();
  const [body, setBody] = useState("");
  const add = useChange("post", "/v1/prompts/{slug}/comments", AGAIN);
  const done = () => {
    setBody("");
    onDone?.();
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!add.isPending && body.trim()) add.mutate({ path: { slug }, body: { version, body: body.trim(), reply_to: replyTo ?? null } }, { onSuccess: done });
  };
  return (
    <form onSubmit={send} className="flex flex-col items-start gap-2">
      <Textarea aria-label={label} rows={2} value={body} maxLength={10_000} readOnly={!may.edit || add.isPending} placeholder="@ and an e-mail address mentions a member" onChange={(event) => setBody(event.target.value)} className="w-full" />
      <FormError error={add.error} />
      <Button type="submit" size="s" busy={add.isPending} disabled={!may.edit || !body.trim()} why={may.edit ? undefined : needs("editor")}>
        {replyTo ? "Answer" : "Comment"}
      </Button>
    </form>
  );
}
