import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useChainChoices, useDatasets, usePromptChoices } from "@/api/choices";
import type { Schema } from "@/api/client";
import { useAll, useChange, useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { useForecast } from "@/api/forecast";
import { Checkbox, Combobox, Facts, Field, FieldFault, FormDialog, Input, Money, Select, Several, TextLink, errorFor, toast } from "@/kit";
import { count, moment, plural } from "@/lib/format";
import { ShortBudgets } from "@/pages/usage/ShortBudgets";
import { MOST_RUNS, modelsOf, runsOf, testedOf } from "./model";

type Body = Schema<"TestRunBody">;
type Props = { open: boolean; onOpenChange: (open: boolean) => void; prompt: string | null; /** In place of a prompt. */ chain: string | null; dataset: string | null; version: string; split: string; model: string | null; /** A run whose failed items alone are to be run. */ failedOf: string | null; /** Chosen before: of a run that is made again. */ evaluators: readonly string[]; /** Of a run that is made again: who judged the items with criteria. */ judge: string | null; times: number };

const NAMES = ["train", "validation", "test"] as const;

/** Which versions, by which models, on which cases; what all of it will take and cost stands below, before it starts. */
export function StartRun({ open, onOpenChange, ...given }: Props) {
  const [ofChain, setOfChain] = useState(given.chain !== null);
  const [prompt, setPrompt] = useState(given.prompt);
  const [chain, setChain] = useState(given.chain);
  const [versions, setVersions] = useState<readonly string[]>(given.version ? [given.version] : []);
  const [dataset, setDataset] = useState(given.dataset);
  const [split, setSplit] = useState<string>(given.split || "validation");
  const [models, setModels] = useState<readonly string[]>(given.model ? [given.model] : []);
  const [repeats, setRepeats] = useState(String(given.times));
  const [evaluators, setEvaluators] = useState<readonly string[]>(given.evaluators);
  const [onlyFailed, setOnlyFailed] = useState(given.failedOf !== null);
  const [judge, setJudge] = useState(given.judge);
  const prompts = usePromptChoices(prompt);
  const chains = useChainChoices();
  const datasets = useDatasets();
  const { choices: known } = useModels();
  const found = useRead("/v1/prompts/{slug}", { path: { slug: prompt ?? "" } }, { enabled: open && !ofChain && prompt !== null });
  const foundChain = useRead("/v1/chains/{slug}", { path: { slug: chain ?? "" }, query: { label: "latest" } }, { enabled: open && ofChain && chain !== null });
  const evaluatorsOf = useAll("/v1/evaluators", {}, { enabled: open });
  const [against, setAgainst] = useState("");
  const isOfTwo = evaluatorsOf.rows?.some((one) => one.kind === "pairwise" && evaluators.includes(one.id)) ?? false;
  const earlier = useAll("/v1/test-runs", { query: { status: "completed" } }, { enabled: open && isOfTwo });
  const others = earlier.rows?.filter((one) => one.dataset_id === dataset && one.split === split) ?? [];
  const other = isOfTwo && others.some((one) => one.id === against) ? against : "";
  const navigate = useNavigate();
  const start = useChange("post", "/v1/test-runs", { invalidates: ["/v1/test-runs"] });

  // Of another dataset or split no items failed in that run.
  const canBeOnlyFailed = given.failedOf !== null && dataset === given.dataset && split === given.split;
  const failedOf = canBeOnlyFailed && onlyFailed ? given.failedOf : null;
  // Other items may have no criteria that one could judge by.
  const hasCriteria = given.judge !== null && dataset === given.dataset && split === given.split;
  const tested = ofChain ? (chain ? { chain } : null) : prompt ? { prompt } : null;
  const runs = runsOf(versions, ofChain ? [] : models);
  const isTooMany = runs > MOST_RUNS;
  const tooMany = `${count(runs)} runs; at most ${MOST_RUNS} start at once. Take a version${ofChain ? "" : " or a model"} away.`;
  const body: Body | null =
    tested && dataset && !isTooMany
      ? { ...tested, dataset_id: dataset, split: split as Body["split"], repeats: Math.max(1, Number(repeats) || 1), ...(ofChain ? {} : { models: [...models] }), evaluators: [...evaluators], versions: versions.map(Number), ...(failedOf ? { failed_of: failedOf } : {}), ...(other ? { compare_with: other } : {}), ...(hasCriteria && judge ? { judge } : {}) }
      : null;
  const forecast = useForecast("/v1/test-runs/forecast", open ? body : null);
  const submit = () =>
    body &&
    start.mutate(
      { body: body as never },
      {
        onSuccess: (made) => {
          toast(made.group_id ? `${plural(made.runs.length, "test run")} have started` : "The test run has started");
          void navigate(made.group_id ? { to: "/test-runs", search: { group: made.group_id }, replace: true } : { to: `/test-runs/${made.id}`, replace: true });
        },
      },
    );
  const error = start.error ?? forecast.error;
  const whole = ofChain ? foundChain.data : found.data;
  const labels = whole?.labels as Record<string, number> | undefined;
  const live = labels?.["production"];
  const all = Array.from({ length: Math.min(100, whole?.latest_version ?? 0) }, (_, at) => String((whole?.latest_version ?? 0) - at));
  const choices = all.map((one) => ({ value: one, label: `v${one}` }));
  return (
    <FormDialog open={open} onOpenChange={onOpenChange} title="New test run" submit="Start" onSubmit={submit} busy={start.isPending} error={error} disabled={!body || Boolean(forecast.error) || forecast.isStale}>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_11rem]">
        {ofChain ? (
          <Labelled name="Chain" error={errorFor(error, "chain")}>
            <Combobox needed label="Chain" value={chain} onChange={(next) => { setChain(next); setVersions([]); }} placeholder="Choose a chain" className="w-full" {...chains} />
          </Labelled>
        ) : (
          <Labelled name="Prompt" error={errorFor(error, "prompt")}>
            <Combobox needed label="Prompt" value={prompt} onChange={(next) => { setPrompt(next); setVersions([]); }} placeholder="Choose a prompt" className="w-full" {...prompts} />
          </Labelled>
        )}
        <Field label="Times each" error={errorFor(error, "repeats")}>
          <Input type="number" min={1} max={20} value={repeats} onChange={(event) => setRepeats(event.target.value)} />
        </Field>
        <Labelled name="Dataset" error={errorFor(error, "dataset_id")}>
          <Combobox needed label="Dataset" value={dataset} onChange={setDataset} placeholder="Choose a dataset" choices={datasets.choices} className="w-full" />
        </Labelled>
        <Field label="Split" error={errorFor(error, "split")}>
          <Select value={split} onChange={setSplit} options={NAMES.map((one) => ({ value: one, label: dataset && datasets.byId.get(dataset) ? `${one} (${count(datasets.byId.get(dataset)?.counts[one])})` : one }))} />
        </Field>
      </div>
      <Checkbox label="A whole chain" hint="Items are the chain’s variables, and what is compared is what the chain says." checked={ofChain} onChange={(event) => { setOfChain(event.target.checked); setVersions([]); }} />
      <Labelled name="Versions" error={errorFor(error, "versions") ?? errorFor(error, "version")}>
        <Several label="Versions" add="Add a version" none={live ? `production (v${live})` : "The live one."} values={versions} onChange={setVersions} choices={choices} disabled={!tested} />
      </Labelled>
      {ofChain ? (isTooMany ? <FieldFault text={tooMany} /> : null) : (
      <Labelled name="Models" error={isTooMany ? tooMany : errorFor(error, "models")}>
        <Several label="Models" add="Add a model" none={versions.length > 1 ? "Each version’s own." : "The version’s own."} values={models} onChange={setModels} choices={known} />
      </Labelled>
      )}
      {canBeOnlyFailed ? (
        <div className="flex flex-col gap-1">
          <Checkbox label="Only the items that failed in the run before" hint="Quick to see what a change mends. Its share of right answers is not comparable with that of the whole split." checked={onlyFailed} onChange={(event) => setOnlyFailed(event.target.checked)} />
          <FieldFault text={errorFor(error, "failed_of")} />
        </div>
      ) : null}
      {hasCriteria ? (
        <Labelled name="Judge of criteria" error={errorFor(error, "judge")}>
          <Combobox label="Judge of criteria" value={judge} onChange={setJudge} placeholder="The model that answers" clear="The model that answers" choices={judge && !known.some((one) => one.value === judge) ? [{ value: judge, label: judge }, ...known] : known} className="w-full" />
        </Labelled>
      ) : null}
      {split === "test" ? <p className="text-12 text-muted">Looking at the test split often wears it out for proofs. Use validation while you are still changing the text.</p> : null}
      {(evaluatorsOf.rows?.length ?? 0) > 0 ? (
        <fieldset className="flex max-h-56 flex-col gap-1.5 overflow-y-auto">
          <legend className="mb-1 text-13 font-medium">Score with these too</legend>
          {evaluatorsOf.rows?.map((one) => (
            <Checkbox key={one.id} label={one.name} checked={evaluators.includes(one.id)} onChange={(event) => setEvaluators(event.target.checked ? [...evaluators, one.id] : evaluators.filter((id) => id !== one.id))} />
          ))}
          <FieldFault text={errorFor(error, "evaluators")} />
        </fieldset>
      ) : evaluatorsOf.rows ? (
        <p className="text-12 text-muted">
          Answers are compared with the expected ones. To score them by a rubric, a pattern or code too, <TextLink to="/evaluators" search={{ new: "1" }}>make an evaluator</TextLink>.
        </p>
      ) : null}
      {isOfTwo ? (
        <Field label="Which is better: these answers, or those of" error={errorFor(error, "compare_with")}>
          <Select value={other} onChange={setAgainst} empty="the dataset, the expected ones" options={others.map((one) => ({ value: one.id, label: `${testedOf(one)} by ${modelsOf(one).join(", ")}, ${moment(one.created_at)}` }))} />
        </Field>
      ) : null}
      <div className="min-h-20 rounded-m bg-sunken px-3 py-2.5" aria-live="polite" aria-busy={forecast.isStale || undefined}>
        {forecast.data && !forecast.isStale ? (
          <>
          <Facts
            facts={[
              ["Answers", forecast.data.runs.length > 1 ? `${count(forecast.data.items)} in ${plural(forecast.data.runs.length, "run")}` : `${count(forecast.data.items)} by ${forecast.data.model ?? `v${forecast.data.version} of the chain`}`],
              ["Costs at most about", <Money key="c" nusd={forecast.data.forecast.cost_nusd} />],
              ["Set aside until it ends", <Money key="s" nusd={forecast.data.forecast.set_aside_nusd} />],
            ]}
          />
          {forecast.data.runs.length > 1 ? (
            <ul aria-label="Runs" className="mt-1.5 flex flex-col gap-0.5 text-12 text-muted">
              {forecast.data.runs.map((one) => (
                <li key={`${one.version} ${one.model}`} className="flex flex-wrap justify-between gap-x-3">
                  <span className="wrap-anywhere">v{one.version}{one.model === null ? "" : ` by ${one.model}`}</span>
                  <Money nusd={one.forecast.cost_nusd} />
                </li>
              ))}
            </ul>
          ) : null}
          <ShortBudgets budgets={forecast.data.short_budgets} />
          </>
        ) : (
          <p className="text-13 text-muted">{body ? (forecast.error ? "It cannot start like this." : "Counting…") : isTooMany ? "It cannot start like this." : "What it takes and costs stands here once a prompt or a chain, and a dataset are chosen."}</p>
        )}
      </div>
    </FormDialog>
  );
}

function Labelled({ name, error, children }: { name: string; error?: string; children: React.ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-13 font-medium">{name}</span>
      {children}
      <FieldFault text={error} />
    </div>
  );
}
