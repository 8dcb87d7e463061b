import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import type { Schema } from "@/api/client";
import { useForecast } from "@/api/forecast";
import { useChange } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Button, Checkbox, Combobox, Facts, Field, FieldFault, FormDialog, Input, Money, errorFor, toast } from "@/kit";
import { plural } from "@/lib/format";
import { howOf, ofSearch } from "../optimize/asked";
import { MethodFields } from "../optimize/MethodFields";
import { METHODS, type Method } from "../optimize/model";
import { MoreFields } from "../optimize/MoreFields";
import { PLAIN, type Search, budgetOf, whyNot } from "../optimize/search";

/** Those that need what is said of one prompt alone are left out. */
const WAYS = (Object.keys(METHODS) as Method[]).filter((one) => one !== "manual" && one !== "settings");

/** From one model to another, with what measuring costs before anything is asked. */
export function NewMigration({ open, onOpenChange, ...given }: { open: boolean; onOpenChange: (open: boolean) => void; model: string; successor: string }) {
  const [model, setModel] = useState<string | null>(given.model || null);
  const [successor, setSuccessor] = useState<string | null>(given.successor || null);
  const [only, setOnly] = useState<string | null>(null);
  const [margin, setMargin] = useState("2");
  const [searches, setSearches] = useState(true);
  const [evaluations, setEvaluations] = useState("2000");
  const [ceiling, setCeiling] = useState("");
  const [minutes, setMinutes] = useState("");
  const [search, setSearch] = useState<Search>(PLAIN);
  const [reflect, setReflect] = useState<string | null>(null);
  const missing = searches ? whyNot(search) : null;
  const { choices } = useModels();
  const prompts = usePromptChoices();
  const navigate = useNavigate();
  const start = useChange("post", "/v1/model-migrations", { invalidates: ["/v1/model-migrations", "/v1/credits", "/v1/test-runs"] });
  // A model that has ended is not among those that can be called.
  const olds = given.model && !choices.some((one) => one.value === given.model) ? [{ value: given.model, label: given.model }, ...choices] : choices;
  const body = model && successor ? { model, successor, margin: (Number(margin) || 0) / 100, ...(only ? { prompts: [only] } : {}), ...(searches ? { search: { ...howOf(search, { task: null, reflect }), budget: budgetOf({ evaluations, ceiling, minutes }) } } : {}) } : null;
  const forecast = useForecast("/v1/model-migrations/forecast", open && !missing ? body : null);
  const plan = forecast.isStale || missing ? undefined : forecast.data;
  const error = start.error ?? forecast.error;
  const submit = () =>
    body &&
    start.mutate(
      { body: body as Schema<"MigrationBody"> },
      {
        onSuccess: (made) => {
          toast("The move has begun; nobody gets anything of it until a label moves");
          void navigate({ to: `/optimize/migrations/${made.id}`, replace: true });
        },
      },
    );
  return (
    <FormDialog wide open={open} onOpenChange={onOpenChange} title="Move prompts to another model" description="Each version with a label, and the newest of each prompt. New versions stand on a branch: nobody gets them until you move a label." submit="Measure and move" onSubmit={submit} busy={start.isPending} error={error} disabled={!plan || plan.steps === 0}>
      <div className="grid gap-x-6 gap-y-4 md:grid-cols-[minmax(0,1fr)_17rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <div className="grid gap-4 sm:grid-cols-2">
            <div className="flex min-w-0 flex-col gap-1">
              <span className="text-13 font-medium">From</span>
              <Combobox needed label="From" value={model} onChange={setModel} placeholder="Choose a model" choices={olds} className="w-full" />
              <FieldFault text={errorFor(error, "model")} />
            </div>
            <div className="flex min-w-0 flex-col gap-1">
              <span className="text-13 font-medium">To</span>
              <Combobox needed label="To" value={successor} onChange={setSuccessor} placeholder="Choose a model" choices={choices.filter((one) => one.value !== model)} className="w-full" />
              <FieldFault text={errorFor(error, "successor")} />
            </div>
          </div>
          <div className="flex min-w-0 flex-col gap-1">
            <span className="text-13 font-medium">Prompts</span>
            <Combobox label="Prompts" value={only} onChange={setOnly} clear="All that call it" className="w-full" {...prompts} />
            <FieldFault text={errorFor(error, "prompts")} />
          </div>
          <Field label="Still as good where at most so many points are lost" error={errorFor(error, "margin")} className="sm:w-1/2">
            <Input type="number" min={0} max={100} step="any" value={margin} onChange={(event) => setMargin(event.target.value)} />
          </Field>
          <Checkbox label="Look for a better text where it is worse" hint="What is proven becomes the version’s text for the new model." checked={searches} onChange={(event) => setSearches(event.target.checked)} />
          {searches ? (
            <div role="group" aria-label="How it searches" className="flex min-w-0 flex-col gap-4">
              <div className="grid grid-cols-1 gap-4 sm:grid-cols-[1.2fr_1fr_1fr]">
                <Field label="Evaluations of each, at most" error={errorFor(error, "search.budget.evaluations") ?? errorFor(error, "search.budget") ?? errorFor(error, "search")}>
                  <Input type="number" min={50} max={100_000} step={1} value={evaluations} onChange={(event) => setEvaluations(event.target.value)} />
                </Field>
                <Field label="Cost ceiling of each, $" error={errorFor(error, "search.budget.credits")}>
                  <Input type="number" min={0} step="any" placeholder="the forecast" value={ceiling} onChange={(event) => setCeiling(event.target.value)} />
                </Field>
                <Field label="Minutes of each, at most" error={errorFor(error, "search.budget.seconds")}>
                  <Input type="number" min={1} step={1} placeholder="no limit" value={minutes} onChange={(event) => setMinutes(event.target.value)} />
                </Field>
              </div>
              <HowToSearch search={search} reflect={reflect} error={ofSearch(error, "search.")} onSearch={(changes) => setSearch({ ...search, ...changes })} onReflect={setReflect} />
            </div>
          ) : null}
        </div>
        <div className="flex min-h-32 min-w-0 flex-col gap-3 rounded-l bg-sunken p-4" aria-live="polite" aria-busy={forecast.isStale || undefined}>
          <h3 className="text-13 font-semibold">What it may cost</h3>
          {plan ? (
            <>
              <Facts
                facts={[
                  ["To do", plural(plan.steps, "version")],
                  plan.not_measured > 0 ? ["Skipped", `${plural(plan.not_measured, "version")} without a test run`] : null,
                  ["Measuring", <Money key="m" nusd={plan.measure_nusd} />],
                  searches ? ["If all are searched", <Money key="s" nusd={plan.search_nusd} />] : null,
                ]}
              />
              {plan.steps === 0 ? <p className="text-13">No prompt calls {plan.model}.</p> : null}
              {plan.problems.length > 0 ? (
                <ul aria-label="Problems" className="flex flex-col gap-1 text-12 text-muted">
                  {plan.problems.map((one) => (
                    <li key={`${one.prompt} ${one.version}`} className="wrap-anywhere">
                      {one.prompt} v{one.version}: {one.because}
                    </li>
                  ))}
                </ul>
              ) : null}
            </>
          ) : (
            <p className="text-13 text-muted">{missing ? missing : body ? (forecast.error ? "It cannot start like this." : "Counting…") : "Choose both models."}</p>
          )}
        </div>
      </div>
    </FormDialog>
  );
}

type How = { search: Search; reflect: string | null; error: unknown; onSearch: (changes: Partial<Search>) => void; onReflect: (model: string | null) => void };

/** As of any search, but for what belongs to one prompt; the new model answers. */
function HowToSearch({ search, reflect, error, onSearch, onReflect }: How) {
  const [hasMore, setMore] = useState(false);
  const { choices } = useModels();
  return (
    <>
      <MethodFields methods={WAYS} search={search} error={error} onChange={onSearch} />
      <span>
        <Button size="s" variant="ghost" aria-expanded={hasMore} icon={hasMore ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />} onClick={() => setMore(!hasMore)}>
          Model, what counts, limits
        </Button>
      </span>
      {hasMore ? (
        <>
          <div className="flex min-w-0 flex-col gap-1 sm:w-1/2">
            <span className="text-13 font-medium">Model that proposes edits</span>
            <Combobox label="Model that proposes edits" value={reflect} onChange={onReflect} clear="The usual one" choices={choices} className="w-full" />
            <FieldFault text={errorFor(error, "models.reflect") ?? errorFor(error, "models")} />
          </div>
          <MoreFields ofMany prompt={null} dataset={null} search={search} error={error} onChange={onSearch} />
        </>
      ) : null}
    </>
  );
}
