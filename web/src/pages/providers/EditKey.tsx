import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Checkbox, Field, FormDialog, Input, errorFor, toast } from "@/kit";
import { LimitFields } from "./LimitFields";
import type { ProviderKey } from "./ProvidersPage";
import { changesOf, draftOf, faultsOf } from "./limits";

/** Renames, reorders, limits, replaces the text of a key, or gives one that was set aside another chance. */
export function EditKey({ providerKey, onOpenChange }: { providerKey: ProviderKey; onOpenChange: (open: boolean) => void }) {
  const [name, setName] = useState(providerKey.name);
  // As it was when the form opened: what others change meanwhile stays theirs.
  const [before] = useState(providerKey);
  const [limits, setLimits] = useState(() => draftOf(providerKey));
  const [key, setKey] = useState("");
  const [restore, setRestore] = useState(false);
  const change = useChange("patch", "/v1/provider-keys/{provider_key_id}", { invalidates: ["/v1/provider-keys"] });
  const isAside = providerKey.status === "set_aside";
  const body = {
    ...(name.trim() === providerKey.name ? {} : { name: name.trim() }),
    ...changesOf(limits, before),
    ...(key.trim() ? { key: key.trim() } : {}),
    ...(restore ? { status: "active" as const } : {}),
  };
  const submit = () =>
    change.mutate(
      { path: { provider_key_id: providerKey.id }, body },
      {
        onSuccess: () => {
          onOpenChange(false);
          toast(`${name.trim()} is changed`);
        },
      },
    );
  return (
    <FormDialog
      open
      onOpenChange={onOpenChange}
      title={`Change ${providerKey.name}`}
      description={`A key for ${providerKey.provider} that ends in ${providerKey.last4}.`}
      submit="Save"
      onSubmit={submit}
      busy={change.isPending}
      error={change.error}
      disabled={Object.keys(body).length === 0 || Object.keys(faultsOf(limits)).length > 0}
    >
      <Field label="Name" error={errorFor(change.error, "name")} required>
        <Input autoFocus value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
      <LimitFields draft={limits} error={change.error} onChange={(changed) => setLimits({ ...limits, ...changed })} />
      <Field label="New text of the key" hint="Empty: it stays as it is." error={errorFor(change.error, "key")}>
        <Input mono type="password" autoComplete="off" value={key} onChange={(event) => setKey(event.target.value)} />
      </Field>
      {isAside ? <Checkbox label="Use it again" hint={`The provider refused it. ${providerKey.reason ?? ""}`} checked={restore} onChange={(event) => setRestore(event.target.checked)} /> : null}
    </FormDialog>
  );
}
