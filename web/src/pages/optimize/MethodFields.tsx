import { Plus, Trash2, X } from "lucide-react";
import { useModels } from "@/api/models";
import { Button, CHIP, CHIPS, Combobox, Field, IconButton, Input, Select, Textarea, errorFor, takeChip } from "@/kit";
import { METHODS, type Method } from "./model";
import type { Search } from "./search";

type Props = { search: Search; error: unknown; /** Those to choose from. */ methods?: readonly Method[]; onChange: (changes: Partial<Search>) => void };

const ALL = Object.keys(METHODS) as Method[];

/** By which way it is searched, and what that way may be told. */
export function MethodFields({ search, error, methods = ALL, onChange }: Props) {
  return (
    <>
      <Field label="Method" hint={METHODS[search.method].about} error={errorFor(error, "method")}>
        <Select value={search.method} onChange={(method) => onChange({ method })} options={methods.map((one) => ({ value: one, label: METHODS[one].name }))} />
      </Field>
      <Parameters search={search} error={error} onChange={onChange} />
    </>
  );
}

function Parameters({ search, error, onChange }: Props) {
  const number = (name: "population" | "generations" | "minibatch" | "days" | "examples" | "margin", label: string, min: number, max: number) => (
    <Field label={label} error={errorFor(error, `${search.method}.${name}`)}>
      <Input type="number" min={min} max={max} step={name === "margin" ? "any" : 1} value={search[name]} onChange={(event) => onChange({ [name]: event.target.value })} />
    </Field>
  );
  switch (search.method) {
    case "evolutionary":
      return (
        <Row>
          {number("population", "Texts in a generation", 4, 100)}
          {number("generations", "Generations, at most", 1, 200)}
          <Field label="Parents are chosen by">
            <Select value={search.selection} onChange={(selection) => onChange({ selection })} options={[{ value: "tournament", label: "tournament" }, { value: "roulette", label: "roulette" }, { value: "pareto", label: "best on some item" }]} />
          </Field>
        </Row>
      );
    case "reflective":
      return <Row>{number("minibatch", "Failures read at once", 1, 20)}</Row>;
    case "semantic":
      return <Row>{number("days", "Comments of the last days", 1, 3650)}</Row>;
    case "few_shot":
      return (
        <Row>
          {number("examples", "Examples", 1, 20)}
          <Field label="For each call">
            <Select value={search.mode} onChange={(mode) => onChange({ mode })} options={[{ value: "static", label: "the same" }, { value: "nearest", label: "the likest" }]} />
          </Field>
        </Row>
      );
    case "compression":
      return <Row>{number("margin", "May be less right by, points", 0, 50)}</Row>;
    case "settings":
      return (
        <>
          <Field label="Temperatures to try" error={errorFor(error, "settings.space.temperature")}>
            <Input mono placeholder="0, 0.5, 1" value={search.temperatures} onChange={(event) => onChange({ temperatures: event.target.value })} />
          </Field>
          <ModelList label="Models to try" most={12} chosen={search.models} onChange={(models) => onChange({ models })} />
        </>
      );
    case "manual":
      return <Texts texts={search.texts} onChange={(texts) => onChange({ texts })} />;
    default:
      return null;
  }
}

const Row = ({ children }: { children: React.ReactNode }) => <div className="grid items-end gap-4 sm:grid-cols-3">{children}</div>;

function Texts({ texts, onChange }: { texts: readonly string[]; onChange: (texts: string[]) => void }) {
  const put = (at: number, text: string) => onChange(texts.map((one, index) => (index === at ? text : one)));
  return (
    <div className="flex flex-col gap-2">
      {texts.map((text, at) => (
        <div key={at} className="flex items-start gap-2">
          <Textarea mono aria-label={`Text ${at + 1}`} rows={3} value={text} onChange={(event) => put(at, event.target.value)} placeholder="In the place of the text that is improved" className="flex-1" />
          {texts.length > 1 ? <IconButton label={`Take out text ${at + 1}`} icon={<Trash2 size={14} aria-hidden />} onClick={() => onChange(texts.filter((_, index) => index !== at))} /> : null}
        </div>
      ))}
      <span>
        <Button size="s" icon={<Plus size={12} aria-hidden />} disabled={texts.length >= 50} onClick={() => onChange([...texts, ""])}>
          Add a text
        </Button>
      </span>
    </div>
  );
}

/** Some models, one after the other. */
export function ModelList({ label, chosen, most, onChange }: { label: string; chosen: readonly string[]; most: number; onChange: (models: string[]) => void }) {
  const { choices } = useModels();
  return (
    <div role="group" aria-label={label} {...CHIPS} className="flex min-w-0 flex-col gap-1.5">
      <span className="text-13 font-medium">{label}</span>
      {chosen.length > 0 ? (
        <ul className="flex flex-wrap gap-1.5">
          {chosen.map((model) => (
            <li key={model} className="flex max-w-full items-center gap-1 rounded-s bg-sunken pl-2 text-12">
              <span className="min-w-0 wrap-anywhere">{model}</span>
              <IconButton {...CHIP} size="s" label={`Take out ${model}`} icon={<X size={12} aria-hidden />} onClick={(event) => takeChip(event, model, () => onChange(chosen.filter((one) => one !== model)))} />
            </li>
          ))}
        </ul>
      ) : null}
      {chosen.length < most ? <Combobox label={label} value={null} placeholder="Add a model" choices={choices.filter((one) => !chosen.includes(one.value))} onChange={(model) => (model ? onChange([...chosen, model]) : undefined)} className="w-full" /> : null}
    </div>
  );
}
