import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, errorFor, toast } from "@/kit";
import type { Key } from "./ApiKeysPage";

export function RenameKey({ apiKey, onOpenChange }: { apiKey: Key; onOpenChange: (open: boolean) => void }) {
  const [name, setName] = useState(apiKey.name);
  const rename = useChange("patch", "/v1/api-keys/{api_key_id}", { invalidates: ["/v1/api-keys"] });
  const submit = () =>
    rename.mutate(
      { path: { api_key_id: apiKey.id }, body: { name: name.trim() } },
      {
        onSuccess: () => {
          onOpenChange(false);
          toast(`Renamed to ${name.trim()}`);
        },
      },
    );
  return (
    <FormDialog open onOpenChange={onOpenChange} title={`Rename ${apiKey.name}`} submit="Rename" onSubmit={submit} busy={rename.isPending} error={rename.error} disabled={!name.trim()}>
      <Field label="Name" error={errorFor(rename.error, "name")} required>
        <Input autoFocus value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
