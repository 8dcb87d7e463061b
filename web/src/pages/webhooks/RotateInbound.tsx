import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, Notice, SecretDialog, Select, errorFor } from "@/kit";
import { moment } from "@/lib/format";
import type { Inbound } from "./inbound";

const OVERLAPS = [
  { value: "0", label: "At once: it has got out" },
  { value: "1", label: "After an hour" },
  { value: "24", label: "After a day" },
  { value: "168", label: "After a week" },
] as const;

/** A new secret; until the overlap is over what the old one signs is taken too. */
export function RotateInbound({ of, onClose }: { of: Inbound; onClose: () => void }) {
  const [overlap, setOverlap] = useState<(typeof OVERLAPS)[number]["value"]>("24");
  const [secret, setSecret] = useState("");
  const rotate = useChange("post", "/v1/inbound-endpoints/{inbound_id}/rotate-secret", { invalidates: ["/v1/inbound-endpoints"] });
  const submit = () => rotate.mutate({ path: { inbound_id: of.id }, body: { overlap_hours: Number(overlap), ...(secret.trim() ? { secret: secret.trim() } : {}) } });
  if (rotate.data) {
    return (
      <SecretDialog title={`The new secret of ${of.name}`} secret={rotate.data.secret} what="its secret" onClose={onClose}>
        <Notice tone="warn">{overlap === "0" ? "What the old secret signs is refused." : `What the old secret signs is taken too until ${moment(rotate.data.previous_secret_until)}.`}</Notice>
      </SecretDialog>
    );
  }
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title={`Rotate the secret of ${of.name}`} description="Both are good until the old one ends, so that the sender can change over when it likes." submit="Make the new secret" onSubmit={submit} busy={rotate.isPending} error={rotate.error}>
      <Field label="The old secret ends" error={errorFor(rotate.error, "overlap_hours")}>
        <Select value={overlap} onChange={setOverlap} options={OVERLAPS} />
      </Field>
      <Field label="Its new secret" hint="Where the sender makes one itself. Empty: we make one, and show it once." error={errorFor(rotate.error, "secret")}>
        <Input mono value={secret} type="password" autoComplete="new-password" onChange={(event) => setSecret(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
