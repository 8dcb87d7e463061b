import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, UNCHANGED, errorFor, toast } from "@/kit";
import type { Key } from "./ApiKeysPage";
import { limitFlaws, nusdOf, typedOf } from "./standing";

/** Name and limits of a key; what it may, and when it ends, are fixed for its life. */
export function ChangeKey({ apiKey, onOpenChange }: { apiKey: Key; onOpenChange: (open: boolean) => void }) {
  const known = apiKey.budgets[0];
  const period = known?.period ?? "month";
  const [name, setName] = useState(apiKey.name);
  const had = { rate: apiKey.rate_limit_per_minute?.toString() ?? "", tokens: apiKey.token_limit_per_minute?.toString() ?? "", budget: known ? typedOf(known.limit_nusd) : "" };
  const [rate, setRate] = useState(had.rate);
  const [tokens, setTokens] = useState(had.tokens);
  const [budget, setBudget] = useState(had.budget);
  const change = useChange("patch", "/v1/api-keys/{api_key_id}", { invalidates: ["/v1/api-keys", "/v1/budgets"] });
  // What is left as it was is right, also where nobody would type it: the API takes a budget of nothing.
  const flaws = limitFlaws(budget.trim() === had.budget ? "" : budget, rate.trim() === had.rate ? "" : rate, tokens.trim() === had.tokens ? "" : tokens);
  const perMinute = rate.trim() === "" ? null : Number(rate);
  const tokensPerMinute = tokens.trim() === "" ? null : Number(tokens);
  const limit = budget.trim() === had.budget ? (known?.limit_nusd ?? null) : nusdOf(budget);
  const body = {
    ...(name.trim() === apiKey.name ? {} : { name: name.trim() }),
    ...(perMinute === apiKey.rate_limit_per_minute ? {} : { rate_limit_per_minute: perMinute }),
    ...(tokensPerMinute === apiKey.token_limit_per_minute ? {} : { token_limit_per_minute: tokensPerMinute }),
    ...(limit === (known?.limit_nusd ?? null) ? {} : { budget: limit === null ? null : { limit_nusd: limit, period } }),
  };
  const submit = () =>
    change.mutate(
      { path: { api_key_id: apiKey.id }, body },
      {
        onSuccess: () => {
          onOpenChange(false);
          toast(`${name.trim()} is changed, everywhere within a second`);
        },
      },
    );
  return (
    <FormDialog open onOpenChange={onOpenChange} title={`Change ${apiKey.name}`} description="What a key may, and when it ends, stays as it was made." submit="Save" onSubmit={submit} busy={change.isPending} error={change.error} missing={Object.keys(body).length === 0 ? UNCHANGED : undefined} disabled={!name.trim() || Object.keys(body).length === 0 || Boolean(flaws.budget ?? flaws.rate ?? flaws.tokens)}>
      <Field label="Name" error={errorFor(change.error, "name")} required>
        <Input autoFocus value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
      {apiKey.is_operator ? null : (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={`Budget a ${period}, in $`} hint={apiKey.budgets.length > 1 ? "It has others too: see Usage and money. Empty: all are closed." : "Calls beyond it are refused. Empty: none of its own."} error={flaws.budget ?? errorFor(change.error, "budget")}>
            <Input inputMode="decimal" value={budget} onChange={(event) => setBudget(event.target.value)} />
          </Field>
          <Field label="Requests a minute" hint="With the keys that it was rotated into. Empty: as the workspace’s." error={flaws.rate ?? errorFor(change.error, "rate_limit_per_minute")}>
            <Input inputMode="numeric" value={rate} onChange={(event) => setRate(event.target.value)} />
          </Field>
          <Field label="Tokens a minute" hint="Input and output together. Empty: as the workspace’s." error={flaws.tokens ?? errorFor(change.error, "token_limit_per_minute")}>
            <Input inputMode="numeric" value={tokens} onChange={(event) => setTokens(event.target.value)} />
          </Field>
        </div>
      )}
    </FormDialog>
  );
}
