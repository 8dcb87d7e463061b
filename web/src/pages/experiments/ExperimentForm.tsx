import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { ApiError } from "@/api/errors";
import { useFormOver } from "@/api/form-over";
import { read, useAll, useChange } from "@/api/hooks";
import { Checkbox, Combobox, Field, FieldFault, FormDialog, Input, Segments, Select, errorFor, toast } from "@/kit";
import { DeclaredMetrics } from "@/pages/metrics/Declared";
import { Arms } from "./Arms";
import { Guards } from "./Guards";
import { type Draft, bodyOf, draftOf, emptyDraft, faultsOf, unitOf, whyNot } from "./draft";
import { type Experiment, METRICS, decidedBy, isScored, scoringOf } from "./model";
import { useMetricNames } from "./useMetricNames";
import { UNIT_CHOICES } from "./units";

const P95 = "latency_p95_ms";
const METHODS = [
  { value: "sequential", label: "Look whenever you like" },
  { value: "group_sequential", label: "At announced looks" },
  { value: "fixed", label: "Once, at the end" },
  { value: "hybrid", label: "Any time, and at the end" },
] as const;

type Props = { open: boolean; onOpenChange: (open: boolean) => void; prompt?: string; version?: string; /** The draft that is changed; a new one without. */ experiment?: Experiment };
export type FieldsProps = { draft: Draft; set: (changed: Partial<Draft>) => void; error: unknown; faults: Record<string, string> };

/** `revision`: of the experiment that is typed over. */
type Form = Draft & { revision: number };
const formOf = (one: Experiment): Form => ({ ...draftOf(one), revision: one.revision });

/** A draft of an experiment or a guarded rollout. Nobody gets anything of it: what it takes is counted next, and somebody starts it. */
export function ExperimentForm({ open, onOpenChange, prompt = "", version = "", experiment }: Props) {
  const [first] = useState<Form>(() => (experiment ? formOf(experiment) : { ...emptyDraft(prompt, version), revision: 0 }));
  const over = useFormOver(first, experiment ? async () => formOf((await read("/v1/experiments/{experiment_id}", { path: { experiment_id: experiment.id } })) as Experiment) : null, ["/v1/experiments"]);
  const { draft, change: set } = over;
  const navigate = useNavigate();
  const create = useChange("post", "/v1/experiments", { invalidates: ["/v1/experiments"] });
  const change = useChange("put", "/v1/experiments/{experiment_id}", { invalidates: ["/v1/experiments"] });
  const error = create.error ?? ofExperiment(change.error);
  const faults = faultsOf(draft);
  const missing = whyNot(draft);
  const send = ({ revision, ...draft }: Form) => {
    const body = bodyOf(draft);
    if (experiment) {
      change.mutate({ path: { experiment_id: experiment.id }, body: { revision, experiment: body } }, { onSuccess: () => { onOpenChange(false); toast("The draft is changed"); } }); // prettier-ignore
      return;
    }
    create.mutate({ body }, { onSuccess: (made) => void navigate({ to: `/experiments/${made.id}`, replace: true }) });
  };
  return (
    <FormDialog
      wide
      open={open}
      onOpenChange={onOpenChange}
      title={experiment ? "Change the draft" : "New experiment"}
      description="A draft. Nobody gets anything of it until it is started; how long it will take is counted next."
      submit={experiment ? "Save the draft" : "Draft it"}
      onSubmit={() => over.send(send)}
      over={over}
      busy={create.isPending || change.isPending}
      error={error}
      disabled={missing !== null}
      missing={missing}
    >
      <What draft={draft} set={set} error={error} faults={faults} isNew={!experiment} />
      <Arms draft={draft} set={set} error={error} faults={faults} />
      {draft.kind === "rollout" ? <RampFields draft={draft} set={set} error={error} faults={faults} /> : null}
      <Measure draft={draft} set={set} error={error} faults={faults} />
      <More draft={draft} set={set} error={error} faults={faults} />
    </FormDialog>
  );
}

/** A change is sent as `experiment`; its fields here are called as those of a new one. */
function ofExperiment(error: unknown): unknown {
  if (!(error instanceof ApiError) || !error.param?.startsWith("experiment.")) return error;
  const { status, code, message, requestId: request_id, retryable, details } = error;
  return new ApiError(status, { code, message, request_id: request_id ?? undefined, retryable, details, param: error.param.slice("experiment.".length) }, error.retryAfterS, error.answer);
}

function What({ draft, set, error, isNew }: FieldsProps & { isNew: boolean }) {
  const prompts = usePromptChoices(draft.prompt);
  return (
    <>
      <div>
        <Segments label="Kind" value={draft.kind} onChange={(kind) => set({ kind })} options={[{ value: "ab", label: "Experiment" }, { value: "rollout", label: "Guarded rollout" }]} />
      </div>
      <p className="-mt-2 text-12 text-muted">{draft.kind === "ab" ? "Fixed shares, until one is surely better, or surely no better." : "The candidate gets more step by step, and is taken back by itself where something gets worse."}</p>
      <div className="grid gap-4 sm:grid-cols-[3fr_2fr]">
        <Field label="Name" error={errorFor(error, "name")} required>
          <Input autoFocus value={draft.name} onChange={(event) => set({ name: event.target.value })} placeholder="Shorter instructions" maxLength={200} />
        </Field>
        <div className="flex min-w-0 flex-col gap-1">
          <span className="text-13 font-medium">Prompt</span>
          <Combobox label="Prompt" value={draft.prompt || null} onChange={(next) => set({ prompt: next ?? "" })} placeholder="Choose a prompt" disabled={!isNew} className="w-full" {...prompts} />
          <FieldFault text={errorFor(error, "prompt")} />
        </div>
      </div>
    </>
  );
}

function RampFields({ draft, set, error, faults }: FieldsProps) {
  return (
    <fieldset className="grid items-end gap-4 rounded-m border border-line p-3 sm:grid-cols-3">
      <legend className="px-1 text-13 font-medium">Ramp</legend>
      <Field label="Candidate gets, %" error={faults["steps"] ?? errorFor(error, "rollout.steps")}>
        <Input value={draft.steps} onChange={(event) => set({ steps: event.target.value })} />
      </Field>
      <Field label="Each step lasts, hours" error={errorFor(error, "rollout.bake_s")}>
        <Input type="number" min={0} max={744} step="any" value={draft.bakeHours} onChange={(event) => set({ bakeHours: event.target.value })} />
      </Field>
      <Field label="And until it has seen" error={errorFor(error, "rollout.min_units")}>
        <Input type="number" min={0} value={draft.minUnits} onChange={(event) => set({ minUnits: event.target.value })} placeholder="30" />
      </Field>
      <Checkbox className="sm:col-span-3" label="Take the next step by itself" hint="Otherwise each step waits for somebody." checked={draft.advances} onChange={(event) => set({ advances: event.target.checked })} />
    </fieldset>
  );
}

function Measure({ draft, set, error }: FieldsProps) {
  const own = draft.metric.startsWith("metric:");
  const scored = isScored(draft.metric);
  const unit = unitOf(draft.metric);
  const { rows } = useAll("/v1/live-evaluations", {}, { staleTime: 60_000 });
  const { decidedOf } = useMetricNames([draft.metric]);
  const scores = scoringOf(rows ?? [], draft.prompt);
  const kept = scored && !scores.some((one) => one.value === draft.metric) ? [{ value: draft.metric, label: decidedOf(draft.metric) }] : [];
  return (
    <div className="grid items-end gap-4 sm:grid-cols-3">
      <Field label="Decided by" hint={scored ? (draft.metric.includes("@") ? "Only answers that it scores live count." : "Its newest version. Only answers that it scores live count.") : undefined} error={errorFor(error, "metric")}>
        <Select value={own ? "own" : draft.metric} onChange={(next) => set(next === "own" ? { metric: "metric:", direction: "higher" } : { metric: next, direction: "", ...(next === P95 ? { method: "sequential" } : {}) })} options={[...METRICS.map((one) => ({ value: one, label: decidedBy(one) })), { value: "own", label: "A metric of yours" }, ...kept, ...scores]} />
      </Field>
      {own ? (
        <>
          <Field label="Its name">
            <Input mono value={draft.metric.slice("metric:".length)} onChange={(event) => set({ metric: `metric:${event.target.value}` })} placeholder="resolved" list="declared-metrics" />
          </Field>
          <DeclaredMetrics id="declared-metrics" />
          <Field label="Better is" error={errorFor(error, "direction")}>
            <Select value={draft.direction} onChange={(direction) => set({ direction: direction as Draft["direction"] })} options={[{ value: "higher", label: "more" }, { value: "lower", label: "less" }]} />
          </Field>
        </>
      ) : null}
      <Field label="Same version for" error={errorFor(error, "unit")}>
        <Select value={draft.unit} onChange={(next) => set({ unit: next as Draft["unit"] })} options={UNIT_CHOICES} />
      </Field>
      <Field label={`Worth finding${unit ? `, ${unit}` : ""}`} error={errorFor(error, "deciding.smallest_effect")}>
        <Input type="number" min={0} step="any" value={draft.effect} onChange={(event) => set({ effect: event.target.value })} placeholder={unit === "points" ? "5" : "the usual"} />
      </Field>
    </div>
  );
}

function More({ draft, set, error, faults }: FieldsProps) {
  const isRollout = draft.kind === "rollout";
  const hasShadow = draft.arms.some((one) => one.shadow);
  const [isOpen, setOpen] = useState(false);
  const hidesFault = Boolean(faults["guardrails"]) || ["targeting", "namespace", "namespace_share", "deciding", "guardrails", "min_samples", "confidence", "label", "on_winner"].some((name) => errorFor(error, name));
  // It stays open when the fault is mended: who is writing in it goes on.
  if (hidesFault && !isOpen) setOpen(true);
  return (
    <>
      {hasShadow ? (
        <Field label="Unseen copies cost at most, $" error={faults["shadowBudget"] ?? errorFor(error, "shadow_budget_nusd")} className="sm:w-1/3">
          <Input type="number" min={0} step="any" value={draft.shadowBudget} onChange={(event) => set({ shadowBudget: event.target.value })} />
        </Field>
      ) : null}
      <details className="rounded-m border border-line" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="cursor-pointer rounded-m px-3 py-2 text-13 font-medium">Guardrails, who takes part, and by which rule</summary>
        <div className="flex flex-col gap-4 border-t border-line p-3">
          <Guards draft={draft} set={set} error={error} fault={faults["guardrails"]} />
          <div className="grid items-end gap-4 sm:grid-cols-2">
            <Field label="Calls of the label" hint="That name neither a version nor a label." error={errorFor(error, "label")}>
              <Input mono value={draft.label} onChange={(event) => set({ label: event.target.value })} />
            </Field>
            <Field label="Only where" hint="A condition; empty: every call." error={errorFor(error, "targeting")}>
              <Input mono value={draft.targeting} onChange={(event) => set({ targeting: event.target.value })} placeholder="metadata.tier == 'gold'" />
            </Field>
            <Field label="Namespace" hint="Experiments of one never meet in one user." error={errorFor(error, "namespace")}>
              <Input mono value={draft.namespace} onChange={(event) => set({ namespace: event.target.value })} />
            </Field>
            {draft.namespace.trim() ? (
              <Field label="Part of the namespace, %" hint="Taken at the start; others of it get the rest." error={errorFor(error, "namespace_share")}>
                <Input type="number" min={0} max={100} step="any" value={draft.namespaceShare} onChange={(event) => set({ namespaceShare: event.target.value })} placeholder="50" />
              </Field>
            ) : null}
            <Field label="When it is decided" hint="What becomes of the label." error={errorFor(error, "on_winner")}>
              <Select value={draft.onWinner} onChange={(next) => set({ onWinner: next as Draft["onWinner"] })} empty={isRollout ? "it moves by itself" : "it is offered to you"} options={[{ value: "automatic", label: "it moves by itself" }, { value: "offered", label: "it is offered to you" }, { value: "none", label: "it stays" }]} />
            </Field>
            <Field label="Rule" hint={draft.metric === P95 ? "The only one for a 95th percentile." : undefined} error={errorFor(error, "deciding.method")}>
              <Select value={draft.method} onChange={(next) => set({ method: next as Draft["method"] })} options={draft.metric === P95 ? METHODS.slice(0, 1) : METHODS} />
            </Field>
            {draft.method === "sequential" ? null : (
              <Field label="Planned units, all arms" error={errorFor(error, "deciding.planned_units")}>
                <Input type="number" min={20} value={draft.plannedUnits} onChange={(event) => set({ plannedUnits: event.target.value })} required />
              </Field>
            )}
            {draft.method === "group_sequential" ? (
              <Field label="Looks" hint="Evenly over the planned units, 2 to 20." error={errorFor(error, "deciding.looks")}>
                <Input type="number" min={2} max={20} value={draft.looks} onChange={(event) => set({ looks: event.target.value })} placeholder="5" />
              </Field>
            ) : null}
            <Field label="Units in each arm, at least" error={errorFor(error, "min_samples")}>
              <Input type="number" min={10} value={draft.minSamples} onChange={(event) => set({ minSamples: event.target.value })} placeholder="the workspace’s" />
            </Field>
            <Field label="Sure by, %" error={errorFor(error, "confidence")}>
              <Input type="number" min={80} max={99.9} step="any" value={draft.confidence} onChange={(event) => set({ confidence: event.target.value })} placeholder="the workspace’s" />
            </Field>
            <Field label={`Smaller is no difference${unitOf(draft.metric) ? `, ${unitOf(draft.metric)}` : ""}`} error={errorFor(error, "deciding.equivalence_margin")}>
              <Input type="number" min={0} step="any" value={draft.equivalence} onChange={(event) => set({ equivalence: event.target.value })} placeholder={unitOf(draft.metric) === "points" ? "2" : "the usual"} />
            </Field>
            {isRollout ? null : (
              <Field label="Ends after, days" error={errorFor(error, "deciding.max_days")}>
                <Input type="number" min={1} max={365} value={draft.maxDays} onChange={(event) => set({ maxDays: event.target.value })} placeholder="no limit" />
              </Field>
            )}
          </div>
          {isRollout ? null : <Checkbox label="Adapt the shares" hint="Arms that do better get more." checked={draft.adaptive} onChange={(event) => set({ adaptive: event.target.checked })} />}
        </div>
      </details>
    </>
  );
}
