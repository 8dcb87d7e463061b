import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, errorFor, toast } from "@/kit";
import { money } from "@/lib/format";
import { amountFault, nusdOf } from "./burn";

export function WarningDialog({ open, onOpenChange, below }: { open: boolean; onOpenChange: (open: boolean) => void; below: number | null }) {
  return open ? <Setting onOpenChange={onOpenChange} below={below} /> : null;
}

function Setting({ onOpenChange, below }: { onOpenChange: (open: boolean) => void; below: number | null }) {
  const [typed, setTyped] = useState(below === null ? "" : String(below / 1e9));
  const set = useChange("put", "/v1/credits/warning", { invalidates: ["/v1/credits"] });
  const amount = nusdOf(typed);
  const isWrong = typed.trim() !== "" && (amount === null || amount === 0);
  const submit = () =>
    set.mutate(
      { body: { below_nusd: amount } },
      {
        onSuccess: () => {
          onOpenChange(false);
          toast(amount === null ? "Nobody is warned any more" : `An alert comes when less than ${money(amount)} is left`);
        },
      },
    );
  return (
    <FormDialog open onOpenChange={onOpenChange} title="Warn of low credit" description="It becomes an alert, and goes to your channels." submit="Save" onSubmit={submit} busy={set.isPending} error={set.error} disabled={isWrong}>
      <Field label="Below, in dollars" hint="Empty: no warning." error={isWrong ? amountFault(typed) : errorFor(set.error, "below_nusd")}>
        <Input autoFocus inputMode="decimal" value={typed} onChange={(event) => setTyped(event.target.value)} placeholder="20" />
      </Field>
    </FormDialog>
  );
}
