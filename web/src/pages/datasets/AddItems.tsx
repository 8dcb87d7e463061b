import { useMemo, useState } from "react";
import { useChange, useRead } from "@/api/hooks";
import { FormDialog, toast } from "@/kit";
import { plural } from "@/lib/format";
import { ItemsInput, NO_ITEMS } from "./ItemsInput";
import type { Item } from "./items";

/** More items for a dataset. Columns that are called as its items' variables are taken for them. */
export function AddItems({ id, open, onOpenChange }: { id: string; open: boolean; onOpenChange: (open: boolean) => void }) {
  const [items, setItems] = useState<Item[] | null>(null);
  const first = useRead("/v1/datasets/{dataset_id}/items", { path: { dataset_id: id }, query: { limit: 1 } }, { enabled: open, staleTime: 60_000 });
  const input = first.data?.data[0]?.input;
  const variables = useMemo(() => (typeof input === "object" && input !== null ? Object.keys(input) : []), [input]);
  const add = useChange("post", "/v1/datasets/{dataset_id}/items", { invalidates: ["/v1/datasets"] });
  const submit = () =>
    add.mutate(
      { path: { dataset_id: id }, body: { items: items ?? [] } as never },
      {
        onSuccess: (made) => {
          onOpenChange(false);
          toast(`${made.added === 0 ? "Nothing new: the dataset holds all of these inputs" : `${plural(made.added, "item")} added: version ${made.version}${made.duplicates > 0 ? `; ${made.duplicates} were there already` : ""}`}${made.contradictions > 0 ? `. ${made.contradictions} had another answer there, which stays` : ""}`);
        },
      },
    );
  return (
    <FormDialog
      wide
      open={open}
      onOpenChange={(next) => (next ? undefined : add.reset(), onOpenChange(next))}
      title="Add items"
      description="They make the next version of the dataset. An input that is there already changes nothing."
      submit={items ? `Add ${plural(items.length, "item")}` : "Add"}
      onSubmit={submit}
      busy={add.isPending}
      error={add.error}
      missing={items ? undefined : NO_ITEMS}
      disabled={!items || first.isPending}
    >
      <ItemsInput onItems={setItems} variables={variables} />
    </FormDialog>
  );
}
