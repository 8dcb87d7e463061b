import { Plus } from "lucide-react";
import { Badge, Button, Input, Section, Select, Textarea } from "@/kit";
import { Attach } from "@/kit/execution/Attach";
import { type Attached, type Files, IN_VARIABLES_MOST, filesOf } from "@/lib/attached";
import { own } from "@/lib/own";
import { type Json, type PromptTemplate, VARIABLE_TYPES, type Variable, type VariableType } from "@/lib/template";
import type { Parameter } from "./content";
import type { Samples, Values } from "./samples";

type VariablesProps = {
  template: PromptTemplate | null;
  known: readonly string[];
  parameters: Record<string, Parameter>;
  onParameters: (parameters: Record<string, Parameter>) => void;
  samples: Samples;
  onSample: (name: string, text: string) => void;
  files: Files;
  onFiles: (name: string, change: (before: readonly Attached[]) => readonly Attached[]) => void;
  found: Values | null;
  readOnly: boolean;
  className?: string;
};

/** The variables that the messages use: what they are, and a value to try each with. */
export function Variables({ template, known, parameters, onParameters, samples, onSample, files, onFiles, found, readOnly, className }: VariablesProps) {
  const attachTo = (name: string) => ({ of: name, files: filesOf(files, name), onChange: (change: (before: readonly Attached[]) => readonly Attached[]) => onFiles(name, change), most: IN_VARIABLES_MOST });
  const variables = template ? [...template.variables.values()] : [];
  const declare = (name: string, changes: Parameter) => onParameters({ ...parameters, [name]: { ...parameters[name], ...changes } });
  return (
    <Section framed className={className} title="Variables" description={template && variables.length + template.placeholders.length === 0 ? "None yet. Write {{name}} where a value goes." : undefined}>
      {variables.map((variable) => {
        const isNew = !known.includes(variable.name);
        return (
          <div key={variable.name} className="flex flex-col gap-1.5">
            <div className="flex flex-wrap items-center gap-2">
              <code className="text-13 font-medium wrap-anywhere">{variable.name}</code>
              {variable.default === undefined ? null : <span className="text-12 text-muted wrap-anywhere">default {JSON.stringify(variable.default)}</span>}
              {isNew ? <Badge tone="warn">new</Badge> : null}
              <span className="ml-auto flex items-center gap-1">
                {isNew && !readOnly ? (
                  <Button size="s" icon={<Plus size={12} aria-hidden />} onClick={() => declare(variable.name, { type: variable.type ?? "string" })}>
                    Declare
                  </Button>
                ) : null}
                {variable.type && !parameters[variable.name]?.type ? (
                  <span className="text-12 text-muted">{variable.type}</span>
                ) : <Select
                  compact
                  aria-label={`Type of ${variable.name}`}
                  value={variable.type ?? ""}
                  empty="any type"
                  disabled={readOnly}
                  onChange={(type: string) => onParameters(withType(parameters, variable.name, type))}
                  options={VARIABLE_TYPES.map((type) => ({ value: type as string, label: type }))}
                />}
              </span>
            </div>
            {variable.type === "image_url" ? (
              <Attach {...attachTo(variable.name)} only="pictures" single>
                {filesOf(files, variable.name).length > 0 ? null : <Sample variable={variable} text={own(samples, variable.name) ?? ""} onChange={(text) => onSample(variable.name, text)} fault={own(found?.faults, variable.name)} placeholder="https://…" />}
              </Attach>
            ) : (
              <Sample variable={variable} text={own(samples, variable.name) ?? ""} onChange={(text) => onSample(variable.name, text)} fault={own(found?.faults, variable.name)} />
            )}
          </div>
        );
      })}
      {template?.placeholders.map((name) => (
        <div key={name} className="flex flex-col gap-1.5">
          <span className="flex items-center gap-2">
            <code className="text-13 font-medium">{name}</code>
            <span className="text-12 text-muted">messages</span>
          </span>
          <Sample variable={{ name, type: "array", path: [name] }} text={own(samples, name) ?? ""} onChange={(text) => onSample(name, text)} fault={own(found?.faults, name)} placeholder='[{"role": "user", "content": "…"}]' />
          <Attach {...attachTo(name)} />
        </div>
      ))}
    </Section>
  );
}

function Sample({ variable, text, onChange, fault, placeholder }: { variable: Variable; text: string; onChange: (text: string) => void; fault?: string; placeholder?: string }) {
  const label = `Sample value of ${variable.name}`;
  const hint = placeholder ?? (variable.default === undefined ? "Sample value" : shown(variable.default));
  const about = { "aria-label": label, "aria-invalid": fault ? (true as const) : undefined, placeholder: hint, value: text };
  return (
    <>
      {variable.type === "boolean" ? (
        <Select aria-label={label} empty="Sample value" value={text} onChange={onChange} options={["true", "false"].map((one) => ({ value: one, label: one }))} />
      ) : variable.type === "number" ? (
        <Input {...about} inputMode="decimal" mono onChange={(event) => onChange(event.target.value)} />
      ) : (
        <Textarea {...about} rows={1} mono={variable.type === "object" || variable.type === "array"} onChange={(event) => onChange(event.target.value)} className="min-h-8! max-h-40!" />
      )}
      {fault ? (
        <p role="alert" className="text-12 text-bad">
          {fault}
        </p>
      ) : null}
    </>
  );
}

function shown(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function withType(parameters: Record<string, Parameter>, name: string, type: string): Record<string, Parameter> {
  const { [name]: before, ...others } = parameters;
  const { type: _, ...rest } = before ?? {};
  const next: Parameter = type ? { ...rest, type: type as VariableType } : rest;
  return { ...others, [name]: next };
}
