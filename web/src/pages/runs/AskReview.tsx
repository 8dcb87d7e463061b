import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { labelOf, useMemberChoices } from "@/api/members";
import { Combobox, Field, FormDialog, Textarea, errorFor, toast } from "@/kit";

/** Puts an answer into the review queue: for whoever comes, or for one member, whose inbox says so. */
export function AskReview({ execution, onClose }: { execution: string; onClose: () => void }) {
  const [note, setNote] = useState("");
  const [assignee, setAssignee] = useState<{ id: string; name: string } | null>(null);
  const { members, choices, ...found } = useMemberChoices([], { enabled: true, editors: true });
  const review = useChange("post", "/v1/review", { invalidates: ["/v1/review", "/v1/inbox"] });
  const choose = (id: string | null) => {
    const one = members.find((member) => member.user_id === id);
    setAssignee(id ? { id, name: one ? labelOf(one) : "A member" } : null);
  };
  // Whoever is chosen is named also while one looks for somebody else, but last: Enter takes the first.
  const shown = assignee && choices.every((one) => one.value !== assignee.id) ? [...choices, { value: assignee.id, label: assignee.name }] : choices;
  const done = (made: Schema<"ReviewAnswer">) => {
    onClose();
    toast(made.status === "decided" ? "It is in the review queue already, and decided" : assignee ? `In the review queue, and in the inbox of ${assignee.name}` : "In the review queue");
  };
  const submit = () => review.mutate({ body: { execution_id: execution, note: note.trim() || null, assignee: assignee?.id ?? null } }, { onSuccess: done });
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title="Ask for a review of this answer" description="It comes before all others in the review queue." submit="Ask" busy={review.isPending} error={review.error} onSubmit={submit}>
      <Field label="What to look at" error={errorFor(review.error, "note")}>
        <Textarea autoFocus rows={3} value={note} maxLength={2_000} onChange={(event) => setNote(event.target.value)} />
      </Field>
      <Field label="Who should look" hint="It stands in their inbox, and nobody else is given it. Nobody chosen: whoever comes." error={errorFor(review.error, "assignee")}>
        <Combobox label="Who should look" value={assignee?.id ?? null} clear="Whoever comes" choices={shown} {...found} onChange={choose} />
      </Field>
    </FormDialog>
  );
}
