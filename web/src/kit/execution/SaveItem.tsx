import { useEffect, useState } from "react";
import { useDatasets } from "@/api/choices";
import { useChange } from "@/api/hooks";
import { Combobox } from "@/kit/Combobox";
import { FormDialog } from "@/kit/Dialog";
import { Field, Input, Select, Textarea, errorFor } from "@/kit/Field";
import { toast } from "@/kit/Toast";
import { keepUsualDataset, useUsualDataset } from "./usual-dataset";

const NEW = "new";
const SPLITS = ["train", "validation", "test"] as const;

/** `prompt`: whose answer it is; null: of none. */
export type ItemToSave = { executionId: string; prompt: string | null; input: string | Record<string, unknown>; expected: string };

/** Keeps an input with the answer that is right for it: what prompts are then tested and improved on. */
export function SaveItem({ item, open, onOpenChange }: { item: ItemToSave; open: boolean; onOpenChange: (open: boolean) => void }) {
  const datasets = useDatasets();
  const [chosen, setChosen] = useState<string | null>(null);
  const [name, setName] = useState("");
  const [input, setInput] = useState("");
  const [expected, setExpected] = useState("");
  const [split, setSplit] = useState("");
  const add = useChange("post", "/v1/datasets/{dataset_id}/items", { invalidates: ["/v1/datasets"] });
  const create = useChange("post", "/v1/datasets", { invalidates: ["/v1/datasets"] });
  const { reset: resetAdd } = add;
  const { reset: resetCreate } = create;
  useEffect(() => {
    if (!open) return;
    setInput(typeof item.input === "string" ? item.input : JSON.stringify(item.input, null, 2));
    setExpected(item.expected);
    resetAdd();
    resetCreate();
    // Anew each time it opens, not each time that the answer it came from is read again.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [open]);

  // Not a new one while it is not known that there is none: its name would be typed for nothing.
  const usual = useUsualDataset(item.prompt, open);
  const known = (id: string | null) => (id !== null && datasets.byId.has(id) ? id : undefined);
  const first = known(usual ?? null) ?? datasets.choices[0]?.value ?? (datasets.isPending ? null : NEW);
  // Nor one that another takes the place of under somebody's eyes.
  const where = chosen ?? (usual === undefined ? null : first);
  const isText = typeof item.input === "string";
  const read = isText ? { value: input } : readObject(input);
  const submit = () => {
    if (!("value" in read) || where === null) return;
    const one = { input: read.value, expected, metadata: { execution_id: item.executionId }, ...(split ? { split } : {}) };
    const done = (made: { id: string; name: string; added: number }) => {
      onOpenChange(false);
      keepUsualDataset(item.prompt, made.id);
      setChosen(null);
      toast(made.added > 0 ? `Saved in ${made.name}` : `${made.name} holds this input already: nothing was changed`);
    };
    if (where === NEW) create.mutate({ body: { name, items: [one] } as never }, { onSuccess: (made) => done(made) });
    else add.mutate({ path: { dataset_id: where }, body: { items: [one] } as never }, { onSuccess: (made) => done(made) });
  };
  const error = where === NEW ? create.error : add.error;
  return (
    <FormDialog
      open={open}
      onOpenChange={onOpenChange}
      title="Save as a dataset item"
      description="Prompts are tested and improved on items like this one."
      submit="Save"
      onSubmit={submit}
      busy={add.isPending || create.isPending}
      error={error}
      disabled={where === null || !("value" in read) || !expected.trim() || (where === NEW && !name.trim())}
    >
      <div className="flex flex-col gap-1">
        <span className="text-13 font-medium">Dataset</span>
        <Combobox needed label="Dataset" value={where} choices={[{ value: NEW, label: "A new dataset" }, ...datasets.choices]} onChange={(next) => setChosen(next)} className="w-full" />
      </div>
      {where === NEW ? (
        <Field label="Its name" required error={errorFor(create.error, "name")}>
          <Input value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
      ) : null}
      <Field label="Input" hint={isText ? undefined : "The prompt's variables by name, as JSON."} error={"fault" in read ? read.fault : undefined}>
        <Textarea mono={!isText} rows={3} value={input} onChange={(event) => setInput(event.target.value)} />
      </Field>
      <Field label="The right answer" hint="Mend it first where the model was wrong." required>
        <Textarea rows={3} value={expected} onChange={(event) => setExpected(event.target.value)} />
      </Field>
      <Field label="Split">
        <Select empty="By chance" value={split} onChange={setSplit} options={SPLITS.map((one) => ({ value: one, label: one }))} />
      </Field>
    </FormDialog>
  );
}

function readObject(text: string): { value: Record<string, unknown> } | { fault: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value: value as Record<string, unknown> };
  } catch {
    // Told below.
  }
  return { fault: 'An object, such as {"ticket": "…"}.' };
}
