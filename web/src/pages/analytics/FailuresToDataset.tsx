import { useState } from "react";
import { useDatasets } from "@/api/choices";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { Button, ButtonLink, Checkbox, Combobox, Dialog, Field, FormDialog, Input, Notice, TextLink, errorFor } from "@/kit";
import { plural } from "@/lib/format";

type Group = Schema<"FailureGroup">;
type Made = Schema<"FromFailuresAnswer">;

const CHANGES = { invalidates: ["/v1/datasets", "/v1/review"] };

/** A group of failures becomes a new dataset, or more items of one. */
export function FailuresToDataset({ group, prompt, days, onClose }: { group: Group; prompt: string; days: number; onClose: () => void }) {
  const datasets = useDatasets();
  const [dataset, setDataset] = useState<string | null>(null);
  const [name, setName] = useState(group.name.slice(0, 200));
  const [review, setReview] = useState(true);
  const make = useChange("post", "/v1/datasets/from-failures", CHANGES);
  if (make.data) return <Result made={make.data as Made} prompt={prompt} onClose={onClose} />;
  const where = dataset ? { dataset_id: dataset } : { name: name.trim() };
  const submit = () => make.mutate({ body: { group: group.id, days, review, ...(prompt ? { prompt } : {}), ...where } as never });
  return (
    <FormDialog
      open
      onOpenChange={(open) => open || onClose()}
      title="Make a dataset of this group"
      description="What was asked becomes the input. What people corrected the answer to, or what a test run expected, is what is expected."
      submit={dataset ? "Add" : "Make"}
      onSubmit={submit}
      busy={make.isPending}
      error={make.error}
      disabled={!dataset && !name.trim()}
    >
      <div className="flex flex-col gap-1 sm:max-w-sm">
        <span className="text-13 font-medium">Dataset</span>
        <Combobox label="Dataset" value={dataset} clear="A new one" choices={datasets.choices} onChange={setDataset} className="w-full" />
      </div>
      {dataset ? null : (
        <Field label="Name" error={errorFor(make.error, "name")} required className="sm:max-w-sm">
          <Input value={name} onChange={(event) => setName(event.target.value)} maxLength={200} />
        </Field>
      )}
      <Checkbox label="Put answers that nobody corrected into the review queue" hint="There people say what would have been right." checked={review} onChange={(event) => setReview(event.target.checked)} />
    </FormDialog>
  );
}

function Result({ made: { dataset, added, duplicates, skipped, in_review: inReview }, prompt, onClose }: { made: Made; prompt: string; onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={dataset === null ? "No dataset yet" : added > 0 ? `${plural(added, "item")} in ${dataset.name}` : `Nothing new for ${dataset.name}`}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          {dataset ? (
            <ButtonLink variant="primary" to="/optimize" search={{ new: "1", dataset: dataset.id, ...(prompt ? { prompt } : {}) }}>
              Optimize on it
            </ButtonLink>
          ) : null}
        </>
      }
    >
      <div className="flex flex-col gap-3 text-14">
        {dataset ? (
          <p>
            <TextLink to={`/datasets/${dataset.id}`}>Open the dataset</TextLink>
            {duplicates > 0 ? ` ${plural(duplicates, "input")} ${duplicates === 1 ? "was" : "were"} there already.` : ""}
          </p>
        ) : null}
        {inReview > 0 ? (
          <p>
            {plural(inReview, "answer")} in the <TextLink to="/review">review queue</TextLink>.
          </p>
        ) : null}
        {skipped.length > 0 ? (
          <Notice title="Left out:">
            <ul className="mt-1 list-disc pl-5">
              {skipped.map(({ because, count: times }) => (
                <li key={because}>
                  {times} × {because}
                </li>
              ))}
            </ul>
          </Notice>
        ) : null}
      </div>
    </Dialog>
  );
}
