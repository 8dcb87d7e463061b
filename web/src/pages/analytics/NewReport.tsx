import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useAll, useChange } from "@/api/hooks";
import { useKeyNames } from "@/api/keys";
import { useModels } from "@/api/models";
import { Combobox, Field, FormDialog, Input, Select, errorFor } from "@/kit";
import { KINDS, KIND_WORDS, type Kind } from "./report";
import { DAY_MS } from "./time";

const LENGTHS = [
  { value: "1", label: "Last 24 hours" },
  { value: "7", label: "Last 7 days" },
  { value: "30", label: "Last 30 days" },
  { value: "90", label: "Last 90 days" },
] as const;

export function NewReport({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return open ? <Making onOpenChange={onOpenChange} /> : null;
}

function Making({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const navigate = useNavigate();
  const [kind, setKind] = useState<Kind>("workspace");
  const [target, setTarget] = useState("");
  const [days, setDays] = useState<(typeof LENGTHS)[number]["value"]>("7");
  const prompts = usePromptChoices();
  const { choices: models } = useModels();
  const { choices: keys } = useKeyNames(kind === "api_key");
  const ended = useAll("/v1/experiments", { query: { status: "completed" } }, { enabled: kind === "experiment" });
  const make = useChange("post", "/v1/reports", { invalidates: ["/v1/reports"] });
  const submit = () =>
    make.mutate(
      { body: { kind, target: kind === "workspace" ? null : target.trim(), ...(kind === "experiment" ? {} : { from: new Date(Date.now() - Number(days) * DAY_MS).toISOString() }) } },
      { onSuccess: (made) => void navigate({ to: `/analytics/reports/${made.id}`, replace: true }) },
    );
  const take = (next: string | null) => setTarget(next ?? "");
  return (
    <FormDialog
      open
      onOpenChange={onOpenChange}
      title="New report"
      description="The figures as they are now, beside those of the time before."
      submit="Make the report"
      onSubmit={submit}
      busy={make.isPending}
      error={make.error}
      disabled={kind !== "workspace" && !target.trim()}
    >
      <Field label="About" error={errorFor(make.error, "kind")}>
        <Select
          value={kind}
          onChange={(next) => {
            setKind(next);
            setTarget("");
          }}
          options={KINDS.map((one) => ({ value: one, label: KIND_WORDS[one] }))}
        />
      </Field>
      {kind === "workspace" ? null : (
        <Field label={KIND_WORDS[kind]} hint={kind === "version" ? "Such as triage@3." : kind === "end_user" ? "As your calls name them." : undefined} error={errorFor(make.error, "target")} required>
          {kind === "prompt" ? (
            <Combobox needed label="Prompt" value={target || null} {...prompts} onChange={take} />
          ) : kind === "model" ? (
            <Combobox needed label="Model" value={target || null} choices={models} onChange={take} />
          ) : kind === "experiment" ? (
            <Combobox needed label="Experiment" value={target || null} choices={ended.rows?.map((one) => ({ value: one.id, label: one.name, hint: one.prompt })) ?? []} onChange={take} />
          ) : kind === "api_key" && keys.length > 0 ? (
            <Combobox needed label="API key" value={target || null} choices={keys} onChange={take} />
          ) : (
            <Input mono value={target} onChange={(event) => setTarget(event.target.value)} />
          )}
        </Field>
      )}
      {kind === "experiment" ? (
        <p className="text-12 text-muted">Over the time that it ran, with every figure of every arm.</p>
      ) : (
        <Field label="Time">
          <Select value={days} onChange={setDays} options={LENGTHS} />
        </Field>
      )}
    </FormDialog>
  );
}
