import { ChevronRight, X } from "lucide-react";
import { useState } from "react";
import { useModels } from "@/api/models";
import { CHIP, CHIPS, Combobox, Field, IconButton, Input, Section, Select, Textarea, takeChip } from "@/kit";
import { JsonField, notAnObject } from "./JsonField";
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
  const shared = { setFault, faults, unread, readOnly };
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
      {format === "json" || format === "structured" || content.json_schema ? <JsonField field="json_schema" value={content.json_schema} {...shared} onChange={(value) => set({ json_schema: value as never })} /> : null}
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
        <CacheFields content={content} set={set} readOnly={readOnly} />
        <StopField value={content.stop} readOnly={readOnly} onChange={(stop) => set({ stop })} />
        <JsonField field="extra" label="Extra, as JSON" hint={'Further fields of the provider\'s own format, such as {"top_k": 40}, sent as they are.'} value={content.extra} {...shared} onChange={(value) => set({ extra: value as never })} check={notAnObject} />
        <JsonField field="config" label="Config, as JSON" hint="For your application, which gets it with the text. No call reads it." value={content.config} {...shared} onChange={(value) => set({ config: value as never })} check={notAnObject} />
        <JsonField field="others" label="All others, as JSON" value={Object.fromEntries(AS_JSON.filter((field) => content[field] !== undefined).map((field) => [field, content[field]]))} {...shared} onChange={(value) => set(othersOf(value))} check={strangeField} />
      </More>
    </Section>
  );
}

const OFTEN_CLOSED = ["top_p", "seed", "frequency_penalty", "presence_penalty", "reasoning_effort", "stop", "cache", "cacheable_messages", "extra", "config", ...AS_JSON];

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

const CACHED = [
  { value: "off", label: "never" },
  { value: "deterministic", label: "at temperature 0" },
  { value: "always", label: "at any temperature" },
];

/** Whether answers are given again, and what the provider keeps of its own. */
function CacheFields({ content, set, readOnly }: { content: Content; set: (changes: Partial<Content>) => void; readOnly: boolean }) {
  const cache = (content.cache ?? {}) as { mode?: string; ttl_s?: number };
  const put = (changes: { mode?: string; ttl_s?: number }) => {
    const next = Object.fromEntries(Object.entries({ ...cache, ...changes }).filter(([, value]) => value !== undefined && value !== ""));
    set({ cache: Object.keys(next).length > 0 ? next : undefined });
  };
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field label="Answers again" className="col-span-2">
        <Select empty="As the workspace says" value={cache.mode ?? ""} disabled={readOnly} onChange={(mode) => put({ mode })} options={CACHED} />
      </Field>
      <Field label="For, s">
        <Input type="number" min={1} step={1} placeholder="Not set" value={cache.ttl_s ?? ""} readOnly={readOnly} onChange={(event) => put({ ttl_s: Number.isNaN(event.target.valueAsNumber) ? undefined : event.target.valueAsNumber })} />
      </Field>
      <NumberField field="cacheable_messages" value={content.cacheable_messages} readOnly={readOnly} onChange={(value) => set({ cacheable_messages: value })} min={0} max={100} step={1} />
    </div>
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

function strangeField(value: unknown): string | null {
  const strange = notAnObject(value) ? undefined : Object.keys(value as object).find((field) => !(AS_JSON as readonly string[]).includes(field));
  return notAnObject(value) ?? (strange ? `'${strange}' is none of ${AS_JSON.join(", ")}.` : null);
}
