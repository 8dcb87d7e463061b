import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useFormOver } from "@/api/form-over";
import { read, useChange } from "@/api/hooks";
import { useKeyNames } from "@/api/keys";
import { Checkbox, Combobox, Field, FormDialog, Input, Select, errorFor, toast } from "@/kit";
import type { Budget } from "./BudgetsPage";
import { nusdOf } from "./burn";

const KINDS = [
  { value: "workspace", label: "The whole workspace" },
  { value: "api_key", label: "An API key" },
  { value: "prompt", label: "A prompt" },
  { value: "end_user", label: "An end user" },
  { value: "each", label: "Each end user" },
] as const;
/** The target that means each end user. */
const EACH = "*";
const INVALIDATES = { invalidates: ["/v1/budgets"] };

type Draft = { name: string; limit: string; mark: string; hard: boolean };

function draftOf(budget: Budget | null): Draft {
  return {
    name: budget?.name ?? "",
    limit: budget ? String(budget.limit_nusd / 1e9) : "",
    mark: budget ? (budget.warn_percent === null ? "" : String(budget.warn_percent)) : "80",
    hard: budget?.hard ?? true,
  };
}

/** What it limits and for how long is set once; name, limit, mark and hardness can be changed. */
export function EditBudget({ budget, onClose }: { budget: Budget | null; onClose: () => void }) {
  const [kind, setKind] = useState<(typeof KINDS)[number]["value"]>(budget?.target_kind ?? "workspace");
  const [target, setTarget] = useState(budget?.target_id ?? "");
  const [period, setPeriod] = useState<Budget["period"]>(budget?.period ?? "month");
  const [first] = useState<Draft>(() => draftOf(budget));
  const over = useFormOver(first, budget && (async () => draftOf(await read("/v1/budgets/{budget_id}", { path: { budget_id: budget.id } }))), INVALIDATES.invalidates);
  const { draft, change } = over;
  const { name, limit, mark, hard } = draft;
  const prompts = usePromptChoices();
  const { choices: keys } = useKeyNames();
  const create = useChange("post", "/v1/budgets", INVALIDATES);
  const save = useChange("patch", "/v1/budgets/{budget_id}", INVALIDATES);
  const { error, isPending } = budget ? save : create;
  const isNamed = kind !== "workspace" && kind !== "each";
  const amount = nusdOf(limit);
  const percent = mark.trim() === "" ? null : Number(mark);
  const wrongLimit = limit.trim() !== "" && amount === null ? "An amount in dollars, such as 25." : undefined;
  const wrongMark = percent !== null && !(Number.isInteger(percent) && percent >= 1 && percent <= 100) ? "A whole number from 1 to 100, or nothing." : undefined;
  const done = {
    onSuccess: () => {
      onClose();
      toast(budget ? "The budget is changed" : "The budget holds from now on");
    },
  };
  const send = () => {
    if (amount === null) return;
    const common = { limit_nusd: amount, warn_percent: percent, hard, name: name.trim() || null };
    if (budget) save.mutate({ path: { budget_id: budget.id }, body: common }, done);
    else create.mutate({ body: { ...common, target_kind: kind === "each" ? "end_user" : kind, target_id: kind === "workspace" ? null : kind === "each" ? EACH : target.trim(), period } }, done);
  };
  return (
    <FormDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={budget ? `Change ${budget.name}` : "New budget"}
      submit={budget ? "Save" : "Make the budget"}
      onSubmit={() => over.send(send)}
      busy={isPending}
      error={error}
      over={over}
      disabled={amount === null || Boolean(wrongMark) || (!budget && isNamed && !target.trim())}
    >
      {budget ? null : (
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <Field label="Limits" error={errorFor(error, "target_kind") ?? (isNamed ? undefined : errorFor(error, "target_id"))}>
            <Select
              value={kind}
              onChange={(next) => {
                setKind(next);
                setTarget("");
              }}
              options={KINDS}
            />
          </Field>
          <Field label="In a" error={errorFor(error, "period")}>
            <Select
              value={period}
              onChange={setPeriod}
              options={[
                { value: "day", label: "Day (UTC)" },
                { value: "month", label: "Month (UTC)" },
              ]}
            />
          </Field>
        </div>
      )}
      {!budget && kind === "each" ? <p className="text-12 text-muted">Whoever your calls name as the end user may spend this much, each by themselves. An end user with a budget of their own of the same period has that one instead. Calls that name nobody are not limited by it.</p> : null}
      {!budget && isNamed ? (
        <Field label={KINDS.find((one) => one.value === kind)?.label} error={errorFor(error, "target_id")} required>
          {kind === "prompt" ? (
            <Combobox needed label="Prompt" value={target || null} {...prompts} onChange={(next) => setTarget(next ?? "")} />
          ) : kind === "api_key" ? (
            <Combobox needed label="API key" value={target || null} choices={keys} onChange={(next) => setTarget(next ?? "")} />
          ) : (
            <Input mono value={target} onChange={(event) => setTarget(event.target.value)} placeholder="as your calls name them" />
          )}
        </Field>
      ) : null}
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Field label="Limit, in dollars" error={wrongLimit ?? errorFor(error, "limit_nusd")} required>
          <Input inputMode="decimal" value={limit} onChange={(event) => change({ limit: event.target.value })} placeholder="50" />
        </Field>
        <Field label="Warn at, %" error={wrongMark ?? errorFor(error, "warn_percent")}>
          <Input inputMode="numeric" value={mark} onChange={(event) => change({ mark: event.target.value })} />
        </Field>
      </div>
      <Field label="Name" hint={budget ? undefined : "Empty: it is named by what it limits."} error={errorFor(error, "name")}>
        <Input value={name} onChange={(event) => change({ name: event.target.value })} />
      </Field>
      {budget ? null : <p className="text-12 text-muted">It counts from now on: what was spent this {period} before is not in it.</p>}
      <Checkbox label="Refuse calls that would go over it" hint="Otherwise it only warns." checked={hard} onChange={(event) => change({ hard: event.target.checked })} />
    </FormDialog>
  );
}
