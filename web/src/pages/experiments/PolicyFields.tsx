import { useAll } from "@/api/hooks";
import { Checkbox, Field, Input, Select, errorFor } from "@/kit";
import { NEED_EXPECTED } from "@/pages/evaluators/evaluator";
import { Guards } from "./Guards";
import { METRICS, decidedBy } from "./model";
import { type PolicyDraft, policyFaults } from "./policy";
import { UNIT_CHOICES } from "./units";
import { useMetricNames } from "./useMetricNames";

type Props = { draft: PolicyDraft; set: (changed: Partial<PolicyDraft>) => void; error: unknown; disabled: boolean };

/** By which ramp and behind which guardrails proven suggestions are rolled out. */
export function PolicyFields({ draft, set, error, disabled }: Props) {
  const faults = policyFaults(draft);
  const { rows } = useAll("/v1/evaluators", {}, { staleTime: 60_000 });
  const { decidedOf } = useMetricNames([draft.metric]);
  const scores = (rows ?? []).filter((one) => !NEED_EXPECTED.has(one.kind)).map((one) => ({ value: `evaluator:${one.id}`, label: `Score by ${one.name}` }));
  const kept = METRICS.includes(draft.metric) || scores.some((one) => one.value === draft.metric) ? [] : [{ value: draft.metric, label: decidedOf(draft.metric) }];
  const of = (field: string) => errorFor(error, `rollout_policy.${field}`);
  return (
    <fieldset disabled={disabled} className="flex min-w-0 flex-col gap-4">
      <legend className="sr-only">How they are rolled out</legend>
      <div className="grid items-end gap-4 sm:grid-cols-2">
        <Field label="Calls of the label" hint="It moves when the rollout held." error={of("label")}>
          <Input mono value={draft.label} onChange={(event) => set({ label: event.target.value })} required />
        </Field>
        <Field label="Same version for" error={of("unit")}>
          <Select value={draft.unit} onChange={(next) => set({ unit: next as PolicyDraft["unit"] })} empty="whom calls name" options={UNIT_CHOICES} />
        </Field>
        <Field label="May not be worse by" error={of("metric")}>
          <Select value={draft.metric} onChange={(metric) => set({ metric })} options={[...METRICS.map((one) => ({ value: one, label: decidedBy(one) })), ...kept, ...scores]} />
        </Field>
        <Field label="Candidate gets, %" error={faults["steps"] ?? of("rollout.steps")}>
          <Input value={draft.steps} onChange={(event) => set({ steps: event.target.value })} />
        </Field>
        <Field label="Each step lasts, hours" error={of("rollout.bake_s")}>
          <Input type="number" min={0} max={744} step="any" value={draft.bakeHours} onChange={(event) => set({ bakeHours: event.target.value })} required />
        </Field>
        <Field label="And until it has seen" error={of("rollout.min_units")}>
          <Input type="number" min={0} value={draft.minUnits} onChange={(event) => set({ minUnits: event.target.value })} placeholder="30" />
        </Field>
        <Checkbox className="pb-1.5" label="Take the next step by itself" hint="Otherwise each step waits for somebody." checked={draft.advances} onChange={(event) => set({ advances: event.target.checked })} />
      </div>
      <Guards draft={{ ...draft, kind: "rollout" }} set={({ guardrails }) => set({ guardrails: guardrails?.length ? guardrails : null })} error={error} fault={faults["guardrails"] ?? of("guardrails")} mayBeNone={false} ofAnyPrompt />
    </fieldset>
  );
}
