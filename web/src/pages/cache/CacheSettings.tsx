import { useState } from "react";
import type { Schema } from "@/api/client";
import { useFormOver } from "@/api/form-over";
import { read, useChange } from "@/api/hooks";
import { useSession } from "@/api/session";
import { Field, FormDialog, Input, Select, UNCHANGED, errorFor, toast } from "@/kit";
import { MODES, type Mode } from "./mode";

const UNITS = [
  { value: "60", label: "minutes" },
  { value: "3600", label: "hours" },
  { value: "86400", label: "days" },
] as const;
type Unit = (typeof UNITS)[number]["value"];
const WEEK_S = 604_800;

type Draft = { mode: Mode; kept: { amount: string; unit: Unit } };

function draftOf({ mode, ttl_s: seconds }: Pick<Schema<"CacheAnswer">, "mode" | "ttl_s">): Draft {
  const unit: Unit = seconds % 86_400 === 0 ? "86400" : seconds % 3_600 === 0 ? "3600" : "60";
  return { mode: mode as Mode, kept: { amount: String(seconds / Number(unit)), unit } };
}

function secondsOf({ amount, unit }: Draft["kept"]): number {
  return Math.round(Number(amount) * Number(unit));
}

/** Who gets an answer that was given before, and for how long it is kept: of the whole workspace. */
export function CacheSettings({ cache, onClose }: { cache: Schema<"CacheAnswer">; onClose: () => void }) {
  const { workspace } = useSession();
  const [first] = useState<Draft>(() => draftOf(cache));
  const over = useFormOver(first, async () => draftOf(await read("/v1/cache")), ["/v1/cache"]);
  const { mode, kept } = over.draft;
  const seconds = secondsOf(kept);
  const isFit = seconds >= 1 && seconds <= WEEK_S;
  const change = useChange("patch", "/v1/workspaces/{workspace_id}", { invalidates: ["/v1/cache", "/v1/workspaces"] });
  const send = () =>
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
    <FormDialog open onOpenChange={(open) => (open ? undefined : onClose())} title="Who gets kept answers" description="A call says it, else its version, else this." submit="Save" onSubmit={() => over.send(send)} busy={change.isPending} error={change.error} over={over} missing={isFit && mode === over.base.mode && seconds === secondsOf(over.base.kept) ? UNCHANGED : undefined} disabled={!isFit || (mode === over.base.mode && seconds === secondsOf(over.base.kept))}>
      <Field label="An answer is given again" error={errorFor(change.error, "cache_mode")}>
        <Select value={mode} onChange={(next: Mode) => over.change({ mode: next })} options={MODES} />
      </Field>
      <div className="grid grid-cols-2 items-end gap-4">
        <Field label="It is kept for" error={isFit ? errorFor(change.error, "cache_ttl_s") : "From 1 second to a week."}>
          <Input inputMode="decimal" value={kept.amount} onChange={(event) => over.change({ kept: { ...kept, amount: event.target.value } })} />
        </Field>
        <Field label="Unit" hideLabel>
          <Select value={kept.unit} onChange={(next: Unit) => over.change({ kept: { ...kept, unit: next } })} options={UNITS} />
        </Field>
      </div>
    </FormDialog>
  );
}
