import { useMemo, useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useFormOver } from "@/api/form-over";
import { read, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Combobox, Facts, Field, FieldFault, Fields, FormDialog, Input, Money, Select, Several, TextLink, errorFor, toast } from "@/kit";
import { count } from "@/lib/format";
import { FilterFields } from "./FilterFields";
import { type Evaluator, NEED_EXPECTED, asksModels } from "./evaluator";
import { filtersOf } from "./filters";
import { type Draft, type Live, bodyOf, draftOf, takes, wrongIn } from "./live";
import { forecastOf, windowOf } from "./scores";

const INVALIDATES = { invalidates: ["/v1/live-evaluations"] };

/** What of live traffic an evaluator scores, and what that may cost. `live` null: a new one. */
export function EditLive({ live, evaluators, evaluator, onClose }: { live: Live | null; evaluators: readonly Evaluator[]; evaluator: string | null; onClose: () => void }) {
  const off = useMay().edit ? undefined : needs("editor");
  const [first] = useState<Draft>(() => draftOf(live, evaluator));
  const over = useFormOver(first, live && (async () => draftOf(await read("/v1/live-evaluations/{live_evaluation_id}", { path: { live_evaluation_id: live.id } }))), INVALIDATES.invalidates);
  const { draft, change } = over;
  const [label, setLabel] = useState("");
  const prompts = usePromptChoices();
  const create = useChange("post", "/v1/live-evaluations", INVALIDATES);
  const save = useChange("patch", "/v1/live-evaluations/{live_evaluation_id}", INVALIDATES);
  const { error, isPending } = live ? save : create;
  const chosen = evaluators.find((one) => one.id === draft.evaluator);
  const asks = chosen ? asksModels(chosen) : live?.cap !== null && live !== null;
  const wrong = wrongIn(draft, asks);
  const done = (said: string) => ({
    onSuccess: () => {
      onClose();
      toast(said);
    },
  });
  const send = (draft: Draft) => {
    const body = bodyOf(draft, asks);
    if (live) save.mutate({ path: { live_evaluation_id: live.id }, body }, done("It holds for what comes from now on"));
    else if (draft.evaluator) create.mutate({ body: { ...body, evaluator_id: draft.evaluator, active: true } }, done(`${chosen?.name ?? "It"} scores ${takes({ sample: body.sample, prompts: body.prompts, labels: body.labels, filters: body.filters as Live["filters"] })} from now on`));
  };
  const choices = evaluators.map((one) => ({ value: one.id, label: one.name, hint: NEED_EXPECTED.has(one.kind) ? "compares with an expected answer: for test runs" : asksModels(one) ? "asks models" : "costs nothing" }));
  const labels = [...new Set(["production", "staging", ...draft.labels, label.trim()])].filter(Boolean);
  return (
    <FormDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={live ? `${off ? "What" : "Change what"} ${live.evaluator} scores` : "Score live traffic"}
      off={off}
      submit={live ? "Save" : "Begin"}
      onSubmit={() => over.send(send)}
      busy={isPending}
      error={error}
      over={over}
      disabled={Object.keys(wrong).length > 0}
      missing={Object.values(wrong)[0]}
    >
      <Fields off={off}>
        {live ? null : (
          <div className="flex min-w-0 flex-col gap-1">
            <span className="text-13 font-medium">Evaluator</span>
            <Combobox label="Evaluator" value={draft.evaluator} placeholder="Choose an evaluator" choices={choices} onChange={(next) => change({ evaluator: next })} className="w-full" />
            {evaluators.length === 0 ? (
              <p className="text-12 text-muted">
                There is none yet: <TextLink to="/evaluators" search={{ new: "1" }}>make one</TextLink>.
              </p>
            ) : null}
            <FieldFault text={errorFor(error, "evaluator_id")} />
          </div>
        )}
        <div className="flex flex-col gap-1">
          <span className="text-13 font-medium">Of which prompts</span>
          <Several label="Prompts" add="Add a prompt" none="All, and calls without one" values={draft.prompts} onChange={(next) => change({ prompts: next })} {...prompts} />
          <FieldFault text={errorFor(error, "prompts")} />
        </div>
        <div className="flex flex-col gap-1">
          <span className="text-13 font-medium">Under which labels</span>
          <Several label="Labels" add="Add a label" none="All, and calls by version" values={draft.labels} onChange={(next) => change({ labels: next })} choices={labels.map((one) => ({ value: one, label: one }))} onSearch={setLabel} />
          <FieldFault text={errorFor(error, "labels")} />
        </div>
        <FilterFields draft={draft.filters} onChange={(changed) => change({ filters: { ...draft.filters, ...changed } })} error={(field) => errorFor(error, field)} />
        <Field label="Share of the runs, %" hint="Drawn by their id: a larger share holds the smaller one." error={wrong.share ?? errorFor(error, "sample")} className="max-w-56">
          <Input inputMode="decimal" value={draft.share} onChange={(event) => change({ share: event.target.value })} />
        </Field>
        {asks ? (
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="May cost at most, $" hint="Never more: what does not fit is not asked." error={wrong.cap ?? errorFor(error, "cap")} required>
              <Input inputMode="decimal" value={draft.cap} onChange={(event) => change({ cap: event.target.value })} />
            </Field>
            <Field label="In" hint="Of the calendar, in UTC." error={errorFor(error, "cap.period")}>
              <Select value={draft.period} onChange={(period) => change({ period })} options={[{ value: "day", label: "a day" }, { value: "month", label: "a month" }]} />
            </Field>
          </div>
        ) : null}
        {chosen ? <Forecast evaluator={chosen} draft={draft} asks={asks} /> : null}
      </Fields>
    </FormDialog>
  );
}

/** What it will about take, from the runs of the last seven days and what a score of this evaluator cost in them. */
function Forecast({ evaluator, draft, asks }: { evaluator: Evaluator; draft: Draft; asks: boolean }) {
  const { from } = useMemo(() => windowOf("7d", Date.now()), []);
  const one = draft.prompts.length === 1 ? draft.prompts[0] : undefined;
  const countable = draft.prompts.length <= 1 && draft.labels.length === 0 && Object.keys(filtersOf(draft.filters)).length === 0;
  const runs = useRead("/v1/analytics/summary", { query: { from, prompt: one, traffic: "live" } }, { enabled: countable, staleTime: 60_000 });
  const sums = useRead("/v1/scores/summary", { query: { from, evaluator_id: evaluator.id } }, { staleTime: 60_000 });
  const scores = (sums.data?.data ?? []).reduce((sum, row) => sum + row.scores + row.no_scores, 0);
  const costNusd = (sums.data?.data ?? []).reduce((sum, row) => sum + row.cost_nusd, 0);
  const runsADay = countable && runs.data ? runs.data.executions / 7 : null;
  const share = Number(draft.share) / 100;
  const forecast = forecastOf({ runsADay, share, scores, costNusd });
  const drawn = runsADay === null ? null : runsADay * Math.min(1, share);
  return (
    <div aria-live="polite" aria-busy={(countable && runs.isPending) || sums.isPending || undefined} className="min-h-16 rounded-m bg-sunken px-3 py-2.5">
      <Facts
        facts={[
          ["Scores a day, about", drawn !== null ? count(Math.round(drawn)) : countable && !runs.error ? "…" : "not known for these"],
          ["Costs a day, about", !asks ? "nothing" : forecast ? <Money key="c" nusd={forecast.costNusd} /> : "known once it has scored some"],
        ]}
      />
      <p className="mt-1 text-12 text-muted">From the live runs of the last seven days.</p>
    </div>
  );
}
