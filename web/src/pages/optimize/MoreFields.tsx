import { Plus, Trash2 } from "lucide-react";
import { useAll, useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Button, Combobox, Field, IconButton, Input, Select, errorFor } from "@/kit";
import { type Step, everyStep } from "@/pages/chains/chain";
import { Anchors } from "./Anchors";
import { ModelList } from "./MethodFields";
import { METRICS, type MetricName, type MetricRow, type Search, UNITS, isJudged, newMetric } from "./search";

type Props = { prompt: string | null; /** Of many prompts at once: nothing of one prompt, its chain, its items, or of further models. */ ofMany?: boolean; /** Of the dataset, or `FEEDBACK`. */ dataset: string | null; search: Search; error: unknown; onChange: (changes: Partial<Search>) => void };

/** What counts, what every candidate keeps, for which models besides: nobody needs it for a first search. */
export function MoreFields({ prompt, dataset, ofMany = false, search, error, onChange }: Props) {
  const { choices } = useModels();
  const put = (at: number, changes: Partial<MetricRow>) => onChange({ metrics: search.metrics.map((one, index) => (index === at ? { ...one, ...changes } : one)) });
  const add = () => onChange({ metrics: search.metrics.length === 0 ? [{ ...newMetric("accuracy"), weight: "1" }] : [...search.metrics, newMetric()] });
  return (
    <div className="flex flex-col gap-4 border-t border-line pt-4">
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-1 text-13 font-medium">What counts in an answer</legend>
        {search.metrics.length === 0 ? <p className="text-13 text-muted">Whether it equals the expected answer, and nothing else. Where there is none, let a judge or an evaluator decide.</p> : null}
        {search.metrics.map((row, at) => (
          <OneMetric key={at} row={row} at={at} error={error} onChange={(changes) => put(at, changes)} onRemove={() => onChange({ metrics: search.metrics.filter((_, index) => index !== at) })} />
        ))}
        <span>
          <Button size="s" icon={<Plus size={12} aria-hidden />} onClick={add}>
            {search.metrics.length === 0 ? "Choose metrics" : "Add a metric"}
          </Button>
        </span>
        {search.metrics.some((one) => isJudged(one.metric)) ? <Combobox label="Model that judges" value={search.judge} placeholder="Choose the model that judges" choices={choices} onChange={(judge) => onChange({ judge })} className="w-full" /> : null}
      </fieldset>
      <div className="grid items-start gap-4 sm:grid-cols-3">
        <Field label="Lines changed, at most" error={errorFor(error, "constraints.changed_lines_most")}>
          <Input type="number" min={1} max={1000} placeholder="no limit" value={search.changedLines} onChange={(event) => onChange({ changedLines: event.target.value })} />
        </Field>
        <Field label="Tokens, at most" error={errorFor(error, "constraints.tokens_most")}>
          <Input type="number" min={1} placeholder="no limit" value={search.tokens} onChange={(event) => onChange({ tokens: event.target.value })} />
        </Field>
        <Field label="Seed" error={errorFor(error, "seed")}>
          <Input type="number" min={0} placeholder="by chance" value={search.seed} onChange={(event) => onChange({ seed: event.target.value })} />
        </Field>
      </div>
      {ofMany ? null : (
        <>
          <Anchors dataset={dataset} chosen={search.anchors} error={error} onChange={(anchors) => onChange({ anchors })} />
          <InChain prompt={prompt} search={search} error={error} onChange={onChange} />
          <ModelList label="A text of its own for further models" most={4} chosen={search.variants} onChange={(variants) => onChange({ variants })} />
        </>
      )}
    </div>
  );
}

/** The chain whose output is judged, and the step of it that runs the prompt. */
function InChain({ prompt, search, error, onChange }: Omit<Props, "dataset" | "ofMany">) {
  const chains = useRead("/v1/chains", { query: { limit: 100 } });
  const chosen = useRead("/v1/chains/{slug}", { path: { slug: search.chain } }, { enabled: search.chain !== "" });
  const names = (chains.data?.data ?? []).map((one) => one.slug);
  if (names.length === 0) return null;
  const steps = everyStep((chosen.data?.steps ?? []) as Step[]).filter((one) => prompt !== null && one.prompt?.split("@")[0] === prompt);
  return (
    <div className="grid items-start gap-4 sm:grid-cols-2">
      <Field label="Tried in a chain" hint="Its output is judged, not the prompt’s own." error={errorFor(error, "chain.slug")}>
        <Select empty="No, by itself" value={search.chain} onChange={(chain) => onChange({ chain, step: "" })} options={names.map((one) => ({ value: one, label: one }))} />
      </Field>
      {search.chain ? (
        <Field label="As its step" hint={chosen.data && steps.length === 0 ? "No step of it runs this prompt." : undefined} error={errorFor(error, "chain.step")}>
          <Select empty="Choose the step" value={search.step} onChange={(step) => onChange({ step })} options={steps.map((one) => ({ value: one.id, label: one.id }))} />
        </Field>
      ) : null}
    </div>
  );
}

function OneMetric({ row, at, error, onChange, onRemove }: { row: MetricRow; at: number; error: unknown; onChange: (changes: Partial<MetricRow>) => void; onRemove: () => void }) {
  const unit = UNITS[row.metric];
  const number = (name: "weight" | "bound" | "zeroAt", label: string, hint: string) => (
    <Field label={<span className="text-12 font-normal text-muted">{label}</span>} error={errorFor(error, `metrics[${at}].${name === "zeroAt" ? "zero_at" : name === "bound" ? (unit ? "at_most" : "at_least") : name}`)}>
      <Input type="number" min={0} step="any" placeholder={hint} aria-label={`${label}, metric ${at + 1}`} value={row[name]} onChange={(event) => onChange({ [name]: event.target.value })} />
    </Field>
  );
  return (
    <div role="group" aria-label={`Metric ${at + 1}`} className="flex flex-col gap-2 rounded-m border border-line p-2.5">
      <span className="flex gap-2">
        <Select aria-label={`Metric ${at + 1}`} value={row.metric} onChange={(metric) => onChange({ metric })} options={(Object.keys(METRICS) as MetricName[]).map((one) => ({ value: one, label: METRICS[one] }))} className="flex-1" />
        <IconButton label={`Take out metric ${at + 1}`} icon={<Trash2 size={14} aria-hidden />} onClick={onRemove} />
      </span>
      {row.metric === "evaluator" ? <Evaluator value={row.evaluator} onChange={(evaluator) => onChange({ evaluator })} /> : null}
      <div className="grid grid-cols-2 gap-2 sm:grid-cols-3">
        {number("weight", "Weight", "none")}
        {unit ? number("zeroAt", `Scores 0 at, ${unit}`, "") : null}
        {number("bound", unit ? `At most, ${unit}` : "At least, 0 to 1", "no bound")}
      </div>
    </div>
  );
}

function Evaluator({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const found = useAll("/v1/evaluators");
  return <Select aria-label="Evaluator" empty="Choose an evaluator" value={value} onChange={onChange} options={(found.rows ?? []).map((one) => ({ value: one.id, label: one.name }))} />;
}
