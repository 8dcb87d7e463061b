import { X } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { type Members, useMembers } from "@/api/members";
import { needs, useMay } from "@/api/session";
import { Button, CHIP, CHIPS, Combobox, FormError, IconButton, Notice, Textarea, announce, takeChip } from "@/kit";
import { chosenBeside, strangersIn } from "./mentions";

export type Comment = Schema<"CommentAnswer">;
export const AGAIN = { invalidates: ["/v1/prompts/{slug}/comments", "/v1/prompt-comments"] };

/** What a comment is about. `against` null: the version itself; `part` null: all of it. */
export type About = { version: number; against: number | null; part: string | null };

/** A comment, or the answer to one. */
export function AddComment({ slug, about, replyTo, label, onDone }: { slug: string; about: About; replyTo?: string; label: string; onDone?: () => void }) {
  const add = useChange("post", "/v1/prompts/{slug}/comments", AGAIN);
  const send = (said: Said, done: () => void) => add.mutate({ path: { slug }, body: { ...about, ...said, reply_to: replyTo ?? null } }, { onSuccess: () => (done(), onDone?.(), announce(replyTo ? "Your answer is added" : "Your comment is added")) });
  return <Write label={label} submit={replyTo ? "Answer" : "Comment"} isSending={add.isPending} error={add.error} onSend={send} onCancel={replyTo ? onDone : undefined} />;
}

/** The text of one's own comment, and who it mentions. */
export function EditComment({ slug, comment, onDone }: { slug: string; comment: Comment; onDone: () => void }) {
  const change = useChange("patch", "/v1/prompts/{slug}/comments/{comment_id}", AGAIN);
  const send = (said: Said) => change.mutate({ path: { slug, comment_id: comment.id }, body: said }, { onSuccess: () => (onDone(), announce("The comment is saved")) });
  return <Write label="Text of the comment" submit="Save" begin={comment} isSending={change.isPending} error={change.error} onSend={send} onCancel={onDone} />;
}

type Said = { body: string; mentions: string[] };
type WriteProps = { label: string; submit: string; begin?: Comment; isSending: boolean; error: unknown; onSend: (said: Said, done: () => void) => void; onCancel?: () => void };

function Write({ label, submit, begin, isSending, error, onSend, onCancel }: WriteProps) {
  const may = useMay();
  const known = useMembers({ enabled: may.edit });
  const [body, setBody] = useState(begin?.body ?? "");
  // Null: as they were. Who of them stands in the text is known once the members are.
  const [picked, setPicked] = useState<string[] | null>(begin ? null : []);
  const [told, setTold] = useState<string[]>([]);
  const mentions = picked ?? chosenBeside(begin?.body ?? "", begin?.mentions ?? [], known.members);
  const strangers = known.isWhole ? strangersIn(body, known.members) : [];
  const field = useRef<HTMLTextAreaElement>(null);
  const done = () => {
    // Its button is off then, and would take the focus along; who went on elsewhere meanwhile stays there.
    if (field.current?.form?.contains(document.activeElement)) field.current.focus();
    setBody("");
    setPicked([]);
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (isSending || !body.trim()) return;
    // Told once before it is sent: a slip would tell nobody, and nobody would know.
    if (strangers.some((one) => !told.includes(one))) setTold(strangers);
    else onSend({ body: body.trim(), mentions }, done);
  };
  const missed = told.filter((one) => strangers.includes(one));
  return (
    <form onSubmit={send} className="flex flex-col items-start gap-2">
      <Textarea ref={field} aria-label={label} autoFocus={begin !== undefined} rows={2} value={body} maxLength={10_000} readOnly={!may.edit || isSending} placeholder="@ and an e-mail address mentions a member" onChange={(event) => setBody(event.target.value)} className="w-full" />
      {missed.length > 0 ? (
        <div role="alert" className="w-full">
          <Notice tone="warn" title={`No member has the address ${missed.join(", ")}.`}>
            Nobody is told by it. Mend it, choose a member below, or press {submit} again to leave it as it is.
          </Notice>
        </div>
      ) : null}
      <FormError error={error} />
      <div className="flex w-full flex-wrap items-center gap-2">
        <Button type="submit" size="s" busy={isSending} disabled={!may.edit || !body.trim()} why={may.edit ? undefined : needs("editor")}>
          {submit}
        </Button>
        {onCancel ? (
          <Button size="s" variant="ghost" disabled={isSending} onClick={onCancel}>
            Cancel
          </Button>
        ) : null}
        {may.edit ? <Mentions known={known} chosen={mentions} disabled={isSending} onChange={setPicked} /> : null}
      </div>
    </form>
  );
}

/** Members who are told of it, beside those whose address stands in the text. */
function Mentions({ known: { members }, chosen, disabled, onChange }: { known: Members; chosen: readonly string[]; disabled: boolean; onChange: (ids: string[]) => void }) {
  const nameOf = (id: string) => {
    const one = members.find((member) => member.user_id === id);
    return one?.name || one?.email || "A member";
  };
  const choices = members.filter((one) => !one.is_disabled && !chosen.includes(one.user_id)).map((one) => ({ value: one.user_id, label: one.name || one.email || "A member", hint: one.name ? (one.email ?? undefined) : undefined, keywords: [one.email ?? ""] })); // prettier-ignore
  return (
    <div {...CHIPS} className="flex flex-wrap items-center gap-2">
      {chosen.length > 0 ? (
        <ul aria-label="Mentioned" className="flex flex-wrap gap-1">
          {chosen.map((id) => (
            <li key={id} className="inline-flex items-center rounded-s bg-accent-soft pl-2 text-12 text-accent">
              {nameOf(id)}
              <IconButton {...CHIP} size="s" label={`Do not mention ${nameOf(id)}`} icon={<X size={12} aria-hidden />} disabled={disabled} onClick={(event) => takeChip(event, nameOf(id), () => onChange(chosen.filter((one) => one !== id)))} />
            </li>
          ))}
        </ul>
      ) : null}
      <Combobox label="Mention a member" value={null} placeholder="Mention a member…" choices={choices} empty="No other member" disabled={disabled} onChange={(id) => (id ? onChange([...chosen, id]) : undefined)} className="w-52" />
    </div>
  );
}
