import { MessageSquarePlus } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { useAuthors } from "@/api/authors";
import { invalidate, useChange } from "@/api/hooks";
import { useKeptText } from "@/api/kept-text";
import { needs, useMay, useSession } from "@/api/session";
import { Button, Field, FormError, Prose, RelativeTime, Section, Segments, Textarea, errorFor, toast, toastError } from "@/kit";
import { BOOKED_MS } from "@/kit/execution/Thumbs";
import type { Execution, Reaction } from "@/kit/execution/types";
import { amid } from "@/lib/format";
import { Earlier } from "@/pages/feedback/Earlier";
import { Correction, What } from "@/pages/feedback/What";
import { TakeBack } from "@/pages/feedback/TakeBack";
import { senderOf, whoSaid } from "@/pages/feedback/said";

const THUMBS = [
  { value: "none", label: "No thumb" },
  { value: "up", label: "Good" },
  { value: "down", label: "Bad" },
] as const;

type Thumb = (typeof THUMBS)[number]["value"];

export function Feedback({ run }: { run: Execution }) {
  const may = useMay();
  const comment = useKeptText(`comment on run ${run.id}`);
  const correction = useKeptText(`correction of run ${run.id}`);
  const [adding, setAdding] = useState(may.edit && comment.text + correction.text !== "");
  const add = useRef<HTMLButtonElement>(null);
  // Where the form was opened from, and not at what stands beside it, which takes a reaction back.
  const wasAdding = useRef(adding);
  useEffect(() => {
    if (wasAdding.current && !adding && document.activeElement === document.body) add.current?.focus();
    wasAdding.current = adding;
  }, [adding]);
  const done = () => {
    setAdding(false);
    comment.set("");
    correction.set("");
  };
  return (
    <Section
      title="Feedback"
      actions={
        adding ? null : (
          <Button ref={add} size="s" icon={<MessageSquarePlus size={12} aria-hidden />} disabled={!may.edit} why={needs("editor")} onClick={() => setAdding(true)}>
            Add feedback
          </Button>
        )
      }
    >
      {adding ? <AddFeedback run={run} comment={comment} correction={correction} onDone={done} /> : null}
      <Reactions reactions={run.feedback} empty="Nobody has said anything about this answer." />
    </Section>
  );
}

type Kept = ReturnType<typeof useKeptText>;

function AddFeedback({ run, comment: { text: comment, ...commenting }, correction: { text: correction, ...correcting }, onDone }: { run: Execution; comment: Kept; correction: Kept; onDone: () => void }) {
  const { user } = useSession();
  const queries = useQueryClient();
  const [thumb, setThumb] = useState<Thumb>("none");
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => void (isHere.current = false);
  }, []);
  // Also for whoever went elsewhere before the answer was there: what they wrote stands here again, and they hear of it.
  const send = useChange("post", "/v1/feedback", {
    onRefused: ({ body }, error) => {
      commenting.set(body.comment ?? "");
      correcting.set(typeof body.correction === "string" ? body.correction : "");
      if (!isHere.current) toastError(error);
    },
  });
  const nothing = thumb === "none" && !comment.trim() && !correction.trim();
  const submit = () => {
    // Whoever goes elsewhere before the answer is there finds nothing to send once more.
    commenting.forget();
    correcting.forget();
    send.mutate(
      { body: { execution_id: run.id, user_id: user.email, ...(thumb === "none" ? {} : { thumb }), ...(comment.trim() ? { comment } : {}), ...(correction.trim() ? { correction } : {}) } },
      {
        onSuccess: () => {
          onDone();
          toast(correction.trim() ? "Feedback taken; the correction waits in the review queue" : "Feedback taken");
          setTimeout(() => void invalidate(queries, ["/v1/executions", "/v1/sessions", "/v1/feedback"]), BOOKED_MS);
        },
      },
    );
  };
  return (
    <form
      aria-label="Add feedback"
      className="flex flex-col gap-3 rounded-m border border-line bg-panel p-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!nothing && !send.isPending) submit();
      }}
    >
      <span>
        <Segments label="Thumb" options={THUMBS} value={thumb} onChange={setThumb} />
      </span>
      <Field label="Comment" error={errorFor(send.error, "comment")}>
        <Textarea rows={2} className="min-h-14" readOnly={send.isPending} value={comment} onChange={(event) => commenting.set(event.target.value)} />
      </Field>
      <Field label="What it should have said" error={errorFor(send.error, "correction")}>
        <Textarea rows={2} className="min-h-14" readOnly={send.isPending} value={correction} onChange={(event) => correcting.set(event.target.value)} placeholder={run.output?.slice(0, 200) ?? ""} />
      </Field>
      <FormError error={send.error} />
      <div className="flex justify-end gap-2">
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" variant="primary" busy={send.isPending} disabled={nothing}>
          Send
        </Button>
      </div>
    </form>
  );
}

/** Current reactions, each with who, when, and what it took the place of. */
export function Reactions({ reactions, empty }: { reactions: readonly Reaction[]; empty: string }) {
  const nameOf = useAuthors();
  const { user } = useSession();
  // A name that turns the direction of what follows turns nothing of ours.
  const sentence = ({ who, by }: ReturnType<typeof whoSaid>) => (
    <>
      <bdi>{who}</bdi>
      {by ? <>, by way of <bdi>{amid(by)}</bdi></> : null}
    </>
  );
  if (reactions.length === 0) return <p className="text-13 text-muted">{empty}</p>;
  return (
    <ul className="flex flex-col overflow-hidden rounded-m border border-line bg-panel">
      {reactions.map((one) => (
        <li key={one.feedback_id + one.kind} className="flex flex-col gap-1.5 border-b border-line px-3 py-2 last:border-b-0">
          <span className="flex flex-wrap items-center gap-2">
            <What reaction={one} />
            <span className="text-12 text-muted wrap-anywhere">
              {sentence(whoSaid(one.user_id, one.sent_by ? nameOf(senderOf(one.sent_by)) : null, user.email))}
            </span>
            <RelativeTime at={one.accepted_at} className="ml-auto text-12 text-muted" />
            <TakeBack id={one.feedback_id} kinds={[one.kind, ...reactions.filter((other) => other.feedback_id === one.feedback_id && other !== one).map((other) => other.kind)]} who={one.user_id ?? "no name"} />
          </span>
          {one.comment ? <Prose text={one.comment} plain /> : null}
          {one.correction ? <Correction text={one.correction} /> : null}
          <Earlier of={one} />
        </li>
      ))}
    </ul>
  );
}
