import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { useRef } from "react";
import { usePromptChoices } from "@/api/choices";
import { read, useRead } from "@/api/hooks";
import { Button, Checkbox, Combobox, Field, IconButton, Input, Section, Select, toastError } from "@/kit";
import { own } from "@/lib/own";
import { type Step, beginnings, everyStep, kindOf } from "./chain";

type StepFormProps = { step: Step; steps: readonly Step[]; parameters: readonly string[]; readOnly: boolean; why?: string; /** What changes once an answer is there changes the step as it is by then. */ onChange: (next: Step | ((now: Step) => Step)) => void; onAdd: () => void; onRemove: () => void; onMove: (by: -1 | 1) => void };

/** One step by its fields. What holds other steps is drawn; its conditions stand in the form of the whole. */
export function StepForm({ step, steps, parameters, readOnly, why, onChange, onAdd, onRemove, onMove }: StepFormProps) {
  const prompts = usePromptChoices();
  const kind = kindOf(step);
  const off = { disabled: readOnly, why: readOnly ? why : undefined };
  const before = everyStep(steps)[everyStep(steps).findIndex((one) => one.id === step.id) - 1];
  const wanted = useRef("");
  const choose = (prompt: string | null) => {
    if (prompt === null) return;
    wanted.current = prompt;
    // What the prompt needs is in its own words: the chain says where each comes from.
    read("/v1/prompts/{slug}", { path: { slug: prompt } }).then((found) => {
      if (wanted.current !== prompt) return; // Another one was chosen since.
      const names = found.variables.map((one) => one.name);
      const begun = beginnings(names, parameters, before && kindOf(before) === "prompt" ? before.id : null);
      onChange((now) => ({ ...now, prompt, variables: Object.fromEntries(names.map((name) => [name, own(now.variables, name) ?? own(begun, name) ?? ""])) }));
    }, toastError);
  };
  return (
    <Section
      framed
      title={<span className="font-mono">{step.id}</span>}
      actions={
        <span className="flex gap-1">
          <IconButton label="Earlier" size="s" icon={<ArrowUp size={14} aria-hidden />} onClick={() => onMove(-1)} disabled={readOnly} />
          <IconButton label="Later" size="s" icon={<ArrowDown size={14} aria-hidden />} onClick={() => onMove(1)} disabled={readOnly} />
          <IconButton label="Take the step away" size="s" icon={<Trash2 size={14} aria-hidden />} onClick={onRemove} disabled={readOnly} />
        </span>
      }
    >
      <div className="flex flex-col gap-4">
        {kind === "prompt" ? (
          <>
            <Field label="Prompt">
              <Combobox label="Prompt" value={step.prompt?.split("@")[0] ?? null} {...prompts} onChange={choose} />
            </Field>
            {step.prompt?.includes("@") ? <p className="text-12 text-muted">As {step.prompt} says.</p> : null}
            <Variables step={step} readOnly={readOnly} onChange={onChange} />
            <Field label="Run again where a failure may pass" hint="So often at most, each an execution of its own.">
              <Input type="number" min={0} max={5} step={1} className="w-24" placeholder="1" value={step.retries ?? ""} readOnly={readOnly} onChange={(event) => onChange({ ...step, retries: Number.isNaN(event.target.valueAsNumber) ? null : event.target.valueAsNumber })} />
            </Field>
            <Checkbox label="Show its text while it comes" checked={step.stream === true} disabled={readOnly} onChange={(event) => onChange({ ...step, stream: event.target.checked || null })} />
          </>
        ) : (
          <p className="text-13 text-muted">{kind === "parallel" ? "Its lists run at once; it is done when all are." : kind === "choose" ? "The first case that holds runs." : "The run ends here."} What it holds is changed step by step, its conditions under “The whole form”.</p>
        )}
        <Field label="Only if" hint="An expression, such as steps.triage.json.angry == true. Empty: always.">
          <Input mono value={step.if ?? ""} readOnly={readOnly} onChange={(event) => onChange({ ...step, if: event.target.value || null })} />
        </Field>
        <Field label="Where it fails">
          <Select value={step.on_error ?? "stop"} disabled={readOnly} onChange={(next) => onChange({ ...step, on_error: next === "continue" ? "continue" : null })} options={[{ value: "stop", label: "The run ends" }, { value: "continue", label: "The run goes on without it" }]} />
        </Field>
        <div>
          <Button size="s" icon={<Plus size={14} aria-hidden />} onClick={onAdd} {...off}>
            Add a step after it
          </Button>
        </div>
      </div>
    </Section>
  );
}

function Variables({ step, readOnly, onChange }: { step: Step; readOnly: boolean; onChange: (next: Step) => void }) {
  const slug = step.prompt?.split("@")[0] ?? "";
  const found = useRead("/v1/prompts/{slug}", { path: { slug } }, { enabled: slug !== "" });
  const known = found.data?.variables.map((one) => one.name) ?? [];
  const names = [...new Set([...known, ...Object.keys(step.variables ?? {})])];
  if (names.length === 0) return null;
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-2 text-13 font-medium">Where its variables come from</legend>
      {names.map((name) => (
        <Field key={name} label={<code className="text-12">{`{{${name}}}`}</code>}>
          <Input mono value={own(step.variables, name) ?? ""} readOnly={readOnly} placeholder={`variables.${name}`} onChange={(event) => onChange({ ...step, variables: { ...step.variables, [name]: event.target.value } })} />
        </Field>
      ))}
    </fieldset>
  );
}
