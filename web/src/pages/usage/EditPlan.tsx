import { useState } from "react";
import type { Schema } from "@/api/client";
import { SaidInForm, useFormOver } from "@/api/form-over";
import { read, useChange, useRead } from "@/api/hooks";
import { Checkbox, Field, FormDialog, Input, errorFor, toast } from "@/kit";
import { taken } from "@/lib/taken";
import { nusdOf } from "./burn";

type Plan = Schema<"PlanAnswer">;
const NUSD_PER_USD = 1e9;

const AMOUNTS = [
  ["base_fee_nusd", "Base fee a month, $", "On the statement, never taken from the credit."],
  ["base_credit_nusd", "Credit of the plan a month, $", "Granted to the organization's home workspace."],
  ["overage_nusd", "Beyond it, at most, $", "A credit line of all its workspaces together; 0: none."],
  ["platform_allowance_nusd", "Allowance for platform keys a month, $", "Free use of the installation's own keys."],
  ["optimization_fee_nusd", "Fee of an optimization, $", ""],
] as const;
const NUMBERS = [
  ["rate_limit_per_minute", "Calls a minute", ""],
  ["concurrency", "Calls at a time", ""],
  ["workspaces_most", "Workspaces, at most", ""],
  ["retention_days_most", "Days that texts are kept, at most", ""],
  ["platform_markup_percent", "Markup on platform keys, %", "Beyond the allowance."],
] as const;
type Name = (typeof AMOUNTS)[number][0] | (typeof NUMBERS)[number][0];
const FRESH: Record<Name, string> = { base_fee_nusd: "0", base_credit_nusd: "0", overage_nusd: "0", platform_allowance_nusd: "0", optimization_fee_nusd: "0", rate_limit_per_minute: "60", concurrency: "10", workspaces_most: "20", retention_days_most: "30", platform_markup_percent: "0" };

function typedOf(plan: Plan | null): Record<Name, string> {
  if (!plan) return FRESH;
  const amounts = AMOUNTS.map(([name]) => [name, String(plan[name] / NUSD_PER_USD)]);
  const numbers = NUMBERS.map(([name]) => [name, String(plan[name])]);
  return Object.fromEntries([...amounts, ...numbers]) as Record<Name, string>;
}

type Draft = Record<Name, string> & { tokens: string; id: string; name: string; platformKeys: boolean };
const AGAIN = ["/v1/plans", "/v1/credits", "/v1/usage", "/v1/workspaces"];

function draftOf(plan: Plan | null): Draft {
  return { ...typedOf(plan), tokens: plan?.token_limit_per_minute?.toString() ?? "", id: plan?.plan ?? "", name: plan?.name ?? "", platformKeys: plan?.platform_keys ?? true };
}

/** As the API has it. An id is part of an address: what it may not hold would ask for another one. */
const PLAN_ID = /^[a-z][a-z0-9_-]{0,30}$/;

/** Makes a plan, or changes one: what it says holds at once for everybody who has it. A new one never takes the id of another. */
export function EditPlan({ plan, onClose }: { plan: Plan | null; onClose: () => void }) {
  const [first] = useState<Draft>(() => draftOf(plan));
  const known = useRead("/v1/plans", {}, { enabled: plan === null });
  const takenIn = (plans: readonly Plan[]) => taken("plan", id, plans.map((one) => one.plan));
  const readNow = async () => {
    if (plan) return draftOf(await read("/v1/plans/{plan}", { path: { plan: plan.plan } }));
    const now = await known.refetch({ throwOnError: true });
    if (takenIn(now.data?.data ?? [])) throw new SaidInForm();
    return first;
  };
  const over = useFormOver(first, readNow, AGAIN);
  const { draft: typed, change } = over;
  const { id, name, platformKeys } = typed;
  const put = useChange("put", "/v1/plans/{plan}", { invalidates: AGAIN });
  const isTaken = plan ? undefined : takenIn(known.data?.data ?? []);
  const isOff = plan === null && id.trim() !== "" && !PLAN_ID.test(id.trim());
  const values = Object.fromEntries([...AMOUNTS.map(([field]) => [field, nusdOf(typed[field])]), ...NUMBERS.map(([field]) => [field, /^\d+$/.test(typed[field].trim()) ? Number(typed[field]) : null])]) as Record<Name, number | null>;
  const areTokensWrong = typed.tokens.trim() !== "" && !/^[1-9]\d{0,9}$/.test(typed.tokens.trim());
  const isWrong = areTokensWrong || Object.values(values).some((one) => one === null);
  const field = ([key, label, hint]: readonly [Name, string, string]) => (
    <Field key={key} label={label} hint={hint || undefined} error={values[key] === null ? (key.endsWith("_nusd") ? "An amount, such as 20." : "A whole number.") : errorFor(put.error, key)}>
      <Input inputMode="decimal" value={typed[key]} onChange={(event) => change({ [key]: event.target.value })} />
    </Field>
  );
  const send = () =>
    put.mutate(
      { path: { plan: id.trim() }, body: { name: name.trim(), platform_keys: platformKeys, token_limit_per_minute: typed.tokens.trim() === "" ? null : Number(typed.tokens), ...values } as never },
      {
        onSuccess: () => {
          onClose();
          toast(plan ? `${name.trim()} holds as it is now, everywhere within a second` : `${name.trim()} can be chosen`);
        },
      },
    );
  return (
    <FormDialog wide open onOpenChange={(open) => open || onClose()} title={plan ? `Edit ${plan.name}` : "New plan"} description={plan ? "It holds for every organization on this plan: limits, fees and markup of its next call are the new ones." : undefined} submit={plan ? "Save" : "Make it"} onSubmit={() => over.send(send)} over={over} busy={put.isPending} error={put.error ?? (known.data ? null : known.error)} disabled={isWrong || !name.trim() || !id.trim() || isOff || Boolean(isTaken) || (plan === null && !known.data)}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" required error={errorFor(put.error, "name")}>
          <Input autoFocus value={name} maxLength={100} onChange={(event) => change({ name: event.target.value })} />
        </Field>
        <Field label="Id" required hint="Small letters, digits, - and _; it stays." error={isOff ? "Small letters, digits, - and _, beginning with a letter." : (isTaken ?? errorFor(put.error, "plan"))}>
          <Input mono value={id} readOnly={plan !== null} maxLength={31} onChange={(event) => change({ id: event.target.value })} placeholder="team" />
        </Field>
        {AMOUNTS.map(field)}
        {NUMBERS.map(field)}
        <Field label="Tokens a minute" hint="Of one workspace, input and output together. Empty: no limit." error={areTokensWrong ? "A whole number above 0, or nothing." : errorFor(put.error, "token_limit_per_minute")}>
          <Input inputMode="numeric" value={typed.tokens} onChange={(event) => change({ tokens: event.target.value })} />
        </Field>
      </div>
      <Checkbox label="The installation's own provider keys may be used" checked={platformKeys} onChange={(event) => change({ platformKeys: event.target.checked })} />
    </FormDialog>
  );
}
