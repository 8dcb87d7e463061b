import { useState } from "react";
import { useChange } from "@/api/hooks";
import { CodeBlock, Field, FormDialog, Input, SecretDialog, Select, errorFor } from "@/kit";
import { MappingFields, type Signing, SigningFields } from "./MappingFields";
import { TryMessage } from "./TryMessage";
import { type Scheme, type Typed, mappingOf, missingIn } from "./inbound";

/** Makes an inbound endpoint, and shows its secret this once. */
export function NewInbound({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [scheme, setScheme] = useState<Scheme>("standard_webhooks");
  const [signing, setSigning] = useState<Signing>({ header: "X-Hub-Signature-256", prefix: "sha256=", encoding: "hex" });
  const [secret, setSecret] = useState("");
  const [mapping, setMapping] = useState<Typed>({});
  const create = useChange("post", "/v1/inbound-endpoints", { invalidates: ["/v1/inbound-endpoints"] });
  const made = create.data;
  if (made) {
    return (
      <SecretDialog title={`${made.name} takes feedback`} secret={made.secret} what="its secret" onClose={onClose}>
        <CodeBlock wrap label="Where the other system posts" code={`${window.location.origin}${made.path}`} />
      </SecretDialog>
    );
  }
  const given = mappingOf(mapping);
  const lacks = missingIn(mapping);
  const missing = name.trim() ? lacks : "a name";
  const body = { name: name.trim(), scheme, mapping: given, ...(scheme === "hmac_sha256" ? { ...signing, header: signing.header.trim() } : {}), ...(secret.trim() ? { secret: secret.trim() } : {}) };
  return (
    <FormDialog wide open onOpenChange={(open) => open || onClose()} title="New inbound endpoint" description="Another system posts its webhooks here; each becomes feedback on a run." submit="Create" onSubmit={() => create.mutate({ body } as never)} busy={create.isPending} error={create.error} missing={missing ? `To create it: ${missing}.` : undefined} disabled={missing !== null}>
      <div className="grid items-end gap-4 sm:grid-cols-2">
        <Field label="Name" required error={errorFor(create.error, "name")}>
          <Input autoFocus value={name} maxLength={200} onChange={(event) => setName(event.target.value)} placeholder="survey" />
        </Field>
        <Field label="How it signs" error={errorFor(create.error, "scheme")}>
          <Select
            value={scheme}
            onChange={setScheme}
            options={[
              { value: "standard_webhooks", label: "Standard Webhooks" },
              { value: "hmac_sha256", label: "HMAC-SHA-256 of the body" },
            ]}
          />
        </Field>
        {scheme === "hmac_sha256" ? <SigningFields signing={signing} onChange={(changed) => setSigning({ ...signing, ...changed })} error={create.error} /> : null}
        <Field label="Its secret" hint="Where the sender makes one itself. Empty: we make one, and show it once." error={errorFor(create.error, "secret")}>
          <Input mono value={secret} type="password" autoComplete="new-password" onChange={(event) => setSecret(event.target.value)} />
        </Field>
      </div>
      <MappingFields typed={mapping} onChange={setMapping} error={create.error} />
      <TryMessage mapping={given as never} missing={lacks} />
    </FormDialog>
  );
}
