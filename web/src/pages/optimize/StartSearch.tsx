import { ChevronDown, ChevronRight } from "lucide-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { FEEDBACK, askedItems, useDatasets, usePromptChoices } from "@/api/choices";
import { ApiError } from "@/api/errors";
import { useForecast } from "@/api/forecast";
import { useChange, useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { useMay, useSession } from "@/api/session";
import { useWorkspace } from "@/api/workspace";
import { Button, Combobox, Facts, Field, FieldFault, FormDialog, Input, Money, Notice, Select, TextLink, errorFor, toast } from "@/kit";
import { NUSD_PER_CREDIT, count, plural } from "@/lib/format";
import { ShortBudgets } from "@/pages/usage/ShortBudgets";
import { MethodFields } from "./MethodFields";
import { MoreFields } from "./MoreFields";
import { lackingOf } from "./model";
import { type Body, PLAIN, type Search, budgetOf, newMetric, searchOf, whyNot } from "./search";

/** `line` and `number`: the generation that it begins with. */
type Props = { open: boolean; onOpenChange: (open: boolean) => void; prompt: string | null; dataset: string | null; version: string; line: string; number: number | null };

const USD_PER_CREDIT = NUSD_PER_CREDIT / 1e9;

/** Budget and ceiling first: what may be spent stands there before anything else is asked. */
export function StartSearch({ open, onOpenChange, ...given }: Props) {
  const [evaluations, setEvaluations] = useState("2000");
  const [ceiling, setCeiling] = useState("");
  const [minutes, setMinutes] = useState("");
  const [prompt, setPrompt] = useState(given.prompt);
  const [version, setVersion] = useState(given.version);
  const [chosen, setDataset] = useState(given.dataset);
  const [task, setTask] = useState<string | null>(null);
  const [reflect, setReflect] = useState<string | null>(null);
  const [search, setSearch] = useState<Search>(given.line ? { ...PLAIN, method: "evolutionary" } : PLAIN);
  const [hasMore, setMore] = useState(false);
  const put = (changes: Partial<Search>) => setSearch((before) => ({ ...before, ...changes }));
  const begins = given.line && search.method === "evolutionary" ? { start: { line_id: given.line, best: given.number === null, ...(given.number === null ? {} : { number: given.number }) } } : {};
  const may = useMay();
  const { workspace } = useSession();
  const wantsExamples = search.method === "few_shot";
  const facts = useWorkspace(workspace?.id ?? "", { enabled: open && wantsExamples && workspace !== null });
  // Asked for before it is known whether it is allowed, it would be refused; where it cannot be known, the refusal says it.
  const isHeld = wantsExamples && !facts.error && facts.data?.examples_in_prompts !== true;
  const missing = whyNot(search) ?? (isHeld ? (facts.data ? "This workspace does not allow examples in prompts." : "Counting…") : null);
  const prompts = usePromptChoices(prompt);
  const datasets = useDatasets();
  // Where there is but one, nobody has to choose it.
  const dataset = chosen ?? (datasets.choices.length === 1 ? (datasets.choices[0]?.value ?? null) : null);
  const { choices: models } = useModels();
  const credits = useRead("/v1/credits", {}, { enabled: open, staleTime: 10_000 });
  const found = useRead("/v1/prompts/{slug}", { path: { slug: prompt ?? "" } }, { enabled: open && prompt !== null });
  const navigate = useNavigate();
  const start = useChange("post", "/v1/optimizations", { invalidates: ["/v1/optimizations", "/v1/credits"] });

  const budget = budgetOf({ evaluations, ceiling, minutes });
  // A chain calls the models of its steps.
  const asked = { task: search.chain ? null : task, reflect, judge: search.judge, variants: search.variants.length > 0 ? search.variants : null };
  const asModels = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null));
  const body = prompt && dataset && !missing ? ({ prompt, ...askedItems(dataset), budget, models: asModels, ...(version ? { version: Number(version) } : {}), ...searchOf(search), ...begins } as Body) : null;
  const forecast = useForecast("/v1/optimizations/forecast", open ? body : null);
  // Of what stands there now, or none: nobody shall start on the price of what stood there before.
  const plan = forecast.isStale ? undefined : forecast.data;
  const tooFew = plan?.least_evaluations != null && budget.evaluations < plan.least_evaluations;
  const tooLow = plan?.least_credits != null && budget.credits !== undefined && budget.credits < Number(plan.least_credits);
  const error = start.error ?? forecast.error;
  // Of all metrics together: what counts is not enough to tell a good answer from a bad one.
  const unjudged = error instanceof ApiError && error.param === "metrics" ? errorFor(error, "metrics") : undefined;
  const letJudge = () => {
    setMore(true);
    put({ metrics: [...search.metrics.filter((one) => one.metric !== "accuracy"), { ...newMetric("relevance"), weight: "1" }] });
  };

  const submit = () =>
    body &&
    start.mutate(
      { body: body as never },
      {
        onSuccess: (made) => {
          toast("The search has started");
          void navigate({ to: `/optimize/${made.id}`, replace: true });
        },
      },
    );
  const labels = found.data?.labels as Record<string, number> | undefined;
  const live = labels?.["production"];
  const latest = found.data?.latest_version ?? 0;
  const versions = Array.from({ length: Math.min(100, latest) }, (_, at) => String(latest - at));
  return (
    <FormDialog wide open={open} onOpenChange={onOpenChange} title="New search for a better version" submit="Start the search" onSubmit={submit} busy={start.isPending} error={error} disabled={!body || tooFew || tooLow || Boolean(forecast.error) || forecast.isStale}>
      <div className="grid gap-x-6 gap-y-4 md:grid-cols-[minmax(0,1fr)_18rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <div className="grid grid-cols-1 gap-4 sm:grid-cols-3">
            <Field label="Evaluations, at most" error={errorFor(error, "budget.evaluations") ?? (tooFew ? `At least ${count(plan.least_evaluations)} for this dataset.` : undefined)} required>
              <Input autoFocus type="number" min={50} max={100_000} step={1} value={evaluations} onChange={(event) => setEvaluations(event.target.value)} />
            </Field>
            <Field label="Cost ceiling, $" error={errorFor(error, "budget.credits") ?? (tooLow ? `At least ${(Math.ceil(Number(plan.least_credits) * USD_PER_CREDIT * 1000) / 1000).toFixed(3)} for this dataset.` : undefined)}>
              <Input type="number" min={0} step="any" placeholder={plan ? (plan.forecast.set_aside_nusd / 1e9).toPrecision(2) : "the forecast"} value={ceiling} onChange={(event) => setCeiling(event.target.value)} />
            </Field>
            <Field label="Minutes, at most">
              <Input type="number" min={1} step={1} placeholder="no limit" value={minutes} onChange={(event) => setMinutes(event.target.value)} />
            </Field>
          </div>
          <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_10rem]">
            <Labelled name="Prompt" error={errorFor(error, "prompt")}>
              <Combobox needed label="Prompt" value={prompt} onChange={(next) => { setPrompt(next); setVersion(""); put({ chain: "", step: "" }); }} placeholder="Choose a prompt" className="w-full" {...prompts} />
            </Labelled>
            <Field label="From version" error={errorFor(error, "version")}>
              <Select value={version} onChange={setVersion} empty={live ? `production (v${live})` : "the live one"} options={versions.map((one) => ({ value: one, label: `v${one}` }))} />
            </Field>
          </div>
          <Labelled name="Dataset" error={errorFor(error, "dataset_id") ?? errorFor(error, "source")}>
            <Combobox needed label="Dataset" value={dataset} onChange={(next) => { setDataset(next); put({ anchors: [] }); }} placeholder="Choose a dataset" choices={[...datasets.choices, FEEDBACK]} className="w-full" />
            {datasets.isEmpty && dataset === null ? (
              <p className="text-12 text-muted">
                There is none here yet. <TextLink to="/datasets" search={{ new: "1" }}>Make one</TextLink> of some 100 examples with the right answer, then search from there, or take what people said of its answers.
              </p>
            ) : null}
          </Labelled>
          <div className="grid gap-4 sm:grid-cols-2">
            <Labelled name="Model that answers" error={errorFor(error, "models.task")}>
              {search.chain ? (
                <p className="text-13 text-muted">That of the chain’s step.</p>
              ) : (
                <Combobox label="Model that answers" value={task} onChange={setTask} clear="The version’s own" choices={models} className="w-full" />
              )}
            </Labelled>
            <Labelled name="Model that proposes edits" error={errorFor(error, "models.reflect")}>
              <Combobox label="Model that proposes edits" value={reflect} onChange={setReflect} clear="The usual one" choices={models} className="w-full" />
            </Labelled>
          </div>
          <MethodFields search={search} error={error} onChange={put} />
          {isHeld && facts.data ? (
            <Notice tone="warn">
              This workspace lets no items of datasets into prompts, so no search by examples can start. {may.admin ? "Allow it" : "An admin may allow it"} under <TextLink to="/settings">Settings</TextLink>, Searches.
            </Notice>
          ) : null}
          {given.line ? <Notice>{search.method === "evolutionary" ? `It begins with the texts of ${given.number === null ? "the best generation" : `generation ${given.number}`}.` : "Only an evolutionary search begins with a generation; this one begins with the version."}</Notice> : null}
          <span>
            <Button size="s" variant="ghost" aria-expanded={hasMore} icon={hasMore ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />} onClick={() => setMore(!hasMore)}>
              What counts, limits, further models
            </Button>
          </span>
          {unjudged ? (
            <div className="flex flex-col items-start gap-2">
              <FieldFault text={unjudged} />
              <Button size="s" onClick={letJudge}>
                Let a judge decide
              </Button>
            </div>
          ) : null}
          {hasMore ? <MoreFields prompt={prompt} dataset={dataset} search={search} error={error} onChange={put} /> : null}
        </div>
        <div className="flex min-h-40 flex-col gap-3 rounded-l bg-sunken p-4" aria-live="polite" aria-busy={forecast.isStale || undefined}>
          <h3 className="text-13 font-semibold">What it may cost</h3>
          {plan ? (
            <>
              <Facts
                facts={[
                  ["Answers by", <span key="m" className="wrap-anywhere">{plan.models["task"]}</span>],
                  ["Never more than", <strong key="a" className="font-semibold"><Money nusd={plan.forecast.set_aside_nusd + plan.forecast.fee_nusd} /></strong>],
                  ["Probably less than", <Money key="f" nusd={Math.min(plan.forecast.cost_nusd, plan.forecast.set_aside_nusd) + plan.forecast.fee_nusd} />],
                  plan.forecast.fee_nusd > 0 && ["Of that, fee", <Money key="e" nusd={plan.forecast.fee_nusd} />],
                  credits.data !== undefined && ["You have", <Money key="h" nusd={credits.data.available_nusd} />],
                ]}
              />
              <p className="text-12 text-muted">Set aside until it ends; what is not used comes back.</p>
              <ShortBudgets budgets={plan.short_budgets} />
              {plan.lacking?.length ? (
                <Notice tone="warn">Started so, it ends at once for too little data: there are {lackingOf({ report: { lacking: plan.lacking } })}.{plan.least_evaluations === null ? "" : " All that proofs may look at these test items is spent; add fresh ones."}</Notice>
              ) : tooFew && plan.least_evaluations !== null ? (
                <Button size="s" onClick={() => setEvaluations(String(plan.least_evaluations))}>
                  Take {plural(plan.least_evaluations, "evaluation")}
                </Button>
              ) : null}
            </>
          ) : (
            <p className="min-h-24 text-13 text-muted">{body ? (forecast.error ? "It cannot start like this." : "Counting…") : prompt && dataset && missing ? missing : "Choose a prompt and a dataset."}</p>
          )}
          <p className="mt-auto border-t border-line pt-3 text-12 text-muted">The search sees train and validation items. The winner meets the version on the test items once, and is suggested only if the gain is sure. Nothing goes live by itself.</p>
        </div>
      </div>
    </FormDialog>
  );
}

function Labelled({ name, error, children }: { name: string; error?: string; children: React.ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-13 font-medium">{name}</span>
      {children}
      {error ? (
        <p role="alert" className="text-12 text-bad">
          {error}
        </p>
      ) : null}
    </div>
  );
}
