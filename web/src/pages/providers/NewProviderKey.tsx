import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, Select, errorFor, toast } from "@/kit";
import { LimitFields } from "./LimitFields";
import { PROVIDERS } from "./known";
import { type Draft, NEW, faultsOf, sentOf } from "./limits";

export function NewProviderKey({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return open ? <Form onOpenChange={onOpenChange} /> : null;
}

function Form({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const [provider, setProvider] = useState<string>("openai");
  const [name, setName] = useState("");
  const [key, setKey] = useState("");
  const [baseUrl, setBaseUrl] = useState("");
  const [limits, setLimits] = useState<Draft>(NEW);
  const add = useChange("post", "/v1/provider-keys", { invalidates: ["/v1/provider-keys", "/v1/models"] });
  const known = PROVIDERS.find((one) => one.value === provider);
  const submit = () =>
    add.mutate(
      { body: { provider, name: name.trim(), key: key.trim(), base_url: baseUrl.trim(), ...sentOf(limits) } } as never,
      {
        onSuccess: () => {
          onOpenChange(false);
          toast("The key is in. Test it before anything depends on it.");
        },
      },
    );
  return (
    <FormDialog
      open
      onOpenChange={onOpenChange}
      title="Add a provider key"
      description="It is sealed when it arrives and only ever leaves for the address of its provider."
      submit="Add"
      onSubmit={submit}
      busy={add.isPending}
      error={add.error}
      disabled={!name.trim() || !key.trim() || Object.keys(faultsOf(limits)).length > 0}
    >
      <Field label="Provider" error={errorFor(add.error, "provider")}>
        <Select value={provider} onChange={setProvider} options={PROVIDERS} />
      </Field>
      <Field label="Name" hint="To tell it from others here." error={errorFor(add.error, "name")} required>
        <Input autoFocus value={name} onChange={(event) => setName(event.target.value)} placeholder="production" />
      </Field>
      <Field label="Key" hint={known?.key} error={errorFor(add.error, "key")} required>
        <Input mono type="password" autoComplete="off" value={key} onChange={(event) => setKey(event.target.value)} />
      </Field>
      {known?.hasAddress ? null : (
        <Field label="Address" hint={`${known?.address ?? "Of the OpenAI-compatible server, such as https://llm.example.com/v1."} The key goes nowhere else.`} error={errorFor(add.error, "base_url")}>
          <Input mono value={baseUrl} onChange={(event) => setBaseUrl(event.target.value)} />
        </Field>
      )}
      <LimitFields draft={limits} error={add.error} onChange={(changed) => setLimits({ ...limits, ...changed })} />
    </FormDialog>
  );
}
