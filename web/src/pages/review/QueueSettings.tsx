import { useState } from "react";
import { useDatasets } from "@/api/choices";
import { useFormOver } from "@/api/form-over";
import { read, useChange, useRead } from "@/api/hooks";
import { Button, Checkbox, Combobox, Field, FormDialog, Input, Loaded, errorFor, toast } from "@/kit";

type Own = { low_rated: boolean | null; uncertain: boolean | null; sample: number | null; dataset_id: string | null; most_waiting: number | null };
const SHIPPED: Own = { low_rated: true, uncertain: true, sample: 0, dataset_id: null, most_waiting: null };

/** What comes into the queue by itself, and where decided answers go: of one prompt, or of all that say nothing themselves. */
export function QueueSettings({ prompt, onClose }: { prompt: string | null; onClose: () => void }) {
  const found = useRead("/v1/review/settings");
  return (
    <Loaded of={found}>
      {({ data }) => {
        const all = data.find((one) => one.prompt === null) ?? SHIPPED;
        const own = data.find((one) => one.prompt === prompt);
        return <Form prompt={prompt} before={own ?? all} isOwn={own !== undefined} onClose={onClose} />;
      }}
    </Loaded>
  );
}

type Draft = { low: boolean; uncertain: boolean; share: string; dataset: Own["dataset_id"]; waiting: Own["most_waiting"] };

function draftOf(own: Own): Draft {
  return { low: own.low_rated ?? true, uncertain: own.uncertain ?? true, share: String(Math.round((own.sample ?? 0) * 1000) / 10), dataset: own.dataset_id, waiting: own.most_waiting };
}

function Form({ prompt, before, isOwn, onClose }: { prompt: string | null; before: Own; isOwn: boolean; onClose: () => void }) {
  const [first] = useState<Draft>(() => draftOf(before));
  const now = async () => {
    const { data } = await read("/v1/review/settings");
    return draftOf(data.find((one) => one.prompt === prompt) ?? data.find((one) => one.prompt === null) ?? SHIPPED);
  };
  const over = useFormOver(first, now, ["/v1/review"]);
  const { draft, change } = over;
  const { low, uncertain, share, dataset } = draft;
  const percent = share.trim() === "" ? Number.NaN : Number(share);
  const wrongShare = percent >= 0 && percent <= 100 ? undefined : "A number from 0 to 100.";
  const { choices } = useDatasets();
  const forAll = useChange("put", "/v1/review/settings", { invalidates: ["/v1/review"] });
  const forOne = useChange("put", "/v1/review/settings/{prompt}", { invalidates: ["/v1/review"] });
  const noneForAll = useChange("delete", "/v1/review/settings", { invalidates: ["/v1/review"] });
  const noneForOne = useChange("delete", "/v1/review/settings/{prompt}", { invalidates: ["/v1/review"] });
  const leaving = prompt === null ? noneForAll : noneForOne;
  const fallenBack = { onSuccess: () => (onClose(), toast(prompt === null ? "It is as the product ships it" : "What holds for all prompts holds for it")) };
  const fallBack = () => (prompt === null ? noneForAll.mutate({}, fallenBack) : noneForOne.mutate({ path: { prompt } }, fallenBack));
  const saving = prompt === null ? forAll : forOne;
  const body = { low_rated: low, uncertain, sample: percent / 100, dataset_id: dataset, most_waiting: draft.waiting };
  const done = { onSuccess: () => (onClose(), toast("Saved")) };
  const submit = () => (prompt === null ? forAll.mutate({ body }, done) : forOne.mutate({ path: { prompt }, body }, done));
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={prompt === null ? "What is queued, of all prompts" : `What is queued of ${prompt}`} description={prompt === null ? "A prompt that says otherwise goes by its own." : "What it says goes before what holds for all prompts."} submit="Save" onSubmit={() => over.send(submit)} over={over} busy={saving.isPending} error={saving.error ?? leaving.error} disabled={Boolean(wrongShare)}>
      <Checkbox label="What people rate low or correct" checked={low} onChange={(event) => change({ low: event.target.checked })} />
      <Checkbox label="What evaluators are not sure of, or disagree about" checked={uncertain} onChange={(event) => change({ uncertain: event.target.checked })} />
      <Field label="And at random" hint="So many of 100 answers that succeeded." error={wrongShare ?? errorFor(saving.error, "sample")}>
        <Input inputMode="decimal" value={share} onChange={(event) => change({ share: event.target.value })} className="max-w-28" />
      </Field>
      <Field label="What is decided goes to" hint="Where none is chosen, each prompt gets a dataset of its own." error={errorFor(saving.error, "dataset_id")}>
        <Combobox label="Dataset" value={dataset} clear="A dataset of its own" choices={choices} onChange={(next) => change({ dataset: next })} />
      </Field>
      {isOwn ? (
        <div>
          <Button size="s" busy={leaving.isPending} onClick={fallBack}>
            {prompt === null ? "Fall back to what the product ships" : "Fall back to what holds for all prompts"}
          </Button>
        </div>
      ) : null}
    </FormDialog>
  );
}
