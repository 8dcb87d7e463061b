import { useState } from "react";
import { useChange } from "@/api/hooks";
import { useSession } from "@/api/session";
import { Field, FormDialog, Input, errorFor, toast } from "@/kit";
import { money } from "@/lib/format";
import { amountFault, nusdOf } from "./burn";

/** Credit for the workspace that is looked at: a new one has none, and its calls are refused until it has. */
export function GrantDialog({ onClose }: { onClose: () => void }) {
  const { workspace } = useSession();
  const [typed, setTyped] = useState("10");
  const [reason, setReason] = useState("");
  const [payment, setPayment] = useState("");
  const grant = useChange("post", "/v1/credits/grants", { invalidates: ["/v1/credits", "/v1/usage"] });
  const amount = nusdOf(typed);
  const isWrong = amount === null || amount === 0;
  const submit = () =>
    workspace &&
    !isWrong &&
    grant.mutate(
      { body: { workspace_id: workspace.id, amount_nusd: amount, reason: reason.trim(), ...(payment.trim() ? { payment: payment.trim() } : {}) } },
      {
        onSuccess: () => {
          onClose();
          toast(`${money(amount)} came in`);
        },
      },
    );
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title={`Add credit to ${workspace?.name ?? "this workspace"}`} description="It is there at once, and stands in the statement with its reason." submit="Add it" onSubmit={submit} busy={grant.isPending} error={grant.error} disabled={isWrong || !reason.trim()}>
      <Field label="Dollars" error={isWrong ? amountFault(typed) : errorFor(grant.error, "amount_nusd")} required>
        <Input autoFocus inputMode="decimal" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </Field>
      <Field label="Reason" error={errorFor(grant.error, "reason")} required>
        <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} placeholder="To try things out" />
      </Field>
      <Field label="Payment" hint="Its id in your own books, where it was paid for: it comes in once, however often it is sent." error={errorFor(grant.error, "payment")}>
        <Input mono value={payment} maxLength={100} onChange={(event) => setPayment(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
