import { ChevronRight, X } from "lucide-react";
import { useState } from "react";
import { useModels } from "@/api/models";
import { CHIP, CHIPS, CodeEditor, Combobox, Field, IconButton, Input, Section, Select, Textarea, takeChip } from "@/kit";
import { AS_JSON, type Content, nameOf } from "./content";
import { stopFrom, stopText } from "./stop";

const MOST_FALLBACKS = 5;
const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"];
const FORMATS = ["text", "json", "markdown", "code", "structured"];

type SettingsProps = { content: Content; set: (changes: Partial<Content>) => void; setFault: (what: string, fault: string | null, text?: string) => void; faults: Record<string, string>; unread: Record<string, string>; readOnly: boolean; className?: string };

/** Which model, and what goes to it besides the text. What is left empty is not sent. */
export function ModelSettings({ content, set, setFault, faults, unread, readOnly, className }: SettingsProps) {
  const { choices } = useModels();
  const fallbacks = Array.isArray(content.fallback_models) ? (content.fallback_models as string[]) : [];
  const format = typeof content.output_format === "string" ? content.output_format : "";
  const number = (field: string, options: { min: number; max: number; step: number; placeholder?: string }) => <NumberField key={field} field={field} value={content[field]} readOnly={readOnly} onChange={(value) => set({ [field]: value })} {...options} />;
  return (
    <Section framed className={className} title="Model and settings">
      <div className="flex flex-col gap-1">
        <span className="text-13 font-medium">Model</span>
        <Combobox label="Model" value={content.model} choices={choices} disabled={readOnly} onChange={(model) => (model ? set({ model }) : undefined)} className="w-full" />
      </div>
      <div {...CHIPS} className="flex flex-col gap-1">
        <span className="text-13 font-medium">When it fails, ask</span>
        {fallbacks.map((model, index) => (
          <span key={model} className="flex items-center gap-2 text-13">
            <span className="numeric w-4 shrink-0 text-muted">{index + 1}</span>
            <span className="min-w-0 flex-1 truncate">{model}</span>
            {readOnly ? null : <IconButton {...CHIP} size="s" label={`Take out ${model}`} icon={<X size={14} aria-hidden />} onClick={(event) => takeChip(event, model, () => set({ fallback_models: fallbacks.length === 1 ? undefined : fallbacks.filter((one) => one !== model) }))} />}
          </span>
        ))}
        {fallbacks.length < MOST_FALLBACKS ? (
          <Combobox label="Fallback model" value={null} placeholder={fallbacks.length === 0 ? "No other model" : "And then…"} disabled={readOnly} choices={choices.filter((one) => one.value !== content.model && !fallbacks.includes(one.value))} onChange={(model) => (model ? set({ fallback_models: [...fallbacks, model] }) : undefined)} className="w-full" />
        ) : null}
      </div>
      <div className="grid grid-cols-2 gap-3">
        {number("temperature", { min: 0, max: 2, step: 0.1 })}
        {number("max_tokens", { min: 1, max: 10_000_000, step: 1 })}
        <Field label="Output format">
          <Select empty="Not set" value={format} disabled={readOnly} onChange={(next) => set({ output_format: next })} options={FORMATS.map((one) => ({ value: one, label: one }))} />
        </Field>
        {number("timeout_s", { min: 0.1, max: 600, step: 1, placeholder: "30" })}
      </div>
      {format === "json" || format === "structured" || content.json_schema ? <JsonField field="json_schema" value={content.json_schema} readOnly={readOnly} onChange={(value) => set({ json_schema: value as never })} onFault={setFault} fault={faults.json_schema} unread={unread.json_schema} /> : null}
      <More open={OFTEN_CLOSED.some((field) => content[field] !== undefined) || ["others", "extra", "config"].some((field) => faults[field] !== undefined)}>
        <div className="grid grid-cols-2 gap-3">
          {number("top_p", { min: 0.01, max: 1, step: 0.05 })}
          {number("seed", { min: -1e15, max: 1e15, step: 1 })}
          {number("frequency_penalty", { min: -2, max: 2, step: 0.1 })}
          {number("presence_penalty", { min: -2, max: 2, step: 0.1 })}
          <Field label="Reasoning effort">
            <Select empty="Not set" value={typeof content.reasoning_effort === "string" ? content.reasoning_effort : ""} disabled={readOnly} onChange={(next) => set({ reasoning_effort: next })} options={EFFORTS.map((one) => ({ value: one, label: one }))} />
          </Field>
        </div>
        <StopField value={content.stop} readOnly={readOnly} onChange={(stop) => set({ stop })} />
        <JsonField field="extra" label="Extra, as JSON" hint={'Further fields of the provider\'s own format, such as {"top_k": 40}, sent as they are.'} value={content.extra} readOnly={readOnly} onChange={(value) => set({ extra: value as never })} onFault={setFault} fault={faults.extra} unread={unread.extra} check={notAnObject} />
        <JsonField field="config" label="Config, as JSON" hint="For your application, which gets it with the text. No call reads it." value={content.config} readOnly={readOnly} onChange={(value) => set({ config: value as never })} onFault={setFault} fault={faults.config} unread={unread.config} check={notAnObject} />
        <JsonField field="others" label="All others, as JSON" value={Object.fromEntries(AS_JSON.filter((field) => content[field] !== undefined).map((field) => [field, content[field]]))} readOnly={readOnly} onChange={(value) => set(othersOf(value))} onFault={setFault} fault={faults.others} unread={unread.others} check={strangeField} />
      </More>
    </Section>
  );
}

const OFTEN_CLOSED = ["top_p", "seed", "frequency_penalty", "presence_penalty", "reasoning_effort", "stop", "extra", "config", ...AS_JSON];

function More({ open, children }: { open: boolean; children: React.ReactNode }) {
  const [isOpen, setOpen] = useState(open);
  return (
    <>
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} className="-my-1 inline-flex min-h-6 items-center gap-1 self-start finger:min-h-9 text-13 text-muted hover:text-fg">
        <ChevronRight size={14} aria-hidden className={isOpen ? "rotate-90 transition-transform" : "transition-transform"} />
        More settings
      </button>
      {isOpen ? children : null}
    </>
  );
}

function NumberField({ field, value, onChange, readOnly, placeholder = "Not set", ...bounds }: { field: string; value: unknown; onChange: (value: number | undefined) => void; readOnly: boolean; placeholder?: string; min: number; max: number; step: number }) {
  const unit = field === "timeout_s" ? ", s" : "";
  return (
    <Field label={nameOf(field) + unit}>
      <Input type="number" {...bounds} step="any" placeholder={placeholder} value={typeof value === "number" ? value : ""} readOnly={readOnly} onChange={(event) => onChange(Number.isNaN(event.target.valueAsNumber) ? undefined : event.target.valueAsNumber)} />
    </Field>
  );
}

/** The sequences at which a model stops, each with every blank in it. */
function StopField({ value, onChange, readOnly }: { value: unknown; onChange: (value: string | string[] | undefined) => void; readOnly: boolean }) {
  const [text, setText] = useState<string | null>(null);
  // As it was typed, with lines that are still empty, while it says what the draft has.
  const shown = text !== null && JSON.stringify(stopFrom(text)) === JSON.stringify(value) ? text : stopText(value);
  const take = (next: string) => {
    setText(next);
    onChange(stopFrom(next));
  };
  return (
    <Field label="Stop at" hint="One a line. A line break within is \n, a backslash \\.">
      <Textarea mono rows={2} value={shown} readOnly={readOnly} onChange={(event) => take(event.target.value)} />
    </Field>
  );
}

function othersOf(value: unknown): Partial<Content> {
  const given = (value ?? {}) as Record<string, unknown>;
  return Object.fromEntries(AS_JSON.map((field) => [field, given[field]]));
}

function notAnObject(value: unknown): string | null {
  return typeof value !== "object" || value === null || Array.isArray(value) ? "An object, such as {}." : null;
}

function strangeField(value: unknown): string | null {
  const strange = notAnObject(value) ? undefined : Object.keys(value as object).find((field) => !(AS_JSON as readonly string[]).includes(field));
  return notAnObject(value) ?? (strange ? `'${strange}' is none of ${AS_JSON.join(", ")}.` : null);
}

/** A value as JSON. What cannot be read stays in the editor and is told; the draft keeps the last that could, and the text beside it. */
function JsonField({ field, label, hint, value, onChange, onFault, fault, unread, readOnly, check }: { field: string; label?: string; hint?: string; value: unknown; onChange: (value: unknown) => void; onFault: (what: string, fault: string | null, text?: string) => void; fault?: string; unread?: string; readOnly: boolean; check?: (value: unknown) => string | null }) {
  const [text, setText] = useState<string | null>(unread ?? null);
  const written = value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0) ? "" : JSON.stringify(value, null, 2);
  const take = (next: string) => {
    setText(next);
    try {
      const read: unknown = next.trim() ? JSON.parse(next) : undefined;
      const wrong = read !== undefined && check ? check(read) : null;
      onFault(field, wrong, next);
      if (!wrong) onChange(read);
    } catch {
      onFault(field, "This is no JSON yet.", next);
    }
  };
  return (
    <div className="flex flex-col gap-1">
      <span className="text-13 font-medium">{label ?? nameOf(field)}</span>
      <CodeEditor label={label ?? nameOf(field)} language="json" value={text !== null && (fault || sameJson(text, written)) ? text : written} onChange={take} readOnly={readOnly} minLines={3} maxLines={14} />
      {hint ? <p className="text-12 text-muted">{hint}</p> : null}
      {fault ? (
        <p role="alert" className="text-12 text-bad">
          {fault}
        </p>
      ) : null}
    </div>
  );
}

function sameJson(a: string, b: string): boolean {
  try {
    return JSON.stringify(a.trim() ? JSON.parse(a) : null) === JSON.stringify(b.trim() ? JSON.parse(b) : null);
  } catch {
    return false;
  }
}
