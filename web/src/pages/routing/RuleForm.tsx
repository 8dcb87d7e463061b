import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { ApiError } from "@/api/errors";
import { useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Button, Combobox, Field, FieldFault, FormDialog, IconButton, Input, Segments, Select, Textarea, errorFor } from "@/kit";
import { type Condition, OPERATORS, type Operator, type Term, WORDS, faultOf, fromExpression, hasName, missingOf, newTerm, operatorsOf, toExpression } from "./condition";
import type { Rule } from "./model";

const WAYS = [
  { value: "terms", label: "Chosen" },
  { value: "text", label: "Written" },
] as const;
const JOINS = [
  { value: "and", label: "all of them hold" },
  { value: "or", label: "one of them holds" },
] as const;
type Uses = "model" | "auto" | "version" | "label";
const CHOOSE: Record<Uses, string | null> = { model: "Choose a model.", auto: null, version: "Choose a version.", label: "Choose a label." };

/** A rule by a form: a name, a condition, and what it chooses. */
export function RuleForm({ rule, at, prompt, onClose, save }: { rule: Rule | null; /** Its place in the list, by which the API names it. */ at: number; prompt: string | null; onClose: () => void; save: (rule: Rule) => Promise<void> }) {
  const [name, setName] = useState(rule?.name ?? "");
  const read = rule ? fromExpression(rule.when) : { join: "and" as const, terms: [newTerm()] };
  const [way, setWay] = useState<"terms" | "text">(read ? "terms" : "text");
  const [condition, setCondition] = useState<Condition>(read ?? { join: "and", terms: [newTerm()] });
  const [written, setWritten] = useState(rule?.when ?? "");
  const [uses, setUses] = useState<Uses>(rule?.use["version"] !== undefined ? "version" : rule?.use["label"] !== undefined ? "label" : rule?.use["model"] === "auto" ? "auto" : "model");
  const [model, setModel] = useState<string | null>(rule?.use["model"] !== undefined && rule.use["model"] !== "auto" ? String(rule.use["model"]) : null);
  const [version, setVersion] = useState(String(rule?.use["version"] ?? ""));
  const [label, setLabel] = useState(String(rule?.use["label"] ?? ""));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { choices } = useModels();
  const of = useRead("/v1/prompts/{slug}", { path: { slug: prompt ?? "" } }, { enabled: prompt !== null });
  const latest = of.data?.latest_version ?? 0;
  const labels = Object.keys((of.data?.labels ?? {}) as Record<string, number>);
  const when = way === "text" ? written.trim() : condition.terms.every((one) => faultOf(one) === null) ? toExpression(condition) : "";
  const use: Rule["use"] | null = uses === "auto" ? { model: "auto" } : uses === "model" ? (model ? { model } : null) : uses === "version" ? (/^\d+$/.test(version) ? { version: Number(version) } : null) : label ? { label } : null;
  const told = (part: string) => errorFor(error, `rules[${at}].${part}`);
  // Its own check of a whole rule names the rule; what it says begins with the field.
  const ofWhole = error instanceof ApiError && error.param === `rules[${at}]` ? errorFor(error, error.param) : undefined;
  const missing = !name.trim() ? "Give it a name." : !when ? (way === "text" ? "Write a condition." : missingOf(condition)) : !use ? CHOOSE[uses] : null;
  const submit = () => {
    if (!when || !use) return;
    setBusy(true);
    setError(null);
    save({ name: name.trim(), when, use })
      .catch((failed: unknown) => setError(failed))
      .finally(() => setBusy(false));
  };
  const toText = (next: "terms" | "text") => {
    if (next === "text") setWritten(when || written);
    else setCondition(fromExpression(written) ?? { join: "and", terms: [newTerm()] });
    setWay(next);
  };
  const USES: { value: Uses; label: string }[] = [
    { value: "model", label: "A model" },
    { value: "auto", label: "The cheapest that will do" },
    ...(prompt ? [{ value: "version" as const, label: "A version" }, { value: "label" as const, label: "A label" }] : []),
  ];
  return (
    <FormDialog wide open onOpenChange={(open) => (open ? undefined : onClose())} title={rule ? `Change ${rule.name}` : "New rule"} description="It holds for calls that leave open what it chooses." submit="Save the rule" onSubmit={submit} busy={busy} error={error} disabled={missing !== null} missing={missing}>
      <Field label="Name" hint="Answers say by it why they are from this model." error={told("name")} required className="sm:w-1/2">
        <Input autoFocus value={name} onChange={(event) => setName(event.target.value)} maxLength={200} placeholder="long ones" />
      </Field>
      <fieldset className="flex min-w-0 flex-col gap-2">
        <legend className="mb-2 flex w-full flex-wrap items-center justify-between gap-2 text-13 font-medium">
          Where
        </legend>
        <div className="flex flex-wrap items-center gap-2">
          <Segments label="How the condition is made" options={WAYS} value={way} onChange={toText} />
          {way === "terms" && condition.terms.length > 1 ? <Segments label="How conditions go together" options={JOINS} value={condition.join} onChange={(join) => setCondition({ ...condition, join })} /> : null}
        </div>
        {way === "terms" ? <Terms condition={condition} set={setCondition} /> : (
          <Field label="Condition" hideLabel error={told("when") ?? ofWhole}>
            <Textarea mono rows={3} value={written} onChange={(event) => setWritten(event.target.value)} placeholder={'language == "de" and input_tokens > 8000'} maxLength={2000} />
          </Field>
        )}
        {way === "terms" ? <FieldFault text={told("when") ?? ofWhole} /> : <p className="text-12 text-muted">Words: {WORDS.map((one) => one.value).join(", ")}. Such as len(variables.items) &gt; 3 or starts_with(app, "mobile").</p>}
      </fieldset>
      <fieldset className="flex min-w-0 flex-col gap-2">
        <legend className="mb-2 text-13 font-medium">Who answers</legend>
        <div className="flex flex-wrap items-start gap-3">
          {prompt ? <Select aria-label="What it chooses" compact value={uses} onChange={setUses} options={USES} /> : <Segments label="What it chooses" options={USES} value={uses} onChange={setUses} />}
          {uses === "model" ? <Combobox label="Model" value={model} onChange={setModel} placeholder="Choose a model" choices={choices} className="min-w-52 flex-1" /> : null}
          {uses === "version" ? <Select compact aria-label="Version" value={version || null} onChange={(next: string) => setVersion(next)} empty="Choose…" options={Array.from({ length: Math.min(100, latest) }, (_, index) => ({ value: String(latest - index), label: `v${latest - index}` }))} /> : null}
          {uses === "label" ? <Select compact aria-label="Label" value={label || null} onChange={(next: string) => setLabel(next)} empty="Choose…" options={labels.map((one) => ({ value: one, label: one }))} /> : null}
        </div>
        {uses === "auto" ? <p className="text-12 text-muted">Of the models that meet what is asked of them, the cheapest for the very call.</p> : null}
        <FieldFault text={told("use")} />
      </fieldset>
    </FormDialog>
  );
}

function Terms({ condition, set }: { condition: Condition; set: (condition: Condition) => void }) {
  const put = (at: number, changed: Partial<Term>) => set({ ...condition, terms: condition.terms.map((one, index) => (index === at ? { ...one, ...changed } : one)) });
  return (
    <div className="flex flex-col gap-2">
      {condition.terms.map((term, at) => {
        const kind = OPERATORS.find((one) => one.value === term.operator)?.kind;
        const allowed = new Set(operatorsOf(term.word));
        return (
          <div key={at} role="group" aria-label={`Condition ${at + 1}`} className="grid items-start gap-2 rounded-m border border-line p-2 sm:grid-cols-[11rem_minmax(0,1fr)_9rem_minmax(0,1fr)_2rem]">
            <Select aria-label="What is looked at" value={term.word} onChange={(word: string) => put(at, { word, operator: operatorsOf(word).includes(term.operator) ? term.operator : (operatorsOf(word)[0] ?? "is") })} options={WORDS.map((one) => ({ value: one.value as string, label: one.label }))} />
            {hasName(term.word) ? <Input mono aria-label="Its name" value={term.name} onChange={(event) => put(at, { name: event.target.value })} placeholder="tier" /> : <span className="max-sm:hidden" />}
            <Select aria-label="How it is compared" value={term.operator} onChange={(operator: Operator) => put(at, { operator })} options={OPERATORS.filter((one) => allowed.has(one.value)).map(({ value, label }) => ({ value, label }))} />
            {kind === "none" ? <span className="max-sm:hidden" /> : <Input aria-label="With what" inputMode={kind === "number" ? "decimal" : undefined} value={term.value} onChange={(event) => put(at, { value: event.target.value })} placeholder={term.operator === "one_of" ? "gold, silver" : kind === "number" ? "8000" : term.word === "language" ? "de" : "gold"} />}
            {condition.terms.length > 1 ? <IconButton label={`Remove condition ${at + 1}`} icon={<Trash2 size={14} aria-hidden />} onClick={() => set({ ...condition, terms: condition.terms.filter((_, index) => index !== at) })} /> : <span className="max-sm:hidden" />}
          </div>
        );
      })}
      <div>
        <Button size="s" icon={<Plus size={12} aria-hidden />} onClick={() => set({ ...condition, terms: [...condition.terms, newTerm()] })}>
          Add a condition
        </Button>
      </div>
    </div>
  );
}
