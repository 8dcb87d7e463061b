import { useState } from "react";
import { useChange } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Button, Checkbox, Combobox, Dialog, Field, FieldFault, FormDialog, Input, TextLink, errorFor, toast } from "@/kit";
import { plural } from "@/lib/format";
import { type WholeModel, wholeOf } from "./model";

type Retired = {
  prompts: { prompt: string; version: number; falls_back_to_it: boolean }[];
  used_by: { kind: string; words: string }[];
  test_runs: { prompt: string; version: number; test_run_id: string; replaces: string }[];
  skipped: { prompt: string; version: number; because: string }[];
  migration: { model: string; successor: string } | null;
};

/** Ends a model, now or on a day, and has its prompts tested with the one that follows. */
export function RetireModel({ model, onClose }: { model: WholeModel; onClose: () => void }) {
  const [successor, setSuccessor] = useState<string | null>(model.successor);
  const [day, setDay] = useState("");
  const [rerun, setRerun] = useState(true);
  const [told, setTold] = useState<Retired | null>(null);
  const { choices } = useModels();
  const own = useChange("post", "/v1/models/{model}/retire", { invalidates: ["/v1/models", "/v1/test-runs", "/v1/credits"] });
  const everybody = useChange("put", "/v1/platform-models/{platform_model}", { invalidates: ["/v1/models"] });
  const isOwn = model.scope === "workspace";
  const sunset = day ? `${day}T00:00:00Z` : null;
  const said = day ? `${model.id} is deprecated, and ends on ${day}` : `${model.id} is retired`;
  const submit = () => {
    if (!isOwn) {
      const changes = sunset ? { successor, sunset_at: sunset, deprecated_at: new Date().toISOString() } : { successor, active: false };
      everybody.mutate({ path: { platform_model: model.id }, body: wholeOf(model, changes) as never }, { onSuccess: () => { onClose(); toast(said); } });
      return;
    }
    own.mutate(
      { path: { model: model.id }, body: { successor, rerun, ...(sunset ? { sunset_at: sunset } : {}) } as never },
      {
        onSuccess: (answer) => {
          toast(said);
          const retired = answer as Retired;
          if (retired.prompts.length > 0 || retired.used_by.length > 0) setTold(retired);
          else onClose();
        },
      },
    );
  };
  if (told) return <Told model={model} told={told} onClose={onClose} />;
  const { error, isPending } = isOwn ? own : everybody;
  return (
    <FormDialog
      open
      danger
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Retire ${model.id}?`}
      description={isOwn ? "Calls of it are refused from then on, and told its successor." : "For every workspace of this installation. Those that called it in the last 30 days are told."}
      submit={day ? "Set its end" : "Retire it now"}
      onSubmit={submit}
      busy={isPending}
      error={error}
    >
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">Successor</span>
        <Combobox label="Successor" value={successor} onChange={setSuccessor} clear="None" choices={choices.filter((one) => one.value !== model.id)} className="w-full" />
        <FieldFault text={errorFor(error, "successor")} />
      </div>
      <Field label="Not now, but on" hint="Until then it answers, and routing does not choose it any more." error={errorFor(error, "sunset_at")}>
        <Input type="date" value={day} onChange={(event) => setDay(event.target.value)} />
      </Field>
      {isOwn && successor ? <Checkbox label={`Run its prompts’ newest test runs again with ${successor}`} hint="Each sets its own credit aside." checked={rerun} onChange={(event) => setRerun(event.target.checked)} /> : null}
    </FormDialog>
  );
}

/** Whom it concerns, and what was begun about it. */
function Told({ model, told, onClose }: { model: WholeModel; told: Retired; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())} title={told.prompts.length > 0 ? `${plural(told.prompts.length, "prompt version")} called ${model.id}` : `${model.id} is still named`} footer={<Button onClick={onClose}>Close</Button>}>
      <div className="flex flex-col gap-4 text-13">
        {told.used_by.length > 0 ? (
          <div>
            <p>It is also named by what follows, which is not changed:</p>
            <ul aria-label="What else names it" className="list-disc pl-5">
              {told.used_by.map((one) => (
                <li key={one.kind} className="wrap-anywhere">
                  {one.words}
                </li>
              ))}
            </ul>
          </div>
        ) : null}
        {told.test_runs.length > 0 ? (
          <ul aria-label="Test runs with the successor" className="flex flex-col gap-1">
            {told.test_runs.map((one) => (
              <li key={one.test_run_id}>
                <TextLink to={`/test-runs/${one.test_run_id}`}>
                  {one.prompt} v{one.version}
                </TextLink>{" "}
                is tested again
              </li>
            ))}
          </ul>
        ) : null}
        {told.skipped.length > 0 ? (
          <ul aria-label="Not tested" className="flex flex-col gap-1 text-muted">
            {told.skipped.map((one, at) => (
              <li key={at} className="wrap-anywhere">
                {one.prompt} v{one.version}: {one.because}
              </li>
            ))}
          </ul>
        ) : null}
        {told.migration ? (
          <p>
            <TextLink to="/optimize/migrations" search={{ new: "1", model: told.migration.model, successor: told.migration.successor }}>
              Move these prompts to {told.migration.successor}
            </TextLink>
            , measured item by item.
          </p>
        ) : null}
      </div>
    </Dialog>
  );
}
