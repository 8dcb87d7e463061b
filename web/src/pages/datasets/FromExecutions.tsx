import { useMemo, useState } from "react";
import { useDatasets } from "@/api/choices";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { Badge, Button, Checkbox, Combobox, Dialog, FormDialog, Lines, Notice, RelativeTime } from "@/kit";
import { madeAt } from "@/kit/execution/made-at";
import type { ExecutionRow } from "@/kit/execution/types";
import { plural } from "@/lib/format";

type Taken = Schema<"FromExecutionsAnswer">;
const MOST = 500;

/** Runs of the log become items: what was asked is the input; what people corrected it to, or the answer itself, is what is expected. */
export default function FromExecutions({ rows, areChosen, hasMore, dataset, onClose }: { rows: readonly ExecutionRow[]; /** They were chosen in the log, else it is all that it shows. */ areChosen: boolean; hasMore: boolean; dataset: string | null; onClose: () => void }) {
  const datasets = useDatasets();
  const fit = useMemo(() => rows.filter((row) => row.status === "success").slice(0, MOST), [rows]);
  const [chosen, setChosen] = useState<string | null>(dataset);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [useOutput, setUseOutput] = useState(false);
  const add = useChange("post", "/v1/datasets/{dataset_id}/items/from-executions", { invalidates: ["/v1/datasets"] });
  const taken = fit.filter((row) => !left.has(row.id));
  const where = chosen ?? datasets.choices[0]?.value ?? null;
  if (add.data) return <Result taken={add.data as Taken} onClose={onClose} />;
  const turn = (id: string, on: boolean) => setLeft((before) => new Set(on ? [...before].filter((one) => one !== id) : [...before, id]));
  const submit = () => where && add.mutate({ path: { dataset_id: where }, body: { executions: taken.map((row) => ({ execution_id: row.id })), use_output: useOutput } } as never);
  return (
    <FormDialog
      wide
      open
      onOpenChange={(open) => open || onClose()}
      title="Add runs to a dataset"
      description="What was asked becomes the input. What people corrected the answer to is what is expected; a run that nobody corrected is left out."
      submit={taken.length > 0 ? `Add ${plural(taken.length, "run")}` : "Add"}
      onSubmit={submit}
      busy={add.isPending}
      error={add.error}
      missing={where && taken.length === 0 ? "Choose at least one run." : undefined}
      disabled={!where || taken.length === 0}
    >
      <div className="flex flex-col gap-1 sm:max-w-sm">
        <span className="text-13 font-medium">Dataset</span>
        <Combobox needed label="Dataset" value={where} choices={datasets.choices} onChange={setChosen} placeholder={datasets.isEmpty ? "There is none yet" : "Choose…"} className="w-full" />
      </div>
      <Checkbox label="Take the answer itself where nobody corrected it" hint="Only where you know the answers to be right: a version is measured by them." checked={useOutput} onChange={(event) => setUseOutput(event.target.checked)} />
      {fit.length === 0 ? (
        <Notice tone="warn">None of {areChosen ? "the chosen" : "the listed"} runs has an answer that could be taken.</Notice>
      ) : (
        <fieldset className="min-w-0">
          <legend className="mb-1.5 flex w-full items-center justify-between text-13 font-medium">
            {areChosen ? "Runs that you chose" : `Runs that the log shows${hasMore ? ", as far as it is loaded" : ""}`}
          </legend>
          {areChosen && rows.length > fit.length ? (
            <p className="mb-2 text-12 text-muted">
              {plural(rows.length - fit.length, "run")} left out: {rows.length > MOST ? `without an answer, or beyond ${MOST}` : "without an answer"}.
            </p>
          ) : null}
          <Lines label="Runs to add" className="flex flex-col rounded-m border border-line">
            {fit.map((row) => (
              <li key={row.id} className="border-b border-line px-3 py-1.5 last:border-b-0">
                <Checkbox
                  checked={!left.has(row.id)}
                  onChange={(event) => turn(row.id, event.target.checked)}
                  label={
                    <span className="flex flex-wrap items-center gap-x-2 text-13">
                      <span className="font-mono">{row.prompt ?? "messages"}</span>
                      {row.version === null ? null : <Badge>v{row.version}</Badge>}
                      <span className="text-muted">
                        <RelativeTime at={madeAt(row)} />
                        {row.user_id ? `, ${row.user_id}` : ""}
                      </span>
                    </span>
                  }
                />
              </li>
            ))}
          </Lines>
          <div className="mt-2 flex gap-2">
            <Button size="s" onClick={() => setLeft(new Set())}>
              Take all
            </Button>
            <Button size="s" onClick={() => setLeft(new Set(fit.map((row) => row.id)))}>
              Take none
            </Button>
          </div>
        </fieldset>
      )}
    </FormDialog>
  );
}

function Result({ taken, onClose }: { taken: Taken; onClose: () => void }) {
  const reasons = new Map<string, number>();
  for (const { because } of taken.skipped) reasons.set(because, (reasons.get(because) ?? 0) + 1);
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={taken.added > 0 ? `${plural(taken.added, "item")} added to ${taken.name}` : `Nothing new for ${taken.name}`}
      footer={
        <Button variant="primary" onClick={onClose}>
          Close
        </Button>
      }
    >
      <div className="flex flex-col gap-3 text-14">
        <p>
          {taken.added > 0 ? `It is at version ${taken.version}. ` : ""}
          {taken.duplicates > 0 ? `${plural(taken.duplicates, "input")} ${taken.duplicates === 1 ? "was" : "were"} there already.` : ""}
        </p>
        {reasons.size > 0 ? (
          <Notice tone="warn" title={`${plural(taken.skipped.length, "run")} left out:`}>
            <ul className="mt-1 list-disc pl-5">
              {[...reasons].map(([why, times]) => (
                <li key={why}>
                  {times} × {why}
                </li>
              ))}
            </ul>
          </Notice>
        ) : null}
      </div>
    </Dialog>
  );
}
