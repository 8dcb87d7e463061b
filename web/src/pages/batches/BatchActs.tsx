import { Pause, Play, Square } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, ConfirmDialog, Field, FormDialog, Input, Money, errorFor, toast, toastError } from "@/kit";
import { count } from "@/lib/format";
import { type Batch, hasEnded } from "./model";

const CHANGED = ["/v1/batches", "/v1/credits"];

/** Pause, resume, cancel: what fits how it stands. */
export function BatchActs({ batch }: { batch: Batch }) {
  const may = useMay();
  const [asking, setAsking] = useState<"cancel" | "ceiling" | null>(null);
  const pause = useChange("post", "/v1/batches/{batch_id}/pause", { invalidates: CHANGED });
  const resume = useChange("post", "/v1/batches/{batch_id}/resume", { invalidates: CHANGED });
  const cancel = useChange("post", "/v1/batches/{batch_id}/cancel", { invalidates: CHANGED });
  if (hasEnded(batch)) return null;
  const path = { batch_id: batch.id };
  const off = { disabled: !may.edit, why: needs("editor") };
  const isPaused = batch.status === "paused";
  const left = batch.request_counts.total - batch.request_counts.completed - batch.request_counts.failed;
  const goOn = () => (batch.pause_reason === "funds" ? setAsking("ceiling") : resume.mutate({ path } as never, { onSuccess: () => toast("It goes on"), onError: toastError }));
  return (
    <>
      {isPaused ? (
        <Button variant="primary" icon={<Play size={14} aria-hidden />} busy={resume.isPending && asking === null} onClick={goOn} {...off}>
          {batch.in_progress_at ? "Resume" : "Begin"}
        </Button>
      ) : batch.status === "cancelling" || batch.status === "pausing" ? null : (
        <Button icon={<Pause size={14} aria-hidden />} busy={pause.isPending} onClick={() => pause.mutate({ path }, { onSuccess: () => toast("What is under way comes to its end; nothing more begins"), onError: toastError })} {...off}>
          Pause
        </Button>
      )}
      {batch.status === "cancelling" ? null : (
        <Button icon={<Square size={12} aria-hidden />} onClick={() => setAsking("cancel")} {...off}>
          Cancel
        </Button>
      )}
      <ConfirmDialog
        open={asking === "cancel"}
        onOpenChange={(open) => setAsking(open ? "cancel" : null)}
        title="Cancel this batch?"
        submit="Cancel the batch"
        cancel="Keep it"
        onSubmit={() => cancel.mutate({ path }, { onSuccess: () => { setAsking(null); toast("The batch stops"); } })}
        busy={cancel.isPending}
        error={cancel.error}
      >
        {count(left)} calls have no answer yet: what is under way stops within a second and is paid as far as it came, the others are not asked. Answers that are there stay. <Money nusd={batch.cost_nusd} /> are spent.
      </ConfirmDialog>
      {asking === "ceiling" ? <Ceiling batch={batch} busy={resume.isPending} error={resume.error} onClose={() => setAsking(null)} onSend={(nusd) => resume.mutate({ path, body: { max_cost_nusd: nusd } } as never, { onSuccess: () => { setAsking(null); toast("It goes on"); } })} /> : null}
    </>
  );
}

function Ceiling({ batch, busy, error, onClose, onSend }: { batch: Batch; busy: boolean; error: unknown; onClose: () => void; onSend: (nusd: number) => void }) {
  const [typed, setTyped] = useState(String(Math.ceil(batch.most_nusd / 1e7) / 100));
  const nusd = Math.round(Number(typed) * 1e9);
  return (
    <FormDialog open onOpenChange={(open) => (open ? undefined : onClose())} title="Resume with a higher ceiling" description="What was set aside for it is used up." submit="Resume" onSubmit={() => onSend(nusd)} busy={busy} error={error} missing={nusd > batch.set_aside_nusd ? undefined : "A ceiling above what was set aside for it."} disabled={!(nusd > batch.set_aside_nusd)}>
      <Field label="Cost ceiling, $" hint={<>All of it can cost <Money nusd={batch.most_nusd} />; <Money nusd={batch.set_aside_nusd} /> were set aside.</>} error={errorFor(error, "max_cost_nusd")} required>
        <Input type="number" min={0} step="any" autoFocus value={typed} onChange={(event) => setTyped(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
