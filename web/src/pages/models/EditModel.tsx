import { useState } from "react";
import { useChange } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Combobox, Field, FieldFault, FormDialog, Input, Textarea, errorFor, toast } from "@/kit";
import { EditTiers } from "./EditTiers";
import { PRICES, type Typed, type WholeModel, changesOf, faultsOf, typedOf, wholeOf } from "./model";
import { faultsOfTier, isWhole, tiersChanged, tiersTyped } from "./tiers";

/** Changes what is said of a model: one's own, or, for the operator, everybody's. Other prices are a new price version. */
export function EditModel({ model, onClose }: { model: WholeModel; onClose: () => void }) {
  const [typed, setTyped] = useState(() => typedOf(model));
  const [tiers, setTiers] = useState(() => tiersTyped(model.price_tiers));
  const own = useChange("patch", "/v1/models/{model}", { invalidates: ["/v1/models"] });
  const everybody = useChange("put", "/v1/platform-models/{platform_model}", { invalidates: ["/v1/models"] });
  const isOwn = model.scope === "workspace";
  const change = isOwn ? own : everybody;
  const { choices } = useModels();
  const others = choices.filter((one) => one.value !== model.id);
  const faults = faultsOf(typed);
  const otherPrices = tiersChanged(model.price_tiers, tiers);
  const changes = { ...changesOf(model, typed), ...(otherPrices ? { price_tiers: otherPrices } : {}) };
  const areTiersRight = tiers.every((one) => isWhole(one) && Object.keys(faultsOfTier(one, tiers)).length === 0);
  const field = (name: keyof Typed) => ({ value: typed[name], onChange: (event: { target: { value: string } }) => setTyped((before) => ({ ...before, [name]: event.target.value })) });
  const fault = (name: keyof Typed) => faults[name] ?? errorFor(change.error, name);
  const done = { onSuccess: () => { onClose(); toast(`${model.id} is changed`); } };
  const submit = () => (isOwn ? own.mutate({ path: { model: model.id }, body: changes as never }, done) : everybody.mutate({ path: { platform_model: model.id }, body: wholeOf(model, changes) as never }, done));
  return (
    <FormDialog
      wide
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Change ${model.id}`}
      description={isOwn ? "Other prices hold from now on, and each run keeps the one that it was charged by." : "It holds for every workspace of this installation."}
      submit="Save"
      onSubmit={submit}
      busy={change.isPending}
      error={change.error}
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
      <EditTiers tiers={tiers} onChange={setTiers} error={errorFor(change.error, "price_tiers")} />
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
        <Field label="Can" hint="Such as chat, tools, vision, json." error={fault("capabilities")}>
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
        <Choice label="Asked when it fails" value={typed.fallback_model} choices={others} clear="Nobody" onChange={(fallback_model) => setTyped({ ...typed, fallback_model })} error={fault("fallback_model")} />
        <Choice label="Successor" value={typed.successor} choices={others} clear="None" onChange={(successor) => setTyped({ ...typed, successor })} error={fault("successor")} />
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
