import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, errorFor, toast } from "@/kit";
import type { Part } from "./Acts";
import { liveArms, shareWords } from "./model";

/** New shares from now on; results are compared within times of equal shares. */
export function Shares({ experiment, open, onClose }: Part) {
  const arms = liveArms(experiment);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const change = useChange("put", "/v1/experiments/{experiment_id}/allocation", { invalidates: ["/v1/experiments"] });
  const shareOf = (name: string, share: number | null) => (typed[name] === undefined ? (share ?? 0) : Number(typed[name]) / 100);
  const shares = Object.fromEntries(arms.map((one) => [one.name, shareOf(one.name, one.share)]));
  const sum = Object.values(shares).reduce((all, one) => all + one, 0);
  const fault = !Number.isFinite(sum) || Object.values(shares).some((one) => one < 0) ? "Shares in per cent, such as 20." : sum > 1 + 1e-9 ? `Together ${shareWords(sum)}: at most 100 %.` : undefined;
  const submit = () =>
    change.mutate(
      { path: { experiment_id: experiment.id }, body: { shares, revision: experiment.revision } },
      {
        onSuccess: () => {
          onClose();
          toast("The shares are changed");
        },
      },
    );
  return (
    <FormDialog open={open} onOpenChange={(on) => on || onClose()} title="Change the shares" description="Who is in an arm stays in it as far as the new shares allow." submit="Change the shares" onSubmit={submit} busy={change.isPending} error={change.error} disabled={fault !== undefined}>
      {arms.map((one, at) => (
        <Field key={one.name} label={`${one.name}, %`} error={at === arms.length - 1 ? (fault ?? errorFor(change.error, "shares")) : undefined}>
          <Input type="number" min={0} max={100} step="any" autoFocus={at === 0} value={typed[one.name] ?? String(Math.round((one.share ?? 0) * 10_000) / 100)} onChange={(event) => setTyped((was) => ({ ...was, [one.name]: event.target.value }))} />
        </Field>
      ))}
      <p className="text-12 text-muted">{fault ? "" : sum < 1 ? `${shareWords(1 - sum)} are left over: they get what ${experiment.label} names.` : "Nothing is left over."}</p>
    </FormDialog>
  );
}
