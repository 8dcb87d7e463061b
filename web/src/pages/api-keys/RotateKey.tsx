import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Notice, RelativeTime, Select, errorFor } from "@/kit";
import type { Key } from "./ApiKeysPage";
import { Made } from "./NewKey";

const OVERLAPS = [
  { value: "0", label: "At once" },
  { value: "1", label: "After an hour" },
  { value: "24", label: "After a day" },
  { value: "168", label: "After a week" },
] as const;

/** A new text for the same program; the old one ends after an overlap. */
export function RotateKey({ apiKey, onOpenChange }: { apiKey: Key; onOpenChange: (open: boolean) => void }) {
  const [overlap, setOverlap] = useState<(typeof OVERLAPS)[number]["value"]>("24");
  const rotate = useChange("post", "/v1/api-keys/{api_key_id}/rotate", { invalidates: ["/v1/api-keys"] });
  const submit = () => rotate.mutate({ path: { api_key_id: apiKey.id }, body: { overlap_hours: Number(overlap) } } as never);
  if (rotate.data) {
    return (
      <Made name={apiKey.name} secret={rotate.data.key} onOpenChange={onOpenChange}>
        <Notice tone="warn">
          The key before it works until <RelativeTime at={rotate.data.replaced_expires_at} />.
        </Notice>
      </Made>
    );
  }
  return (
    <FormDialog open onOpenChange={onOpenChange} title={`Rotate ${apiKey.name}`} description="A new key with the same rights and budgets. Both work until the overlap is over." submit="Make the new key" onSubmit={submit} busy={rotate.isPending} error={rotate.error}>
      <Field label="The old key ends" error={errorFor(rotate.error, "overlap_hours")}>
        <Select value={overlap} onChange={setOverlap} options={OVERLAPS} />
      </Field>
    </FormDialog>
  );
}
