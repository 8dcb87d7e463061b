import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import type { Schema } from "@/api/client";
import { useForecast } from "@/api/forecast";
import { useChange } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Combobox, Facts, Field, FieldFault, FormDialog, Input, Money, errorFor, toast } from "@/kit";
import { count } from "@/lib/format";
import { versionsOf } from "./backtest";

/** Inputs of the past through other versions or models, with what it may cost before it begins. */
export function StartBacktest({ open, onOpenChange, prompt: given }: { open: boolean; onOpenChange: (open: boolean) => void; prompt: string }) {
  const [prompt, setPrompt] = useState(given);
  const [versions, setVersions] = useState("");
  const [model, setModel] = useState<string | null>(null);
  const [days, setDays] = useState("7");
  const [inputs, setInputs] = useState("200");
  const [ceiling, setCeiling] = useState("");
  const prompts = usePromptChoices();
  const { choices: models } = useModels();
  const navigate = useNavigate();
  const start = useChange("post", "/v1/experiments/backtests", { invalidates: ["/v1/experiments/backtests", "/v1/credits"] });
  const wanted = versionsOf(versions);
  const asked = prompt && wanted && (wanted.length > 0 || model) ? { prompt, days: Number(days) || 7, inputs: Number(inputs) || 200, ...(wanted.length > 0 ? { versions: wanted } : {}), ...(model ? { models: [model] } : {}) } : null;
  const forecast = useForecast("/v1/experiments/backtests/forecast", open ? asked : null);
  const plan = forecast.isStale ? undefined : forecast.data;
  const usd = Number(ceiling);
  const error = start.error ?? forecast.error;
  const submit = () =>
    asked &&
    plan &&
    start.mutate(
      { body: { ...asked, max_cost_nusd: usd > 0 ? Math.round(usd * 1e9) : plan.most_nusd } as Schema<"NewBacktest"> },
      {
        onSuccess: (made) => {
          toast("The backtest has started");
          void navigate({ to: `/experiments/backtests/${made.id}`, replace: true });
        },
      },
    );
  return (
    <FormDialog wide open={open} onOpenChange={onOpenChange} title="New backtest" description="Nobody sees the answers, and nothing of it counts as live." submit="Start the backtest" onSubmit={submit} busy={start.isPending} error={error} disabled={!plan || plan.inputs === 0}>
      <div className="grid gap-x-6 gap-y-4 md:grid-cols-[minmax(0,1fr)_16rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <div className="flex min-w-0 flex-col gap-1">
            <span className="text-13 font-medium">Prompt</span>
            <Combobox needed label="Prompt" value={prompt || null} onChange={(next) => setPrompt(next ?? "")} placeholder="Choose a prompt" className="w-full" {...prompts} />
            <FieldFault text={errorFor(error, "prompt")} />
          </div>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Versions" error={wanted === null ? "Numbers of versions, such as 1, 2." : errorFor(error, "versions")}>
              <Input value={versions} onChange={(event) => setVersions(event.target.value)} placeholder="1, 2" />
            </Field>
            <div className="flex min-w-0 flex-col gap-1">
              <span className="text-13 font-medium">Model</span>
              <Combobox label="Model" value={model} onChange={setModel} clear="Their own" choices={models} className="w-full" />
              <FieldFault text={errorFor(error, "models")} />
            </div>
          </div>
          <div className="grid gap-4 sm:grid-cols-3">
            <Field label="Of the last days" error={errorFor(error, "days")}>
              <Input type="number" min={1} max={31} value={days} onChange={(event) => setDays(event.target.value)} />
            </Field>
            <Field label="Inputs, at most" error={errorFor(error, "inputs")}>
              <Input type="number" min={1} max={2000} value={inputs} onChange={(event) => setInputs(event.target.value)} />
            </Field>
            <Field label="Cost ceiling, $" error={errorFor(error, "max_cost_nusd")}>
              <Input type="number" min={0} step="any" value={ceiling} onChange={(event) => setCeiling(event.target.value)} placeholder="the forecast" />
            </Field>
          </div>
        </div>
        <div className="flex min-h-32 flex-col gap-3 rounded-l bg-sunken p-4" aria-live="polite" aria-busy={forecast.isStale || undefined}>
          <h3 className="text-13 font-semibold">What it may cost</h3>
          {plan ? (
            <Facts
              facts={[
                ["Inputs", `${count(plan.inputs)} of ${count(plan.found)}`],
                plan.left_out > 0 ? ["Left out", `${count(plan.left_out)}: their text is gone`] : null,
                ["Calls", count(plan.calls)],
                ["Probably", <Money key="l" nusd={plan.likely_nusd} />],
                ["Never more than", <strong key="m" className="font-semibold"><Money nusd={usd > 0 ? Math.round(usd * 1e9) : plan.most_nusd} /></strong>],
              ]}
            />
          ) : (
            <p className="text-13 text-muted">{asked ? (forecast.error ? "It cannot start like this." : "Counting…") : "Choose a prompt, and versions or a model."}</p>
          )}
        </div>
      </div>
    </FormDialog>
  );
}
