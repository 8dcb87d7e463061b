import { Plus, Trash2 } from "lucide-react";
import { Button, Checkbox, Field, FieldFault, IconButton, Input, Select, errorFor } from "@/kit";
import { type Draft, type GuardDraft, unitOf } from "./draft";
import { metricName } from "./model";

const GUARDED = ["error_rate", "latency_p95_ms", "latency_ms", "cost_nusd", "satisfaction"];
const USUAL: GuardDraft[] = [
  { metric: "error_rate", margin: "2", relative: false },
  { metric: "latency_p95_ms", margin: "20", relative: true },
  { metric: "cost_nusd", margin: "20", relative: true },
  { metric: "satisfaction", margin: "3", relative: false },
];

/** What no arm may harm. */
export function Guards({ draft, set, error }: { draft: Draft; set: (changed: Partial<Draft>) => void; error: unknown }) {
  const change = (at: number, changed: Partial<GuardDraft>) => set({ guardrails: draft.guardrails.map((one, index) => (index === at ? { ...one, ...changed } : one)) });
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 text-13 font-medium">Guardrails</legend>
      <p className="text-12 text-muted">{draft.guardrails.length > 0 ? "An arm that surely breaks one is ended." : draft.kind === "rollout" ? "None written: the usual four hold." : "None written: nothing but the metric decides."}</p>
      {draft.guardrails.map((one, at) => (
        <div key={at} role="group" aria-label={`Guardrail ${at + 1}`} className="grid items-end gap-2 sm:grid-cols-[minmax(0,1fr)_9rem_minmax(0,10rem)_2rem]">
          <Field label="Metric">
            <Select value={one.metric} onChange={(metric) => change(at, { metric })} options={[...GUARDED, ...(GUARDED.includes(one.metric) ? [] : [one.metric])].map((metric) => ({ value: metric, label: metricName(metric) }))} />
          </Field>
          <Field label={one.relative ? "Worse by, %" : `Worse by, ${unitOf(one.metric) || "as counted"}`}>
            <Input type="number" min={0} step="any" value={one.margin} onChange={(event) => change(at, { margin: event.target.value })} />
          </Field>
          <Checkbox className="pb-1.5" label="of the control" checked={one.relative} onChange={(event) => change(at, { relative: event.target.checked })} />
          <IconButton label="Remove this guardrail" icon={<Trash2 size={14} aria-hidden />} onClick={() => set({ guardrails: draft.guardrails.filter((_, index) => index !== at) })} />
        </div>
      ))}
      <FieldFault text={errorFor(error, "guardrails")} />
      <div className="flex gap-2">
        <Button size="s" icon={<Plus size={14} aria-hidden />} onClick={() => set({ guardrails: [...draft.guardrails, { metric: "error_rate", margin: "2", relative: false }] })}>
          Add a guardrail
        </Button>
        {draft.guardrails.length === 0 ? (
          <Button size="s" variant="ghost" onClick={() => set({ guardrails: USUAL })}>
            Take the usual four
          </Button>
        ) : null}
      </div>
    </fieldset>
  );
}
