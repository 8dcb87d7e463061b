import { useState } from "react";
import { useChange } from "@/api/hooks";
import { CodeBlock, Field, FormDialog, Input, SecretDialog, Select, errorFor } from "@/kit";
import { PURPOSES, type Purpose, limitFlaws, nusdOf } from "./standing";

const DAY_MS = 86_400_000;
const ENDS = [
  { value: "never", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
] as const;

/** Makes a key and shows its text, this once. */
export function NewKey({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return open ? <Making onOpenChange={onOpenChange} /> : null;
}

function Making({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const [name, setName] = useState("");
  const [purpose, setPurpose] = useState<Purpose>("app");
  const [ends, setEnds] = useState<(typeof ENDS)[number]["value"]>("never");
  const [budget, setBudget] = useState("");
  const [rate, setRate] = useState("");
  const [tokens, setTokens] = useState("");
  const create = useChange("post", "/v1/api-keys", { invalidates: ["/v1/api-keys"] });
  const chosen = PURPOSES.find((one) => one.value === purpose) ?? PURPOSES[0];
  const limit = nusdOf(budget);
  const flaws = limitFlaws(budget, rate, tokens);

  const submit = () =>
    create.mutate({
      body: {
        name: name.trim(),
        role: chosen.role,
        scopes: [...chosen.scopes],
        expires_at: ends === "never" ? null : new Date(Date.now() + Number(ends) * DAY_MS).toISOString(),
        budget: limit === null ? null : { limit_nusd: limit, period: "month" },
        rate_limit_per_minute: rate.trim() === "" ? null : Number(rate),
        token_limit_per_minute: tokens.trim() === "" ? null : Number(tokens),
      },
    } as never);

  if (create.data) return <Made name={name} secret={create.data.key} onOpenChange={onOpenChange} />;
  return (
    <FormDialog
      open
      onOpenChange={onOpenChange}
      title="New API key"
      description="One for each program, so that one can end without the others."
      submit="Make the key"
      onSubmit={submit}
      busy={create.isPending}
      error={create.error}
      disabled={!name.trim() || Boolean(flaws.budget ?? flaws.rate ?? flaws.tokens)}
    >
      <Field label="Name" hint="The program that will use it." error={errorFor(create.error, "name")} required>
        <Input autoFocus value={name} onChange={(event) => setName(event.target.value)} placeholder="checkout" />
      </Field>
      <Field label="For" error={errorFor(create.error, "role") ?? errorFor(create.error, "scopes")}>
        <Select value={purpose} onChange={setPurpose} options={PURPOSES.map(({ value, label }) => ({ value, label }))} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Ends" error={errorFor(create.error, "expires_at")}>
          <Select value={ends} onChange={setEnds} options={ENDS} />
        </Field>
        <Field label="Budget a month, in $" hint="Calls beyond it are refused. Empty: none of its own." error={flaws.budget ?? errorFor(create.error, "budget")}>
          <Input inputMode="decimal" value={budget} onChange={(event) => setBudget(event.target.value)} />
        </Field>
        <Field label="Requests a minute" hint="Calls beyond them are refused. Empty: as the workspace’s." error={flaws.rate ?? errorFor(create.error, "rate_limit_per_minute")}>
          <Input inputMode="numeric" value={rate} onChange={(event) => setRate(event.target.value)} />
        </Field>
        <Field label="Tokens a minute" hint="Input and output together. Empty: as the workspace’s." error={flaws.tokens ?? errorFor(create.error, "token_limit_per_minute")}>
          <Input inputMode="numeric" value={tokens} onChange={(event) => setTokens(event.target.value)} />
        </Field>
      </div>
    </FormDialog>
  );
}

/** Also after a rotation: the text of a key, and a first call with it. */
export function Made({ name, secret, onOpenChange, children }: { name: string; secret: string; onOpenChange: (open: boolean) => void; children?: React.ReactNode }) {
  const call = `curl ${window.location.origin}/v1/models -H "Authorization: Bearer ${secret}"`;
  return (
    <SecretDialog title={`The key of ${name}`} secret={secret} what="the key" onClose={() => onOpenChange(false)}>
      {children}
      <CodeBlock label="Try it" code={call} wrap />
    </SecretDialog>
  );
}
