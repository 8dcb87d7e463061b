import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, errorFor, toast } from "@/kit";
import { MappingFields, SigningFields } from "./MappingFields";
import { TryMessage } from "./TryMessage";
import { type Inbound, mappingOf, missingIn, typedOf } from "./inbound";

/** Changes an inbound endpoint where it stands: its address and its secret stay. */
export function EditInbound({ of, onClose }: { of: Inbound; onClose: () => void }) {
  const [name, setName] = useState(of.name);
  const [signing, setSigning] = useState({ header: of.header ?? "", prefix: of.prefix, encoding: of.encoding });
  const [typed, setTyped] = useState(() => typedOf(of.mapping));
  // As it was when the form opened: what others change meanwhile stays theirs.
  const [before] = useState(of);
  const save = useChange("patch", "/v1/inbound-endpoints/{inbound_id}", { invalidates: ["/v1/inbound-endpoints"] });
  const mapping = mappingOf(typed);
  const missing = missingIn(typed);
  const body = {
    ...(name.trim() === before.name ? {} : { name: name.trim() }),
    ...(of.scheme === "hmac_sha256" ? changedIn({ ...signing, header: signing.header.trim() }, before) : {}),
    ...(JSON.stringify(mapping) === JSON.stringify(mappingOf(typedOf(before.mapping))) ? {} : { mapping }),
  };
  const submit = () =>
    save.mutate(
      { path: { inbound_id: of.id }, body: body as never },
      {
        onSuccess: () => {
          onClose();
          toast("Saved; it holds everywhere within a second");
        },
      },
    );
  return (
    <FormDialog wide open onOpenChange={(open) => open || onClose()} title={`Change ${before.name}`} description="Its address and its secret stay." submit="Save" onSubmit={submit} busy={save.isPending} error={save.error} disabled={Object.keys(body).length === 0 || !name.trim() || missing !== null}>
      <div className="grid items-end gap-4 sm:grid-cols-2">
        <Field label="Name" required error={errorFor(save.error, "name")}>
          <Input autoFocus value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
        </Field>
        {of.scheme === "hmac_sha256" ? <SigningFields signing={signing} onChange={(changed) => setSigning({ ...signing, ...changed })} error={save.error} /> : null}
      </div>
      <MappingFields typed={typed} onChange={setTyped} error={save.error} />
      <TryMessage mapping={mapping as never} missing={missing} />
    </FormDialog>
  );
}

function changedIn(signing: { header: string; prefix: string; encoding: string }, before: Inbound): Record<string, string> {
  const was: Record<string, string> = { header: before.header ?? "", prefix: before.prefix, encoding: before.encoding };
  return Object.fromEntries(Object.entries(signing).filter(([name, value]) => value !== was[name]));
}
