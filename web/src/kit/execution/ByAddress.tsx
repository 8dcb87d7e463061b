import { useState } from "react";
import { FormDialog } from "@/kit/Dialog";
import { Field, Input, Select } from "@/kit/Field";
import { type Addressed, type Attached, attachAddress, kindAt } from "@/lib/attached";

const KINDS: readonly { value: Addressed; label: string }[] = [
  { value: "picture", label: "Picture" },
  { value: "pdf", label: "PDF" },
];

/** A picture or PDF that the model's provider fetches from where it lies. The page never does. Stands beside what takes files by paste and drop, not
 * within: what is pasted into the dialog would be attached. */
export function ByAddress({ isOpen, setOpen, onTake }: { isOpen: boolean; setOpen: (open: boolean) => void; onTake: (one: Attached) => void }) {
  const [url, setUrl] = useState("");
  const [chosen, setChosen] = useState<Addressed | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const kind = chosen ?? kindAt(url);
  const open = (next: boolean) => {
    setOpen(next);
    setUrl("");
    setChosen(null);
    setFault(null);
  };
  const take = () => {
    const taken = attachAddress(url, kind);
    if ("why" in taken) return setFault(taken.why);
    onTake(taken);
    open(false);
  };
  return (
    <FormDialog open={isOpen} onOpenChange={open} title="Attach by address" description="The model's provider fetches it from there when it is run; not every model can." submit="Attach" onSubmit={take}>
      <Field label="Address" error={fault ?? undefined}>
        <Input
          inputMode="url"
          autoFocus
          mono
          placeholder="https://…"
          value={url}
          onChange={(event) => {
            setUrl(event.target.value);
            setFault(null);
          }}
        />
      </Field>
      <Field label="What is there">
        <Select value={kind} onChange={setChosen} options={KINDS} />
      </Field>
    </FormDialog>
  );
}
