import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useChange } from "@/api/hooks";
import { Combobox, Day, Facts, Field, FieldFault, FormDialog, Input, Money, Select, Several, SimulatedBadge, errorFor, toast } from "@/kit";
import { count, plural } from "@/lib/format";
import { FilterFields } from "./FilterFields";
import { type Evaluator, NEED_EXPECTED, asksModels } from "./evaluator";
import { type PastDraft, REACTIONS, emptyPast, scoringOf, whatOf, wrongInPast } from "./past";

/** Which past runs an evaluator scores, how many those are, and what that may cost. */
export function ScorePast({ evaluators, evaluator, onClose }: { evaluators: readonly Evaluator[]; evaluator: string | null; onClose: () => void }) {
  const [draft, setDraft] = useState<PastDraft>(() => emptyPast(evaluator));
  const [label, setLabel] = useState("");
  const prompts = usePromptChoices();
  const look = useChange("post", "/v1/scorings/forecast");
  const begin = useChange("post", "/v1/scorings", { invalidates: ["/v1/scorings"] });
  const change = (changed: Partial<PastDraft>) => {
    look.reset();
    setDraft((held) => ({ ...held, ...changed }));
  };
  const chosen = evaluators.find((one) => one.id === draft.evaluator);
  const asks = chosen ? asksModels(chosen) : false;
  const wrong = wrongInPast(draft, asks);
  const error = begin.error ?? look.error;
  const told = look.data;
  const send = () => {
    if (!draft.evaluator) return;
    if (!told) return look.mutate({ body: whatOf(draft, draft.evaluator) });
    begin.mutate({ body: scoringOf(draft, draft.evaluator, asks) }, { onSuccess: (made) => (onClose(), toast(`${made.evaluator} scores ${plural(made.total, "past run")}`)) });
  };
  const choices = evaluators.filter((one) => !NEED_EXPECTED.has(one.kind)).map((one) => ({ value: one.id, label: one.name, hint: asksModels(one) ? "asks models" : "costs nothing" })); // prettier-ignore
  const labels = [...new Set(["production", "staging", ...draft.labels, label.trim()])].filter(Boolean);
  return (
    <FormDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Score past runs"
      submit={told ? `Score ${plural(told.to_score, "run")}` : "See how many, and what for"}
      onSubmit={send}
      busy={look.isPending || begin.isPending}
      error={error}
      disabled={Object.keys(wrong).length > 0 || told?.to_score === 0}
      missing={Object.values(wrong)[0] ?? (told?.to_score === 0 ? "Nothing of it is left to score." : undefined)}
    >
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">Evaluator</span>
        <Combobox label="Evaluator" value={draft.evaluator} placeholder="Choose an evaluator" choices={choices} onChange={(next) => change({ evaluator: next })} className="w-full" />
        <FieldFault text={errorFor(error, "evaluator_id")} />
      </div>
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
      <div className="flex flex-wrap gap-3">
        <Day label="From" value={draft.since} max={draft.until} onChange={(since) => change({ since })} />
        <Day label="Until" value={draft.until} min={draft.since} onChange={(until) => change({ until })} />
      </div>
      <FilterFields draft={draft.filters} onChange={(changed) => change({ filters: { ...draft.filters, ...changed } })} error={(field) => errorFor(error, field)}>
        <Field label="Feedback" error={errorFor(error, "filters.reaction")}>
          <Select value={draft.reaction} empty="With or without feedback" onChange={(reaction: string) => change({ reaction })} options={Object.entries(REACTIONS).map(([value, words]) => ({ value, label: words }))} />
        </Field>
      </FilterFields>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="At most so many" hint="The newest of those that fit." error={wrong.newest ?? errorFor(error, "newest")}>
          <Input inputMode="numeric" value={draft.newest} onChange={(event) => change({ newest: event.target.value })} />
        </Field>
        {asks ? (
          <Field label="May cost at most, $" hint="Never more: where it is reached it waits." error={wrong.limit ?? errorFor(error, "limit_nusd")} required>
            <Input inputMode="decimal" value={draft.limit} onChange={(event) => setDraft((held) => ({ ...held, limit: event.target.value }))} />
          </Field>
        ) : null}
      </div>
      <div aria-live="polite" className="min-h-16 rounded-m bg-sunken px-3 py-2.5">
        {told ? (
          <>
            <Facts
              facts={[
                ["To score", count(told.to_score)],
                ["Costs about", told.basis === "free" ? "nothing" : <Money key="c" nusd={told.expected_nusd} />],
                ["Scored already", count(told.scored_already)],
                ["Without a text", count(told.without_text)],
              ]}
            />
            <p className="mt-1 flex flex-wrap items-center gap-2 text-12 text-muted">
              {told.simulated ? <SimulatedBadge /> : null}
              {told.basis === "scores" ? "By what its scores cost so far." : told.basis === "texts" ? "By the length of the texts." : null}
              {told.searched_to ? ` Older runs than those of ${new Date(told.searched_to).toLocaleString("en")} were not looked at.` : null}
            </p>
          </>
        ) : (
          <p className="text-13 text-muted">How many runs fit, and what it will about cost, is told before it begins.</p>
        )}
      </div>
    </FormDialog>
  );
}
