import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Checkbox, Field, FormDialog, Notice, Select, Textarea, errorFor, toast } from "@/kit";
import { spaced } from "@/lib/format";
import type { Part } from "./Acts";
import { controlOf, endedWords, gives, isOver, liveArms, resultsOf, shippedWords } from "./model";

const OLD = ["/v1/experiments", "/v1/prompts"];

/** Ends it by hand, with a winner or without; what was known then stays beside the verdict. */
export function Decide({ experiment, open, onClose, ships }: Part & { ships: boolean }) {
  const arms = liveArms(experiment);
  const results = resultsOf(experiment);
  const better = results?.differences.find((one) => one.state === "better")?.arm;
  const [winner, setWinner] = useState(better ?? arms.find((one) => !one.control)?.name ?? "");
  const [reason, setReason] = useState("");
  const [moves, setMoves] = useState(true);
  const decide = useChange("post", "/v1/experiments/{experiment_id}/decide", { invalidates: OLD });
  const isControl = winner === controlOf(experiment)?.name;
  const model = arms.find((one) => one.name === winner)?.model;
  const submit = () =>
    decide.mutate(
      { path: { experiment_id: experiment.id }, body: { winner: ships ? winner : null, reason: reason.trim(), move_label: ships && moves, revision: experiment.revision } },
      {
        onSuccess: (made) => {
          onClose();
          toast(shippedWords(made));
        },
      },
    );
  // By somebody else, or by its rule; what was written stays to be read. Its own end closes this.
  const isLate = isOver(experiment) && !decide.isPending && !decide.isSuccess;
  const unproven = ships && !isLate && !isControl && better !== winner;
  return (
    <FormDialog open={open} onOpenChange={(on) => on || onClose()} title={ships ? "Ship a winner?" : "Stop without a winner?"} description={ships ? "It ends, and the verdict stays for good." : `It ends, and everybody gets what ${experiment.label} names.`} submit={ships ? "Ship it" : "Stop it"} danger={!ships} onSubmit={submit} busy={decide.isPending} error={decide.error} disabled={!reason.trim() || isLate}>
      {isLate ? (
        <div role="status">
          <Notice tone="warn" title="It ended meanwhile.">{experiment.verdict ? spaced(endedWords(experiment.verdict.sentence)) : "What it came to stands on its page."}</Notice>
        </div>
      ) : null}
      {ships ? (
        <Field label="Winner" error={errorFor(decide.error, "winner")}>
          <Select value={winner} onChange={setWinner} options={arms.map((one) => ({ value: one.name, label: `${one.name} (${gives(one)})` }))} />
        </Field>
      ) : null}
      {unproven ? <Notice tone="warn" title="It is not proven.">{results?.standing ? spaced(results.standing.sentence) : "Nobody came yet."}</Notice> : null /* prettier-ignore */}
      <Field label="Reason" error={errorFor(decide.error, "reason")} required>
        <Textarea autoFocus value={reason} maxLength={2000} onChange={(event) => setReason(event.target.value)} placeholder={ships ? "Customers like it better" : "The question has changed"} />
      </Field>
      {ships ? <Checkbox label={`Move ${experiment.label} to it`} hint={model ? `A version with ${model} is saved for it, where there is none.` : undefined} checked={moves} onChange={(event) => setMoves(event.target.checked)} /> : null}
    </FormDialog>
  );
}
