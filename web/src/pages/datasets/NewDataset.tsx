import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useChange } from "@/api/hooks";
import { Button, Field, FormDialog, Input, errorFor, toast } from "@/kit";
import { plural } from "@/lib/format";
import { ItemsInput, NO_ITEMS } from "./ItemsInput";
import { SameName } from "./SameName";
import type { Item } from "./items";

/** Makes a dataset of pasted or uploaded items, and goes there. */
export function NewDataset({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [name, setName] = useState("");
  // A name that a file brought makes place for that of another file; one that somebody wrote stays.
  const proposed = useRef("");
  const propose = (next: string) => {
    if (name.trim() === "" || name === proposed.current) setName(next);
    proposed.current = next;
  };
  const [items, setItems] = useState<Item[] | null>(null);
  const navigate = useNavigate();
  const create = useChange("post", "/v1/datasets", { invalidates: ["/v1/datasets"] });
  const submit = () => make({ name: name.trim(), items: items ?? [] });
  const make = (body: object) =>
    create.mutate(
      { body: body as never },
      {
        onSuccess: (made) => {
          toast(`${made.name} is there with ${plural(made.added, "item")}${made.duplicates > 0 ? `; ${made.duplicates} with the same input were left out` : ""}${made.contradictions > 0 ? `, ${made.contradictions} of them with another answer` : ""}`);
          void navigate({ to: `/datasets/${made.id}`, replace: true });
        },
      },
    );
  return (
    <FormDialog wide open={open} onOpenChange={onOpenChange} title="New dataset" submit={items ? `Create with ${plural(items.length, "item")}` : "Create"} onSubmit={submit} busy={create.isPending} error={create.error} missing={name.trim() && !items ? NO_ITEMS : undefined} disabled={!name.trim() || !items}>
      <Field label="Name" error={errorFor(create.error, "name")} required className="max-w-sm">
        <Input autoFocus value={name} onChange={(event) => setName(event.target.value)} placeholder="Support tickets" maxLength={200} />
      </Field>
      <SameName name={name.trim()} />
      {items ? null : (
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-13 text-muted">
          <Button size="s" busy={create.isPending} onClick={() => make({ ...(name.trim() ? { name: name.trim() } : {}), sample: "support_tickets" })}>
            Start with the support tickets
          </Button>
          Tickets of an invented shop, each with its queue, in three splits: one click, and the dataset is there.
        </p>
      )}
      <ItemsInput withExample onItems={setItems} onFile={propose} />
    </FormDialog>
  );
}
