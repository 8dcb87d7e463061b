import { Plus, Trash2 } from "lucide-react";
import { useAll } from "@/api/hooks";
import { Button, Checkbox, Combobox, Field, FieldFault, IconButton, Input, Select, errorFor } from "@/kit";
import { DeclaredMetrics } from "@/pages/metrics/Declared";
import { NEED_EXPECTED } from "@/pages/evaluators/evaluator";
import { type Draft, type GuardDraft, unitOf } from "./draft";
import { isScored, metricName } from "./model";

const GUARDED = ["error_rate", "latency_p95_ms", "latency_ms", "cost_nusd", "satisfaction"];
const USUAL: GuardDraft[] = [
  { metric: "error_rate", margin: "2", relative: false, direction: "", alpha: "" },
  { metric: "latency_p95_ms", margin: "20", relative: true, direction: "", alpha: "" },
  { metric: "cost_nusd", margin: "20", relative: true, direction: "", alpha: "" },
  { metric: "satisfaction", margin: "3", relative: false, direction: "", alpha: "" },
];

const SCORED = "evaluator:";

const isOwn = (guard: GuardDraft) => guard.metric.startsWith("metric:");

type Guarded = Pick<Draft, "guardrails" | "kind">;

function saidOf({ guardrails, kind }: Guarded): string {
  if (guardrails?.length) return "An arm that surely breaks one is ended.";
  if (kind === "ab") return "None written: nothing but the metric decides.";
  return guardrails ? "None: nothing takes the candidate back by itself." : "None written: the usual four hold.";
}

/** What no arm may harm. */
export function Guards({ draft, set, error, fault, mayBeNone = true, ofAnyPrompt = false }: { draft: Guarded; set: (changed: Pick<Draft, "guardrails">) => void; error: unknown; fault?: string | undefined; /** Whether a rollout may go without any. */ mayBeNone?: boolean; /** A prompt that an evaluator does not score live is passed over. */ ofAnyPrompt?: boolean }) {
  const guards = draft.guardrails ?? [];
  const change = (at: number, changed: Partial<GuardDraft>) => set({ guardrails: guards.map((one, index) => (index === at ? { ...one, ...changed } : one)) });
  const kindOf = (one: GuardDraft) => (isOwn(one) ? "own" : isScored(one.metric) ? SCORED : one.metric);
  const choose = (at: number, kind: string) => change(at, kind === "own" ? { metric: "metric:", direction: "higher", floor: false } : { metric: kind, direction: "", floor: false });
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 text-13 font-medium">Guardrails</legend>
      <p className="text-12 text-muted">{saidOf(draft)}</p>
      {guards.map((one, at) => (
        <div key={at} role="group" aria-label={`Guardrail ${at + 1}`} className="grid items-end gap-2 sm:grid-cols-[minmax(0,1fr)_8rem_7rem_minmax(0,8rem)_2rem]">
          <Field label="Metric">
            <Select value={kindOf(one)} onChange={(kind) => choose(at, kind)} options={[...[...GUARDED, ...(isOwn(one) || isScored(one.metric) || GUARDED.includes(one.metric) ? [] : [one.metric])].map((metric) => ({ value: metric, label: metricName(metric) })), { value: "own", label: "A metric of yours" }, { value: SCORED, label: metricName(SCORED) }]} />
          </Field>
          <Field label={one.floor ? "At least, %" : one.relative ? "Worse by, %" : `Worse by, ${unitOf(one.metric) || "as counted"}`}>
            <Input type="number" min={0} step="any" value={one.margin} onChange={(event) => change(at, { margin: event.target.value })} />
          </Field>
          <Field label="False alarms, %">
            <Input type="number" min={0.01} max={49.99} step="any" value={one.alpha} onChange={(event) => change(at, { alpha: event.target.value })} placeholder="5" />
          </Field>
          {one.floor ? <span /> : <Checkbox className="pb-1.5" label="of the control" checked={one.relative} onChange={(event) => change(at, { relative: event.target.checked })} />}
          <IconButton label="Remove this guardrail" icon={<Trash2 size={14} aria-hidden />} onClick={() => set({ guardrails: guards.filter((_, index) => index !== at) })} />
          {isScored(one.metric) ? <ScoredBy guard={one} ofAnyPrompt={ofAnyPrompt} onChange={(changed) => change(at, changed)} /> : null}
          {isOwn(one) ? (
            <div className="grid gap-2 sm:col-span-full sm:grid-cols-2">
              <Field label="Its name">
                <Input mono value={one.metric.slice("metric:".length)} onChange={(event) => change(at, { metric: `metric:${event.target.value}` })} placeholder="resolved" list="guarded-metrics" />
              </Field>
              <Field label="Better is">
                <Select value={one.direction} onChange={(direction) => change(at, { direction: direction as GuardDraft["direction"] })} options={[{ value: "higher", label: "more" }, { value: "lower", label: "less" }]} />
              </Field>
            </div>
          ) : null}
        </div>
      ))}
      {guards.some(isOwn) ? <DeclaredMetrics id="guarded-metrics" /> : null}
      <FieldFault text={fault ?? errorFor(error, "guardrails")} />
      <div className="flex gap-2">
        <Button size="s" icon={<Plus size={14} aria-hidden />} onClick={() => set({ guardrails: [...guards, { metric: "error_rate", margin: "2", relative: false, direction: "", alpha: "" }] })}>
          Add a guardrail
        </Button>
        {guards.length === 0 ? (
          <Button size="s" variant="ghost" onClick={() => set({ guardrails: USUAL })}>
            Take the usual four
          </Button>
        ) : null}
        {mayBeNone && draft.guardrails === null && draft.kind === "rollout" ? (
          <Button size="s" variant="ghost" onClick={() => set({ guardrails: [] })}>
            Hold none
          </Button>
        ) : null}
      </div>
    </fieldset>
  );
}

/** Whose score is guarded: of the newest version, unless one stands there already. */
function ScoredBy({ guard: { metric, floor }, ofAnyPrompt, onChange }: { guard: GuardDraft; ofAnyPrompt: boolean; onChange: (changed: Partial<GuardDraft>) => void }) {
  const { rows } = useAll("/v1/evaluators", {}, { staleTime: 60_000 });
  const [id = "", version] = metric.slice(SCORED.length).split("@");
  const known = (rows ?? []).filter((one) => !NEED_EXPECTED.has(one.kind)).map((one) => ({ value: one.id, label: one.name }));
  const own = id && !known.some((one) => one.value === id) ? [{ value: id, label: `…${id.slice(-6)}` }] : [];
  return (
    <div className="flex min-w-0 flex-col gap-1 sm:col-span-full">
      <div className="grid items-end gap-2 sm:grid-cols-2">
        <Combobox label="Evaluator" value={id || null} placeholder="Choose an evaluator" choices={[...own, ...known]} onChange={(next) => onChange({ metric: `${SCORED}${next ?? ""}` })} className="w-full" />
        <Field label="Its mean score">
          <Select value={floor ? "floor" : "fall"} onChange={(next) => onChange({ floor: next === "floor", relative: false })} options={[{ value: "fall", label: "falls by no more than" }, { value: "floor", label: "stays at or above" }]} />
        </Field>
      </div>
      <p className="text-12 text-muted">{version ? `Its version ${version}.` : "Its newest version."} {ofAnyPrompt ? "A prompt that no live evaluation scores by it is not rolled out by itself." : "A live evaluation must score this prompt, or there is nothing to guard by."}</p>
    </div>
  );
}
