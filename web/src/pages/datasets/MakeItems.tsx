import { useRef, useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { type Schema, newIdempotencyKey } from "@/api/client";
import { useChange, usePages } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Button, Combobox, Dialog, Field, FormDialog, Input, Notice, Segments, Select, errorFor } from "@/kit";
import { ago, count, money, plural } from "@/lib/format";

type Made = Schema<"MadeItemsAnswer">;
const MOST = 50;

/** Has a model make up items for a prompt: marked, and never in the test split. */
export function MakeItems({ id, onClose }: { id: string; onClose: () => void }) {
  const [prompt, setPrompt] = useState<string | null>(null);
  const [kind, setKind] = useState<"usual" | "adversarial">("usual");
  const [howMany, setHowMany] = useState("10");
  const [model, setModel] = useState<string | null>(null);
  const [failedOf, setFailedOf] = useState("");
  const prompts = usePromptChoices(prompt);
  const { choices } = useModels();
  const runs = usePages("/v1/test-runs", { query: { prompt, status: "completed", limit: 50 } }, { enabled: prompt !== null });
  const make = useChange("post", "/v1/datasets/{dataset_id}/synthetic", { invalidates: ["/v1/datasets"] });
  // Under one key it is made and paid once, also where the answer was lost on its way.
  const key = useRef(newIdempotencyKey());
  const n = Number(howMany);
  const isWrong = !/^\d+$/.test(howMany.trim()) || n < 1 || n > MOST;
  const of = runs.rows.filter((one) => one.dataset_id === id && one.split !== "test");
  const change = <T,>(set: (value: T) => void) => (value: T) => {
    key.current = newIdempotencyKey();
    set(value);
  };
  if (make.data) return <Result made={make.data as Made} onClose={onClose} />;
  const submit = () =>
    prompt &&
    !isWrong &&
    make.mutate({ path: { dataset_id: id }, headers: { "Idempotency-Key": key.current }, body: { prompt, kind, count: n, ...(model ? { model } : {}), ...(failedOf ? { failed_of: failedOf } : {}) } } as never);
  return (
    <FormDialog wide open onOpenChange={(open) => open || onClose()} title="Make up items" description="A model writes them for a prompt. They are marked, and fall into train or validation: a gain is proven on real ones." submit={isWrong ? "Make them" : `Make ${plural(n, "item")}`} onSubmit={submit} busy={make.isPending} error={make.error} disabled={!prompt || isWrong}>
      <div className="grid gap-4 sm:grid-cols-2">
        <div className="flex flex-col gap-1">
          <span className="text-13 font-medium">Prompt</span>
          <Combobox needed label="Prompt" value={prompt} onChange={change((next) => (setPrompt(next), setFailedOf("")))} placeholder="For which prompt" className="w-full" {...prompts} />
          {errorFor(make.error, "prompt") ? (
            <p role="alert" className="text-12 text-bad">
              {errorFor(make.error, "prompt")}
            </p>
          ) : null}
        </div>
        <Field label="How many" hint={`At most ${MOST}.`} error={isWrong ? `A number from 1 to ${MOST}.` : errorFor(make.error, "count")}>
          <Input inputMode="numeric" value={howMany} onChange={(event) => change(setHowMany)(event.target.value)} />
        </Field>
        <div className="flex flex-col items-start gap-1">
          <span className="text-13 font-medium">Kind</span>
          <Segments
            label="Kind"
            value={kind}
            onChange={change(setKind)}
            options={[
              { value: "usual", label: "As they usually come" },
              { value: "adversarial", label: "Likely to go wrong" },
            ]}
          />
        </div>
        <div className="flex flex-col gap-1">
          <span className="text-13 font-medium">Model that makes them</span>
          <Combobox label="Model that makes them" value={model} clear="The prompt's own" placeholder="The prompt's own" choices={choices} onChange={change(setModel)} className="w-full" />
        </div>
        {of.length > 0 ? (
          <Field label="Show it what failed in" hint="A test run on train or validation items.">
            <Select empty="No test run" value={failedOf} onChange={change(setFailedOf)} options={of.map((one) => ({ value: one.id, label: `${one.prompt} v${one.version}, ${one.split}, ${ago(one.created_at)}` }))} />
          </Field>
        ) : null}
      </div>
      <p className="text-12 text-muted">Each call of the model is a run, and is charged as any.</p>
    </FormDialog>
  );
}

function Result({ made, onClose }: { made: Made; onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={made.added > 0 ? `${plural(made.added, "item")} made up` : "Nothing was added"}
      footer={
        <Button variant="primary" onClick={onClose}>
          Close
        </Button>
      }
    >
      <div className="flex flex-col gap-3 text-14">
        <p className="numeric">
          {plural(made.executions.length, "run")}, {money(made.cost_nusd)}. {made.added > 0 ? `The dataset is at version ${made.version}.` : "The dataset stays as it was."}
          {made.duplicates > 0 ? ` ${count(made.duplicates)} were there already.` : ""}
        </p>
        {made.refused.length > 0 ? (
          <Notice title={`${plural(made.refused.length, "other")} left out:`}>
            <ul className="mt-1 list-disc pl-5">
              {made.refused.slice(0, 10).map((one, at) => (
                <li key={at}>{one}</li>
              ))}
            </ul>
          </Notice>
        ) : null}
      </div>
    </Dialog>
  );
}
