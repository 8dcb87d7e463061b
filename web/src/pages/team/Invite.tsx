import { useState } from "react";
import { useChange } from "@/api/hooks";
import type { Role } from "@/api/session";
import { Field, FormDialog, Input, RelativeTime, SecretDialog, Select, errorFor } from "@/kit";
import { ROLES } from "./Members";

export function Invite({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return open ? <Form onOpenChange={onOpenChange} /> : null;
}

function Form({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const invite = useChange("post", "/v1/invitations", { invalidates: ["/v1/invitations"] });
  if (invite.data) {
    return (
      <SecretDialog title={`Send this link to ${invite.data.email}`} secret={invite.data.url} what="the link" onClose={() => onOpenChange(false)}>
        <p className="text-13 text-muted">
          It works once, for {invite.data.email} alone, and ends <RelativeTime at={invite.data.expires_at} />. {invite.data.is_mailed ? "It is mailed to them as well; the list says whether that went." : "It is not mailed: give it to them in the way you trust."}
        </p>
      </SecretDialog>
    );
  }
  return (
    <FormDialog open onOpenChange={onOpenChange} title="Invite to this workspace" submit="Make the link" onSubmit={() => invite.mutate({ body: { email: email.trim(), role } } as never)} busy={invite.isPending} error={invite.error} disabled={!email.trim()}>
      <Field label="E-mail" hint="A link that was made for it before, and not used, works no more." error={errorFor(invite.error, "email")} required>
        <Input type="email" autoFocus value={email} onChange={(event) => setEmail(event.target.value)} />
      </Field>
      <Field label="Role" error={errorFor(invite.error, "role")}>
        <Select value={role} onChange={setRole} options={ROLES} />
      </Field>
    </FormDialog>
  );
}
