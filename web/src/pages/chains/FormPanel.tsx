import { Plus, X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { Button, Checkbox, Field, IconButton, Input, Section, Select } from "@/kit";
import { VARIABLE_TYPES, type VariableType } from "@/lib/template";
import { DEADLINE_USUAL_S, type Output, type Parameter, isText, readDeadline, readDefault, whichOf } from "./form";
import { same } from "@/pages/prompts/content";
import type { Draft } from "./useSteps";

type PanelProps = { draft: Draft; readOnly: boolean; why?: string };

/** What of a version belongs to no step: the variables of the chain, what it gives back, and how long it may take. */
export function FormPanel({ draft, readOnly, why }: PanelProps) {
  const { form, unread, changeForm, setUnread } = draft;
  const deadline = unread["deadline_s"];
  const [typed, setTyped] = useState<string | null>(null);
  const typeDeadline = (text: string) => {
    setTyped(text);
    const read = readDeadline(text);
    if ("value" in read) changeForm({ deadline_s: read.value });
    setUnread("deadline_s", "value" in read ? null : text);
  };
  return (
    <Section framed title="Variables and output">
      <Parameters draft={draft} readOnly={readOnly} why={why} />
      <OutputFields output={form.output} readOnly={readOnly} why={why} onChange={(output) => changeForm({ output })} />
      <Field label="Deadline, s" hint="Of a whole run." error={deadline === undefined ? undefined : faultOf(readDeadline(deadline))}>
        <Input inputMode="decimal" readOnly={readOnly} placeholder={String(DEADLINE_USUAL_S)} value={deadline ?? asTyped(typed, readDeadline, form.deadline_s) ?? form.deadline_s ?? ""} onChange={(event) => typeDeadline(event.target.value)} />
      </Field>
    </Section>
  );
}

function faultOf(read: { fault: string } | { value: unknown }): string | undefined {
  return "fault" in read ? read.fault : undefined;
}

/** As it was typed, while it says what the draft has: “2.” on the way to 2.5. Null: it says something else by now. */
function asTyped(typed: string | null, read: (text: string) => { fault: string } | { value: unknown }, value: unknown): string | null {
  if (typed === null) return null;
  const said = read(typed);
  return "value" in said && same(said.value, value) ? typed : null;
}

const defaultField = (name: string) => `default of ${name}`;

function Parameters({ draft, readOnly, why }: PanelProps) {
  const { form, unread, changeForm, setUnread } = draft;
  const given = form.parameters ?? {};
  const names = Object.keys(given);
  const put = (name: string, changes: Parameter) => changeForm({ parameters: { ...given, [name]: { ...given[name], ...changes } } });
  const remove = (name: string) => {
    const { [name]: _, ...others } = given;
    changeForm({ parameters: others });
    setUnread(defaultField(name), null);
  };
  return (
    <fieldset className="flex min-w-0 flex-col gap-3">
      <legend className="sr-only">Variables of the chain</legend>
      <p className="text-12 text-muted">{WHICH[whichOf(form.parameters)]}</p>
      {names.length > 0 ? null : <Checkbox label="A run may give any variable" checked={whichOf(form.parameters) === "any"} disabled={readOnly} onChange={(event) => changeForm({ parameters: event.target.checked ? null : {} })} />}
      {names.map((name) => (
        <Variable key={name} name={name} given={given[name] ?? {}} unread={unread[defaultField(name)]} readOnly={readOnly} why={why} onChange={(changes) => put(name, changes)} onUnread={(text) => setUnread(defaultField(name), text)} onRemove={() => remove(name)} />
      ))}
      <AddName label="New variable" placeholder="ticket" known={names} readOnly={readOnly} why={why} onAdd={(name) => put(name, {})} />
    </fieldset>
  );
}

const WHICH = {
  any: "No variable is named, so a run may give any. Where some are named, others are refused.",
  none: "A run gives no variable. One that is named here may be given.",
  "those named": "A run gives these and no others. Steps call them variables.NAME.",
};

type VariableProps = { name: string; given: Parameter; unread: string | undefined; readOnly: boolean; why?: string; onChange: (changes: Parameter) => void; onUnread: (text: string | null) => void; onRemove: () => void };

function Variable({ name, given, unread, readOnly, why, onChange, onUnread, onRemove }: VariableProps) {
  const written = given.default === undefined || given.default === null ? "" : isText(given.type) && typeof given.default === "string" ? given.default : JSON.stringify(given.default);
  const [text, setText] = useState<string | null>(null);
  const typed = unread ?? asTyped(text, (one) => readDefault(given.type, one), given.default) ?? written;
  const hasDefault = typed !== "" || given.default === "";
  const take = (type: VariableType | null | undefined, text: string) => {
    setText(text);
    const read = readDefault(type, text);
    onChange({ type, ...("value" in read ? { default: read.value } : {}) });
    onUnread("value" in read ? null : text);
  };
  return (
    <div role="group" aria-label={`Variable ${name}`} className="flex min-w-0 flex-col gap-2 rounded-m border border-line p-2.5">
      <div className="flex flex-wrap items-center gap-2">
        <code className="min-w-0 text-13 font-medium wrap-anywhere">{name}</code>
        <span className="ml-auto flex items-center gap-1">
          <Select compact aria-label={`Type of ${name}`} value={given.type ?? ""} empty="any type" disabled={readOnly} onChange={(type: string) => take((type || null) as VariableType | null, typed)} options={VARIABLE_TYPES.map((type) => ({ value: type as string, label: type }))} />
          <IconButton size="s" label={`Remove the variable ${name}`} icon={<X size={14} aria-hidden />} disabled={readOnly} why={readOnly ? why : undefined} onClick={onRemove} />
        </span>
      </div>
      <Field label="Description">
        <Input aria-label={`Description of ${name}`} maxLength={2_000} readOnly={readOnly} value={given.description ?? ""} onChange={(event) => onChange({ description: event.target.value || null })} />
      </Field>
      <Field label="Default" error={unread === undefined ? undefined : faultOf(readDefault(given.type, unread))}>
        <Input aria-label={`Default of ${name}`} mono={!isText(given.type)} placeholder={given.default === "" ? "An empty text" : "None"} readOnly={readOnly} value={typed} onChange={(event) => take(given.type, event.target.value)} />
      </Field>
      <Checkbox label="A run may leave it out" checked={given.required === false || hasDefault} disabled={readOnly || hasDefault} onChange={(event) => onChange({ required: event.target.checked ? false : null })} />
    </div>
  );
}

/** A name, which stays as it is from then on. */
function AddName({ label, placeholder, known, readOnly, why, onAdd }: { label: string; placeholder: string; known: readonly string[]; readOnly: boolean; why?: string; onAdd: (name: string) => void }) {
  const [name, setName] = useState("");
  const isKnown = known.includes(name.trim());
  const add = () => {
    if (!name.trim() || isKnown || readOnly) return;
    onAdd(name.trim());
    setName("");
  };
  const addByKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  };
  return (
    <Field label={label} error={isKnown ? "There is one of this name." : undefined}>
      <span className="flex gap-2">
        <Input mono aria-label={label} placeholder={placeholder} readOnly={readOnly} value={name} onChange={(event) => setName(event.target.value)} onKeyDown={addByKey} />
        <Button icon={<Plus size={14} aria-hidden />} disabled={readOnly || !name.trim() || isKnown} why={readOnly ? why : undefined} onClick={add}>
          Add
        </Button>
      </span>
    </Field>
  );
}

type Kind = "last" | "one" | "several";
const KINDS = [
  { value: "last", label: "What the last step says" },
  { value: "one", label: "An expression" },
  { value: "several", label: "Several, by name" },
] as const;

function OutputFields({ output, readOnly, why, onChange }: { output: Output; readOnly: boolean; why?: string; onChange: (output: Output) => void }) {
  const kind: Kind = output === null ? "last" : typeof output === "string" ? "one" : "several";
  const parts = typeof output === "object" && output !== null ? output : {};
  const turn = (next: Kind) => {
    const first = typeof output === "string" ? output : (Object.values(parts)[0] ?? "");
    if (next !== kind) onChange(next === "last" ? null : next === "one" ? first : first ? { output: first } : {});
  };
  const remove = (name: string) => {
    const { [name]: _, ...others } = parts;
    onChange(others);
  };
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <Field label="Output" hint="What a run gives back.">
        <Select<Kind> value={kind} onChange={turn} disabled={readOnly} options={KINDS} />
      </Field>
      {kind === "one" ? (
        <Field label="Expression of the output" hideLabel>
          <Input mono readOnly={readOnly} placeholder="steps.step_1.output" value={typeof output === "string" ? output : ""} onChange={(event) => onChange(event.target.value)} />
        </Field>
      ) : null}
      {kind === "several" ? (
        <>
          {Object.entries(parts).map(([name, expression]) => (
            <Field key={name} label={<span className="font-mono">{name}</span>}>
              <span className="flex gap-1">
                <Input mono aria-label={`Output ${name}`} readOnly={readOnly} placeholder="steps.step_1.output" value={expression} onChange={(event) => onChange({ ...parts, [name]: event.target.value })} />
                <IconButton label={`Remove ${name} from the output`} icon={<X size={14} aria-hidden />} disabled={readOnly} why={readOnly ? why : undefined} onClick={() => remove(name)} />
              </span>
            </Field>
          ))}
          <AddName label="New part of the output" placeholder="reply" known={Object.keys(parts)} readOnly={readOnly} why={why} onAdd={(name) => onChange({ ...parts, [name]: "" })} />
        </>
      ) : null}
    </div>
  );
}
