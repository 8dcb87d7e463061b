import { useState } from "react";
import { useAuthors } from "@/api/authors";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, Field, FormDialog, RelativeTime, Textarea, errorFor, toast, toastError } from "@/kit";
import { amid } from "@/lib/format";
import { PickMembers } from "@/kit/comments/PickMembers";
import { whyNot } from "./why";

type Found = Schema<"VersionReview">;
const WORDS = { draft: "not reviewed", in_review: "in review", approved: "approved" } as const;
const TONES = { draft: "neutral", in_review: "warn", approved: "ok" } as const;
const ASKING = { list: "Reviewers", remove: "Take out", pick: "Choose a reviewer" };
const DECIDED: Record<string, string> = { approved: "approved it", sent_back: "sent it back", withdrawn: "withdrew it" };
const AGAIN = { invalidates: ["/v1/prompts", "/v1/version-reviews"] };
const wasTakenBack = (one: Found["reviews"][number]) => one.status === "sent_back" && one.approved_at !== null;

/** Whether somebody has looked at the version, who, and what they said. Protected labels move to approved versions alone. */
export function Review({ slug, version }: { slug: string; version: number }) {
  const found = useRead("/v1/prompts/{slug}/versions/{version}/review", { path: { slug, version } });
  const review = found.data?.version === version ? found.data : null;
  const nameOf = useAuthors();
  if (!review) return <div className="min-h-12" aria-busy={found.isPending || undefined} />;
  return (
    <section aria-label="Review" className="flex min-h-12 flex-col gap-2 rounded-m border border-line bg-panel px-3 py-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="flex items-center gap-2 text-13">
          Review <Badge tone={TONES[review.status]}>{WORDS[review.status]}</Badge>
        </span>
        <Acts slug={slug} review={review} />
      </div>
      {review.reviews.length > 0 ? (
        <ol className="flex flex-col gap-1 text-12">
          {review.reviews.slice(0, 5).map((one) => (
            <li key={one.id} className="flex flex-col gap-1 wrap-anywhere">
              {one.decided_at ? <Told who={nameOf(one.decided_by ?? "")} what={wasTakenBack(one) ? "took the approval back" : (DECIDED[one.status] ?? one.status)} at={one.decided_at} words={one.comment} /> : null}
              {wasTakenBack(one) ? <Told who={nameOf(one.approved_by ?? "")} what="approved it" at={one.approved_at ?? ""} words={one.approval_comment} /> : null}
              <Told who={nameOf(one.requested_by)} what={one.reviewers.length > 0 ? `asked ${one.reviewers.map((id) => amid(nameOf(`user:${id}`))).join(", ")} for it` : "asked for it"} at={one.requested_at} words={one.note} />
            </li>
          ))}
        </ol>
      ) : null}
    </section>
  );
}

function Told({ who, what, at, words }: { who: string; what: string; at: string; words: string }) {
  return (
    <span>
      <span className="text-muted">
        {who} {what} <RelativeTime at={at} />
        {words ? ": " : ""}
      </span>
      {words}
    </span>
  );
}

function Acts({ slug, review }: { slug: string; review: Found }) {
  const may = useMay();
  const [act, setAct] = useState<"ask" | "back" | null>(null);
  const approve = useChange("post", "/v1/prompts/{slug}/versions/{version}/review/approve", AGAIN);
  const withdraw = useChange("post", "/v1/prompts/{slug}/versions/{version}/review/withdraw", AGAIN);
  const path = { slug, version: review.version };
  const off = { disabled: !may.editPrompts, why: may.editPrompts ? undefined : (whyNot(may) ?? needs("editor")) };
  const notOwn = review.approval_refused ? { disabled: true, why: review.approval_refused } : {};
  const close = () => setAct(null);
  return (
    <span className="flex flex-wrap gap-2">
      {review.status === "draft" ? (
        <Button size="s" {...off} onClick={() => setAct("ask")}>
          Ask for a review…
        </Button>
      ) : (
        <>
          {review.status === "in_review" ? (
            <Button size="s" {...off} busy={withdraw.isPending} onClick={() => withdraw.mutate({ path }, { onSuccess: () => toast("Withdrawn: nobody is asked any more"), onError: toastError })}>
              Withdraw
            </Button>
          ) : null}
          <Button size="s" {...off} onClick={() => setAct("back")}>
            Send back…
          </Button>
        </>
      )}
      {review.status === "in_review" ? (
        <Button size="s" variant="primary" {...notOwn} {...(may.editPrompts ? {} : off)} busy={approve.isPending} onClick={() => approve.mutate({ path, body: { comment: "" } }, { onSuccess: () => toast(`v${review.version} is approved`), onError: toastError })}>
          Approve
        </Button>
      ) : null}
      {act === "ask" ? <Ask path={path} onClose={close} /> : null}
      {act === "back" ? <SendBack path={path} onClose={close} /> : null}
    </span>
  );
}

type DialogProps = { path: { slug: string; version: number }; onClose: () => void };

function Ask({ path, onClose }: DialogProps) {
  const [note, setNote] = useState("");
  const [reviewers, setReviewers] = useState<string[]>([]);
  const ask = useChange("post", "/v1/prompts/{slug}/versions/{version}/review", AGAIN);
  const done = () => {
    onClose();
    toast(`v${path.version} is in review`);
  };
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`Ask for a review of v${path.version}`} description="Any editor may decide, where the workspace does not say otherwise. It stands in the inbox of whom you choose, else of all who may." submit="Ask" busy={ask.isPending} error={ask.error} onSubmit={() => ask.mutate({ path, body: { note: note.trim(), reviewers } }, { onSuccess: done })}>
      <Field label="What to look at" error={errorFor(ask.error, "note")}>
        <Textarea autoFocus rows={3} value={note} maxLength={5_000} onChange={(event) => setNote(event.target.value)} />
      </Field>
      <PickMembers words={ASKING} chosen={reviewers} disabled={ask.isPending} onChange={setReviewers} />
    </FormDialog>
  );
}

function SendBack({ path, onClose }: DialogProps) {
  const [comment, setComment] = useState("");
  const send = useChange("post", "/v1/prompts/{slug}/versions/{version}/review/send-back", AGAIN);
  const done = () => {
    onClose();
    toast(`v${path.version} is sent back`);
  };
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`Send v${path.version} back`} description="An approval is taken back by it, too. Labels stay where they are." submit="Send back" busy={send.isPending} error={send.error} disabled={!comment.trim()} onSubmit={() => send.mutate({ path, body: { comment: comment.trim() } }, { onSuccess: done })}>
      <Field label="What is missing" required error={errorFor(send.error, "comment")}>
        <Textarea autoFocus rows={3} value={comment} maxLength={5_000} onChange={(event) => setComment(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
