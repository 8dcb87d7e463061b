import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, errorFor, toast } from "@/kit";
import { money } from "@/lib/format";
import type { Scoring } from "./past";

const NUSD = 1e9;

/** Another limit of a scoring; one that waits goes on. */
export function RaiseLimit({ scoring, onClose }: { scoring: Scoring; onClose: () => void }) {
  const [typed, setTyped] = useState(String((scoring.limit_nusd ?? 0) / NUSD));
  const patch = useChange("patch", "/v1/scorings/{scoring_id}", { invalidates: ["/v1/scorings"] });
  const wrong = typed.trim() !== "" && Number(typed) > 0 ? undefined : "An amount in dollars above 0.";
  const send = () => patch.mutate({ path: { scoring_id: scoring.id }, body: { limit_nusd: Math.round(Number(typed) * NUSD), active: true } }, { onSuccess: () => (onClose(), toast("It goes on with this limit")) });
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`Limit of the scoring by ${scoring.evaluator}`} submit="Save, and go on" onSubmit={send} busy={patch.isPending} error={patch.error} disabled={wrong !== undefined} missing={wrong}>
      <Field label="May cost at most, $" hint={`${money(scoring.spent_nusd + scoring.held_nusd)} of it is spent or held.`} error={wrong ?? errorFor(patch.error, "limit_nusd")} required>
        <Input inputMode="decimal" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
