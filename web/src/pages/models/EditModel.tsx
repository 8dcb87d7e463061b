import { useState } from "react";
import { useFormOver } from "@/api/form-over";
import { read, useChange } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Combobox, Field, FieldFault, FormDialog, Input, Textarea, UNCHANGED, errorFor, toast } from "@/kit";
import { EditTiers } from "./EditTiers";
import { PRICES, type PriceRow, type Typed, type WholeModel, changesOf, faultsOf, saidOf, typedOf, wholeOf } from "./model";
import { type TypedTier, faultsOfTier, isWhole, tiersChanged, tiersTyped } from "./tiers";

/** `kept`: what is said of it, also what the form has no field for; without what is measured, which is another one at every call. */
type Form = Typed & { tiers: TypedTier[]; kept: WholeModel };
const AGAIN = ["/v1/models"];

function formOf({ measured_executions: _calls, measured_reliability: _share, measured_latency_ms: _ms, ...kept }: WholeModel): Form {
  return { ...typedOf(kept), tiers: tiersTyped(kept.price_tiers), kept };
}

async function readNow(id: string): Promise<Form> {
  const model = (await read("/v1/models/{model}", { path: { model: id } })) as WholeModel;
  const prices = model.price_version === null ? null : ((await read("/v1/models/{model}/prices", { path: { model: id } })) as { data?: PriceRow[] });
  return formOf(saidOf(model, prices?.data ?? []));
}

/** Changes what is said of a model: one's own, or, for the operator, everybody's. Other prices are a new price version. */
export function EditModel({ model, onClose }: { model: WholeModel; onClose: () => void }) {
  const [first] = useState<Form>(() => formOf(model));
  const over = useFormOver(first, () => readNow(model.id), AGAIN);
  const { draft: typed, change: set } = over;
  const { tiers, kept } = typed;
  const own = useChange("patch", "/v1/models/{model}", { invalidates: AGAIN });
  const everybody = useChange("put", "/v1/platform-models/{platform_model}", { invalidates: AGAIN });
  const isOwn = model.scope === "workspace";
  const change = isOwn ? own : everybody;
  const { choices } = useModels();
  const others = choices.filter((one) => one.value !== model.id);
  const faults = faultsOf(typed);
  const otherPrices = tiersChanged(kept.price_tiers, tiers);
  const changes = { ...changesOf(kept, typed), ...(otherPrices ? { price_tiers: otherPrices } : {}) };
  const areTiersRight = tiers.every((one) => isWhole(one) && Object.keys(faultsOfTier(one, tiers)).length === 0);
  const field = (name: keyof Typed) => ({ value: typed[name], onChange: (event: { target: { value: string } }) => set({ [name]: event.target.value }) });
  const fault = (name: keyof Typed) => faults[name] ?? errorFor(change.error, name);
  const done = { onSuccess: () => { onClose(); toast(`${model.id} is changed`); } };
  const send = () => (isOwn ? own.mutate({ path: { model: model.id }, body: changes as never }, done) : everybody.mutate({ path: { platform_model: model.id }, body: wholeOf(kept, changes) as never }, done));
  return (
    <FormDialog
      wide
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Change ${model.id}`}
      description={isOwn ? "Other prices hold from now on, and each run keeps the one that it was charged by." : "It holds for every workspace of this installation."}
      submit="Save"
      onSubmit={() => over.send(send)}
      over={over}
      busy={change.isPending}
      error={change.error}
      missing={Object.keys(changes).length === 0 ? UNCHANGED : areTiersRight ? undefined : "A step of its prices is not right yet."}
      disabled={Object.keys(changes).length === 0 || Object.keys(faults).length > 0 || !areTiersRight}
    >
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-2 text-13 font-semibold">Prices, $ for a million tokens</legend>
        <div className="grid gap-3 sm:grid-cols-3 md:grid-cols-5">
          {PRICES.map(({ name, label }) => (
            <Field key={name} label={label} error={fault(name)}>
              <Input inputMode="decimal" placeholder={name.startsWith("output") || name.startsWith("input") ? "none" : name.startsWith("reasoning") ? "as output" : "as input"} {...field(name)} />
            </Field>
          ))}
        </div>
      </fieldset>
      <EditTiers tiers={tiers} onChange={(tiers) => set({ tiers })} error={errorFor(change.error, "price_tiers")} />
      <div className="grid gap-3 sm:grid-cols-3">
        <Field label="Name to show" error={fault("display_name")}>
          <Input {...field("display_name")} maxLength={200} />
        </Field>
        <Field label="Context, in tokens" error={fault("context_tokens")}>
          <Input inputMode="numeric" {...field("context_tokens")} />
        </Field>
        <Field label="Longest answer" error={fault("output_tokens")}>
          <Input inputMode="numeric" {...field("output_tokens")} />
        </Field>
      </div>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Can" hint="Such as chat, tools, vision, pdf, json." error={fault("capabilities")}>
          <Input {...field("capabilities")} />
        </Field>
        <Field label="Preferred for" hint="Use cases for which it goes before cheaper ones." error={fault("preferred_for")}>
          <Input {...field("preferred_for")} placeholder="writing, support" />
        </Field>
      </div>
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-2 text-13 font-semibold">What routing goes by</legend>
        <div className="grid gap-3 sm:grid-cols-2 md:grid-cols-4">
          <Field label="Quality, 0 to 1" error={fault("quality_score")}>
            <Input inputMode="decimal" {...field("quality_score")} />
          </Field>
          <Field label="Reliability, 0 to 1" error={fault("reliability_score")}>
            <Input inputMode="decimal" {...field("reliability_score")} />
          </Field>
          <Field label="Half take at most, ms" error={fault("latency_ms")}>
            <Input inputMode="numeric" {...field("latency_ms")} />
          </Field>
          <Field label="Priority" error={fault("priority")}>
            <Input inputMode="numeric" {...field("priority")} />
          </Field>
          <Field label="Quality is from" error={fault("quality_source")}>
            <Input {...field("quality_source")} placeholder="a test run" />
          </Field>
          <Field label="Reliability is from" error={fault("reliability_source")}>
            <Input {...field("reliability_source")} placeholder="measured" />
          </Field>
          <Field label="Time is from" error={fault("latency_source")}>
            <Input {...field("latency_source")} placeholder="measured" />
          </Field>
        </div>
      </fieldset>
      <div className="grid gap-3 sm:grid-cols-3">
        <Choice label="Asked when it fails" value={typed.fallback_model} choices={others} clear="Nobody" onChange={(fallback_model) => set({ fallback_model })} error={fault("fallback_model")} />
        <Choice label="Successor" value={typed.successor} choices={others} clear="None" onChange={(successor) => set({ successor })} error={fault("successor")} />
        <Field label="Its provider ends it on" error={fault("sunset_at")}>
          <Input type="date" {...field("sunset_at")} />
        </Field>
      </div>
      <Field label="Notes" error={fault("notes")}>
        <Textarea rows={2} className="min-h-14!" {...field("notes")} maxLength={2000} />
      </Field>
    </FormDialog>
  );
}

function Choice({ label, value, choices, clear, onChange, error }: { label: string; value: string; choices: ReturnType<typeof useModels>["choices"]; clear: string; onChange: (value: string) => void; error?: string }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-13 font-medium">{label}</span>
      <Combobox label={label} value={value || null} choices={choices} clear={clear} onChange={(next) => onChange(next ?? "")} className="w-full" />
      <FieldFault text={error} />
    </div>
  );
}
