import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Notice, Select, errorFor } from "@/kit";
import { moment } from "@/lib/format";
import { SecretShown } from "./SecretShown";
import type { Endpoint } from "./draft";

const OVERLAPS = [
  { value: "0", label: "At once: it has got out" },
  { value: "1", label: "After an hour" },
  { value: "24", label: "After a day" },
  { value: "168", label: "After a week" },
] as const;

/** A new secret; until the overlap is over both sign. */
export function RotateSecret({ endpoint, onOpenChange }: { endpoint: Endpoint; onOpenChange: (open: boolean) => void }) {
  const [overlap, setOverlap] = useState<(typeof OVERLAPS)[number]["value"]>("24");
  const rotate = useChange("post", "/v1/webhooks/endpoints/{endpoint_id}/rotate-secret", { invalidates: ["/v1/webhooks/endpoints"] });
  const submit = () => rotate.mutate({ path: { endpoint_id: endpoint.id }, body: { overlap_hours: Number(overlap) } });
  if (rotate.data) {
    return (
      <SecretShown title="The new secret" secret={rotate.data.secret} publicKey={rotate.data.public_key} warning={null} onClose={() => onOpenChange(false)}>
        <Notice tone="warn">{overlap === "0" ? "The old secret signs no more." : `The old secret signs too until ${moment(rotate.data.previous_secret_expires_at)}.`}</Notice>
      </SecretShown>
    );
  }
  return (
    <FormDialog open onOpenChange={onOpenChange} title="Rotate the secret" description="Both secrets sign until the old one ends, so that the receiver can change over when it likes." submit="Make the new secret" onSubmit={submit} busy={rotate.isPending} error={rotate.error}>
      <Field label="The old secret ends" error={errorFor(rotate.error, "overlap_hours")}>
        <Select value={overlap} onChange={setOverlap} options={OVERLAPS} />
      </Field>
    </FormDialog>
  );
}
