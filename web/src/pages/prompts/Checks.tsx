import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button, Checkbox, CodeEditor, Field, IconButton, Input, Section, Select, Textarea } from "@/kit";
import { type Faults, JsonField, notAnObject } from "./JsonField";
import { type Check, KINDS, type Side, checksOf, linesOf, newCheck, settingsOf, withSetting } from "./checks";
import type { Content } from "./content";

type ChecksProps = Faults & { content: Content; set: (changes: Partial<Content>) => void; className?: string };

const SIDES: readonly { side: Side; title: string; add: string }[] = [
  { side: "input_validators", title: "The input", add: "Check the input" },
  { side: "output_validators", title: "The answer", add: "Check the answer" },
];

/** What the input and the answer must be like: validators, and whether the model is asked once more. */
export function Checks({ content, set, className, ...faults }: ChecksProps) {
  const { readOnly } = faults;
  const has = SIDES.some(({ side }) => checksOf(content, side).length > 0) || content.json_schema !== undefined || content.output_format === "json";
  if (readOnly && !has) return null;
  return (
    <Section framed className={className} title="Checks" description="An input that does not hold costs nothing: 422. An answer that does not is asked for once more.">
      {SIDES.map(({ side, title, add }) => {
        const checks = checksOf(content, side);
        const put = (next: Check[]) => set({ [side]: next.length > 0 ? next : undefined });
        const remove = (index: number) => {
          for (const what of Object.keys(faults.faults)) if (what.startsWith(`${side}[`)) faults.setFault(what, null);
          put(checks.filter((_, at) => at !== index));
        };
        return (
          <div key={side} className="flex flex-col gap-3">
            {checks.map((check, index) => (
              <OneCheck key={index} {...faults} side={side} place={`${side}[${index}]`} about={title} check={check} onChange={(next) => put(checks.map((one, at) => (at === index ? next : one)))} onRemove={() => remove(index)} />
            ))}
            {readOnly ? null : (
              <div>
                <Button size="s" icon={<Plus size={14} aria-hidden />} onClick={() => put([...checks, newCheck(side, checks)])}>
                  {add}
                </Button>
              </div>
            )}
          </div>
        );
      })}
      {has ? <Checkbox label="Ask the model once more for an answer that is not valid" disabled={readOnly} checked={content.repair_output !== false} onChange={(event) => set({ repair_output: event.target.checked ? undefined : false })} /> : null}
    </Section>
  );
}

type OneProps = Faults & { side: Side; place: string; about: string; check: Check; onChange: (check: Check) => void; onRemove: () => void };

function OneCheck({ side, place, about, check, onChange, onRemove, ...faults }: OneProps) {
  const { readOnly } = faults;
  return (
    <section aria-label={`${about}: ${check.name}`} className="flex flex-col gap-3 rounded-m border border-line p-3">
      <div className="flex items-end gap-2">
        <Field label={`${about}: check`} className="flex-1">
          <Input value={check.name} readOnly={readOnly} maxLength={100} onChange={(event) => onChange({ ...check, name: event.target.value })} />
        </Field>
        {readOnly ? null : <IconButton label={`Take out the check ${check.name}`} icon={<Trash2 size={14} aria-hidden />} onClick={onRemove} />}
      </div>
      <Field label="By">
        <Select value={check.settings.kind} disabled={readOnly} onChange={(kind) => (faults.setFault(`${place}.schema`, null), onChange({ ...check, settings: settingsOf(side, kind) }))} options={KINDS[side].map(({ kind, label }) => ({ value: kind, label }))} />
      </Field>
      <KindFields place={place} check={check} onChange={onChange} {...faults} />
    </section>
  );
}

/** What a check of each kind looks for; what has no field here stays as it is. */
function KindFields({ place, check, onChange, ...faults }: Faults & { place: string; check: Check; onChange: (check: Check) => void }) {
  const { settings } = check;
  const { readOnly } = faults;
  const put = (changes: Record<string, unknown>) => onChange(withSetting(check, changes));
  const number = (field: string, label: string) => (
    <Field label={label}>
      <Input type="number" min={0} step={1} placeholder="Not set" readOnly={readOnly} value={typeof settings[field] === "number" ? (settings[field] as number) : ""} onChange={(event) => put({ [field]: Number.isNaN(event.target.valueAsNumber) ? undefined : event.target.valueAsNumber })} />
    </Field>
  );
  const text = (field: string) => (typeof settings[field] === "string" ? (settings[field] as string) : "");
  const tick = (field: string, label: string) => <Checkbox label={label} disabled={readOnly} checked={settings[field] === true} onChange={(event) => put({ [field]: event.target.checked ? true : undefined })} />;
  switch (settings.kind) {
    case "size":
      return <div className="grid grid-cols-2 gap-3">{[number("most_characters", "Characters at most"), number("most_tokens", "Tokens at most")].map((one, at) => <div key={at}>{one}</div>)}</div>;
    case "length":
      return <div className="grid grid-cols-2 gap-3">{[number("least_characters", "Characters at least"), number("most_characters", "At most")].map((one, at) => <div key={at}>{one}</div>)}</div>;
    case "pattern":
    case "regex":
      return (
        <>
          {settings.kind === "pattern" ? (
            <Field label="Of the variable" hint="Empty: of all that the user's messages send.">
              <Input mono value={text("variable")} readOnly={readOnly} onChange={(event) => put({ variable: event.target.value || undefined })} />
            </Field>
          ) : null}
          <Field label="Pattern" hint="RE2: no back references, no look-around.">
            <Input mono value={text("pattern")} readOnly={readOnly} onChange={(event) => put({ pattern: event.target.value })} placeholder="^[0-9]+$" />
          </Field>
          <Field label="It holds where the text">
            <Select value={settings["expect"] === "no_match" ? "no_match" : "match"} disabled={readOnly} onChange={(expect) => put({ expect: expect === "match" ? undefined : expect })} options={[{ value: "match", label: "matches" }, { value: "no_match", label: "does not match" }]} />
          </Field>
          {tick("whole", "The whole text must match, not a part of it")}
          {tick("ignore_case", "Whether letters are large or small does not matter")}
        </>
      );
    case "contains":
      return (
        <>
          <Phrases value={settings["phrases"]} readOnly={readOnly} onChange={(phrases) => put({ phrases })} />
          <Field label="It holds where the answer has">
            <Select value={text("match") || "all"} disabled={readOnly} onChange={(match) => put({ match })} options={[{ value: "all", label: "all of them" }, { value: "any", label: "any of them" }, { value: "none", label: "none of them" }]} />
          </Field>
        </>
      );
    case "json_schema":
      return <JsonField {...faults} field={`${place}.schema`} label="Schema" value={settings["schema"]} check={notAnObject} onChange={(schema) => put({ schema: schema ?? {} })} />;
    case "expression":
      return (
        <Field label="Expression" hint="Over output, input, variables and metadata.">
          <Textarea mono rows={2} value={text("expression")} readOnly={readOnly} onChange={(event) => put({ expression: event.target.value })} />
        </Field>
      );
    case "code":
      return (
        <div className="flex min-w-0 flex-col gap-1">
          <span className="text-13 font-medium">{text("language") === "wasm" ? "WebAssembly, in base64" : "Python"}</span>
          <CodeEditor label="Code" language={text("language") === "wasm" ? "text" : "python"} value={text("code")} onChange={(code) => put({ code })} readOnly={readOnly} minLines={3} maxLines={14} />
        </div>
      );
    default:
      return null;
  }
}

function Phrases({ value, onChange, readOnly }: { value: unknown; onChange: (phrases: string[]) => void; readOnly: boolean }) {
  const [text, setText] = useState<string | null>(null);
  const phrases = Array.isArray(value) ? (value as string[]) : [];
  // As it was typed, with lines that are still empty, while it says what the draft has.
  const shown = text !== null && linesOf(text).join("\n") === phrases.join("\n") ? text : phrases.join("\n");
  return (
    <Field label="Phrases" hint="One a line.">
      <Textarea rows={3} value={shown} readOnly={readOnly} onChange={(event) => (setText(event.target.value), onChange(linesOf(event.target.value)))} />
    </Field>
  );
}
