import { useState } from "react";
import { useFormOver } from "@/api/form-over";
import { read, useChange } from "@/api/hooks";
import { Checkbox, Field, FormDialog, Input, UNCHANGED, errorFor, toast } from "@/kit";
import { moment } from "@/lib/format";
import { LimitFields } from "./LimitFields";
import type { ProviderKey } from "./ProvidersPage";
import { type Draft, changesOf, draftOf, faultsOf, sentOf } from "./limits";
import { isResting, whyItRests } from "./rest";

type Form = Draft & { name: string; key: string; restore: boolean };
const formOf = (one: ProviderKey): Form => ({ ...draftOf(one), name: one.name, key: "", restore: false });
const AGAIN = ["/v1/provider-keys"];

/** Renames, reorders, limits, replaces the text of a key, or gives one that was set aside, or that rests, another chance. */
export function EditKey({ providerKey, onOpenChange }: { providerKey: ProviderKey; onOpenChange: (open: boolean) => void }) {
  const [first] = useState<Form>(() => formOf(providerKey));
  const over = useFormOver(first, async () => formOf(await read("/v1/provider-keys/{provider_key_id}", { path: { provider_key_id: providerKey.id } })), AGAIN);
  const { base, draft, change: set } = over;
  const { name, key, restore } = draft;
  const change = useChange("patch", "/v1/provider-keys/{provider_key_id}", { invalidates: AGAIN });
  const isAside = providerKey.status === "set_aside";
  const rests = isResting(providerKey, Date.now());
  const body = {
    ...(name.trim() === base.name ? {} : { name: name.trim() }),
    ...changesOf(draft, sentOf(base)),
    ...(key.trim() ? { key: key.trim() } : {}),
    ...(restore ? { status: "active" as const } : {}),
  };
  const send = () =>
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
      onSubmit={() => over.send(send)}
      over={over}
      busy={change.isPending}
      error={change.error}
      missing={Object.keys(body).length === 0 ? UNCHANGED : undefined}
      disabled={Object.keys(body).length === 0 || Object.keys(faultsOf(draft)).length > 0}
    >
      <Field label="Name" error={errorFor(change.error, "name")} required>
        <Input autoFocus value={name} onChange={(event) => set({ name: event.target.value })} />
      </Field>
      <LimitFields draft={draft} error={change.error} onChange={set} />
      <Field label="New text of the key" hint="Empty: it stays as it is." error={errorFor(change.error, "key")}>
        <Input mono type="password" autoComplete="off" value={key} onChange={(event) => set({ key: event.target.value })} />
      </Field>
      {isAside || rests ? <Checkbox label="Use it again" hint={isAside ? `The provider refused it. ${providerKey.reason ?? ""}` : `${whyItRests(providerKey)} It rests until ${moment(providerKey.cooldown_until)}.`} checked={restore} onChange={(event) => set({ restore: event.target.checked })} /> : null}
    </FormDialog>
  );
}
