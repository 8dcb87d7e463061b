import { useModels } from "@/api/models";
import { Checkbox, CodeEditor, Combobox, Field, FieldFault, Input, Select, Several, Textarea, TextLink } from "@/kit";
import { WhereCodeRuns } from "./WhereCodeRuns";
import { type Draft, type Seen, faultOf } from "./evaluator";

type Props = { draft: Draft; change: (part: Partial<Draft>) => void; error: unknown; wrong: Partial<Record<keyof Draft, string>> };

const SEEN: Record<Seen, string> = { input: "What was asked", expected: "The expected answer", variables: "The variables" };

/** What an evaluator of each kind is told to look for. */
export function KindFields({ draft, change, error, wrong }: Props) {
  const fault = (field: string) => faultOf(error, draft.kind, field);
  const letters = <Checkbox label="Whether letters are large or small does not matter" checked={draft.ignoreCase} onChange={(event) => change({ ignoreCase: event.target.checked })} />;
  switch (draft.kind) {
    case "exact":
      return (
        <>
          {letters}
          <Checkbox label="Blanks around it, and runs of them inside, count as one" checked={draft.ignoreSpace} onChange={(event) => change({ ignoreSpace: event.target.checked })} />
        </>
      );
    case "contains":
      return (
        <>
          <Field label="Phrases" hint="One a line. None: the expected answer." error={fault("phrases")}>
            <Textarea rows={4} value={draft.phrases} onChange={(event) => change({ phrases: event.target.value })} placeholder="order number" />
          </Field>
          <Field label="It passes where it holds" error={fault("match")}>
            <Select value={draft.match} onChange={(match) => change({ match })} options={[{ value: "all", label: "all of them" }, { value: "any", label: "any of them" }, { value: "none", label: "none of them" }]} />
          </Field>
          {letters}
        </>
      );
    case "regex":
      return (
        <>
          <Field label="Pattern" hint="RE2: no back references and no look-around, so that its time is linear." error={fault("pattern")} required>
            <Input mono value={draft.pattern} onChange={(event) => change({ pattern: event.target.value })} placeholder="^(billing|shipping)$" />
          </Field>
          <Field label="It passes where the answer" error={fault("expect")}>
            <Select value={draft.expect} onChange={(expect) => change({ expect })} options={[{ value: "match", label: "matches" }, { value: "no_match", label: "does not match" }]} />
          </Field>
          <Checkbox label="The whole answer must match, not a part of it" checked={draft.whole} onChange={(event) => change({ whole: event.target.checked })} />
          {letters}
        </>
      );
    case "json_schema":
      return (
        <Editor label="Schema" hint="Draft 2020-12; a $ref may point into the schema only." language="json" value={draft.schema} onChange={(schema) => change({ schema })} error={wrong.schema ?? fault("schema")} />
      );
    case "numeric":
      return (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="May differ by" hint="The wider of the two counts." error={wrong.absolute ?? fault("absolute")}>
            <Input inputMode="decimal" value={draft.absolute} onChange={(event) => change({ absolute: event.target.value })} />
          </Field>
          <Field label="Or by, %" hint="Of the expected number." error={wrong.relative ?? fault("relative")}>
            <Input inputMode="decimal" value={draft.relative} onChange={(event) => change({ relative: event.target.value })} />
          </Field>
        </div>
      );
    case "similarity":
      return (
        <>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Compared by" error={fault("method")}>
              <Select value={draft.method} onChange={(method) => change({ method })} options={[{ value: "characters", label: "letters, in their order" }, { value: "words", label: "words, in any order" }]} />
            </Field>
            <Field label="Passes from, %" error={wrong.threshold ?? fault("threshold")}>
              <Input inputMode="decimal" value={draft.threshold} onChange={(event) => change({ threshold: event.target.value })} />
            </Field>
          </div>
          {letters}
        </>
      );
    case "expression":
      return (
        <Field label="Expression" hint="Over output, expected, input, variables and metadata." error={wrong.expression ?? fault("expression")} required>
          <Textarea mono rows={3} value={draft.expression} onChange={(event) => change({ expression: event.target.value })} />
        </Field>
      );
    case "code":
      return (
        <>
          <Field label="Language" error={fault("language")}>
            <Select value={draft.language} onChange={(language) => change({ language })} options={[{ value: "python", label: "Python" }, { value: "wasm", label: "WebAssembly, in base64" }]} />
          </Field>
          <WhereCodeRuns language={draft.language} />
          <Editor label="Code" hint="Sees output, expected, input, variables and metadata. One second, 64 MiB, no network, no files." language={draft.language === "python" ? "python" : "text"} value={draft.code} onChange={(code) => change({ code })} error={wrong.code ?? fault("code")} />
        </>
      );
    case "toxicity":
      return (
        <>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="More words that fail" hint="One a line." error={fault("words")}>
              <Textarea rows={3} value={draft.words} onChange={(event) => change({ words: event.target.value })} />
            </Field>
            <Field label="Words that are fine" hint="One a line." error={fault("allow")}>
              <Textarea rows={3} value={draft.allow} onChange={(event) => change({ allow: event.target.value })} />
            </Field>
          </div>
          <Field label="Passes from, %" hint="100: clean. One mild word: 60, a strong one: 0." error={wrong.passesFrom ?? fault("passes_from")} className="max-w-48">
            <Input inputMode="decimal" value={draft.passesFrom} onChange={(event) => change({ passesFrom: event.target.value })} />
          </Field>
          <ModelField label="A judge beside it" clear="None" value={draft.judge} onChange={(judge) => change({ judge })} error={fault("judge")} />
        </>
      );
    default:
      return <Judged draft={draft} change={change} error={error} wrong={wrong} />;
  }
}

function Judged({ draft, change, error, wrong }: Props) {
  const { choices } = useModels();
  const fault = (field: string) => faultOf(error, draft.kind, field);
  const marks = draft.kind !== "pairwise";
  const number = (label: string, name: "lowest" | "highest" | "passesFrom" | "uncertainFrom" | "maxTokens", field: string, hint?: string) => (
    <Field label={label} hint={hint} error={wrong[name] ?? fault(field)}>
      <Input inputMode="decimal" value={draft[name]} onChange={(event) => change({ [name]: event.target.value })} />
    </Field>
  );
  return (
    <>
      {draft.kind === "jury" ? (
        <div className="flex flex-col gap-1">
          <span className="text-13 font-medium">Jurors</span>
          <Several label="Jurors" add="Add a model" none="Two at least" values={draft.models} onChange={(models) => change({ models })} choices={choices} />
          <FieldFault text={fault("models")} />
        </div>
      ) : (
        <ModelField label="Who judges" value={draft.model} onChange={(model) => change({ model })} error={fault("model")} />
      )}
      <Field label="Rubric" hint="What a good answer is, a demand a line." error={fault("rubric")} required>
        <Textarea rows={5} value={draft.rubric} onChange={(event) => change({ rubric: event.target.value })} placeholder={"answers what was asked\nis polite\nat most 60 words"} />
      </Field>
      <fieldset className="flex flex-wrap gap-x-5 gap-y-2">
        <legend className="mb-1 text-13 font-medium">What a judge is shown beside the answer</legend>
        {(Object.keys(SEEN) as Seen[]).map((one) => (
          <Checkbox key={one} label={SEEN[one]} checked={draft.sees.includes(one)} onChange={(event) => change({ sees: event.target.checked ? [...draft.sees, one] : draft.sees.filter((other) => other !== one) })} />
        ))}
        <FieldFault text={fault("sees")} />
      </fieldset>
      <div className="grid grid-cols-2 gap-4 sm:grid-cols-4">
        {marks ? (
          <>
            {number("Lowest mark", "lowest", "scale.lowest")}
            {number("Highest mark", "highest", "scale.highest")}
            {number("Passes from, %", "passesFrom", "passes_from")}
          </>
        ) : null}
        {number("Tokens at most", "maxTokens", "max_tokens")}
      </div>
      <FieldFault text={fault("scale")} />
      {draft.kind === "jury" ? (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="It is decided by" error={fault("decide")}>
            <Select value={draft.decide} onChange={(decide) => change({ decide })} options={[{ value: "median", label: "the middle of the scores" }, { value: "majority", label: "how many let it pass" }]} />
          </Field>
          {number("A person should look from, %", "uncertainFrom", "uncertain_from", "Between the highest and the lowest score.")}
        </div>
      ) : null}
    </>
  );
}

function ModelField({ label, value, onChange, error, clear }: { label: string; value: string | null; onChange: (model: string | null) => void; error?: string; clear?: string }) {
  const { models, choices, isPending } = useModels();
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-13 font-medium">{label}</span>
      <Combobox label={label} value={value} clear={clear} placeholder="Choose a model" choices={choices} onChange={onChange} className="w-full" />
      {models.length === 0 && !isPending ? (
        <p className="text-12 text-muted">
          No model answers yet: <TextLink to="/providers">add a key</TextLink>.
        </p>
      ) : null}
      <FieldFault text={error} />
    </div>
  );
}

function Editor({ label, hint, error, ...editor }: { label: string; hint: string; error?: string; language: "json" | "python" | "text"; value: string; onChange: (value: string) => void }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-13 font-medium">{label}</span>
      <p className="text-12 text-muted">{hint}</p>
      <CodeEditor label={label} minLines={6} maxLines={18} {...editor} />
      <FieldFault text={error} />
    </div>
  );
}
