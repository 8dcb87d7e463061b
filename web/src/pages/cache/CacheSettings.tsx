import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { useSession } from "@/api/session";
import { Field, FormDialog, Input, Select, errorFor, toast } from "@/kit";
import { MODES, type Mode } from "./mode";

const UNITS = [
  { value: "60", label: "minutes" },
  { value: "3600", label: "hours" },
  { value: "86400", label: "days" },
] as const;
type Unit = (typeof UNITS)[number]["value"];
const WEEK_S = 604_800;

/** Who gets an answer that was given before, and for how long it is kept: of the whole workspace. */
export function CacheSettings({ cache, onClose }: { cache: Schema<"CacheAnswer">; onClose: () => void }) {
  const { workspace } = useSession();
  const [mode, setMode] = useState<Mode>(cache.mode as Mode);
  const first: Unit = cache.ttl_s % 86_400 === 0 ? "86400" : cache.ttl_s % 3_600 === 0 ? "3600" : "60";
  const [unit, setUnit] = useState<Unit>(first);
  const [amount, setAmount] = useState(String(cache.ttl_s / Number(first)));
  const seconds = Math.round(Number(amount) * Number(unit));
  const isFit = seconds >= 1 && seconds <= WEEK_S;
  const change = useChange("patch", "/v1/workspaces/{workspace_id}", { invalidates: ["/v1/cache", "/v1/workspaces"] });
  const submit = () =>
    change.mutate(
      { path: { workspace_id: workspace?.id ?? "" }, body: { cache_mode: mode, cache_ttl_s: seconds } },
      {
        onSuccess: () => {
          onClose();
          toast("Saved; it holds everywhere within a second");
        },
      },
    );
  return (
    <FormDialog open onOpenChange={(open) => (open ? undefined : onClose())} title="Who gets kept answers" description="A call says it, else its version, else this." submit="Save" onSubmit={submit} busy={change.isPending} error={change.error} disabled={!isFit || (mode === cache.mode && seconds === cache.ttl_s)}>
      <Field label="An answer is given again" error={errorFor(change.error, "cache_mode")}>
        <Select value={mode} onChange={setMode} options={MODES} />
      </Field>
      <div className="grid grid-cols-2 items-end gap-4">
        <Field label="It is kept for" error={isFit ? errorFor(change.error, "cache_ttl_s") : "From 1 second to a week."}>
          <Input inputMode="decimal" value={amount} onChange={(event) => setAmount(event.target.value)} />
        </Field>
        <Field label="Unit" hideLabel>
          <Select value={unit} onChange={setUnit} options={UNITS} />
        </Field>
      </div>
    </FormDialog>
  );
}
