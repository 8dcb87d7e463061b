import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useFormOver } from "@/api/form-over";
import { read, useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, Checkbox, CodeEditor, Field, FieldFault, Fields, FormDialog, FormError, Input, Segments, Select, Several, Textarea, errorFor, toast } from "@/kit";
import { type Draft, type Guardrail, KINDS, LANGUAGES, type LanguageCode, PERSONAL, PERSONAL_KINDS, type Side, draftOf, faultOf, settingsOf, sidesOf, wrongIn } from "./guardrail";
import { WhereCodeRuns } from "@/pages/evaluators/WhereCodeRuns";
import { ChangesOf } from "@/pages/team/ChangesOf";
import { Patterns } from "./Patterns";
import { Tried } from "./Tried";
import { SAMPLE, SIDE_OPTIONS } from "./TryText";

const INVALIDATES = { invalidates: ["/v1/guardrails"] };
const ACTIONS = [
  { value: "mask" as const, label: "Mask it" },
  { value: "block" as const, label: "Stop the call" },
];

/** One guardrail by a form, tried on a text before it is saved. `guardrail` null: a new one. */
export function EditGuardrail({ guardrail, onClose }: { guardrail: Guardrail | null; onClose: () => void }) {
  const off = useMay().admin ? undefined : needs("admin");
  const [first] = useState<Draft>(() => draftOf(guardrail));
  const over = useFormOver(first, guardrail && (async () => draftOf(await read("/v1/guardrails/{guardrail_id}", { path: { guardrail_id: guardrail.id } }))), INVALIDATES.invalidates);
  const { draft, change } = over;
  const create = useChange("post", "/v1/guardrails", INVALIDATES);
  const save = useChange("patch", "/v1/guardrails/{guardrail_id}", INVALIDATES);
  const prompts = usePromptChoices();
  const { error, isPending } = guardrail ? save : create;
  const wrong = wrongIn(draft);
  const kind = KINDS.find((one) => one.kind === draft.kind);
  const done = {
    onSuccess: () => {
      onClose();
      toast(guardrail ? `${draft.name.trim()} is changed; it holds within a second` : `${draft.name.trim()} looks at every call from now on`);
    },
  };
  const send = (draft: Draft) => {
    const body = { name: draft.name.trim(), prompts: draft.prompts, sides: sidesOf(draft), settings: settingsOf(draft), active: draft.active };
    if (guardrail) save.mutate({ path: { guardrail_id: guardrail.id }, body }, done);
    else create.mutate({ body }, done);
  };
  // A pattern that was just added has no words of its own yet.
  const missing = draft.name.trim() ? Object.values(wrong).map((one) => one || "Each pattern needs a name and an expression.")[0] : "Give it a name.";
  const turn = (side: Side, on: boolean) => change({ sides: on ? [...draft.sides, side] : draft.sides.filter((one) => one !== side) });
  return (
    <FormDialog
      wide
      open
      onOpenChange={(open) => !open && onClose()}
      title={guardrail ? (off ? guardrail.name : `Change ${guardrail.name}`) : "New guardrail"}
      description="It looks at every call within a second: streams, batches, test runs, jobs and judges too."
      off={off}
      submit={guardrail ? "Save" : "Make it"}
      onSubmit={() => over.send(send)}
      busy={isPending}
      error={error}
      over={over}
      disabled={!draft.name.trim() || Object.keys(wrong).length > 0}
      missing={missing}
    >
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <Fields off={off}>
            <Field label="What it looks for" hint={kind?.does} error={errorFor(error, "settings.kind")}>
              <Select value={draft.kind} onChange={(next) => change({ kind: next })} options={KINDS.map((one) => ({ value: one.kind, label: one.name }))} />
            </Field>
            <Field label="Name" hint="Callers hear it where it stops something." error={errorFor(error, "name")} required>
              <Input autoFocus value={draft.name} maxLength={100} onChange={(event) => change({ name: event.target.value })} placeholder="no personal data" />
            </Field>
            <KindFields draft={draft} change={change} error={error} wrong={wrong} isOff={Boolean(off)} />
            <fieldset className="flex flex-col gap-2">
              <legend className="mb-1 text-13 font-medium">On which way</legend>
              {draft.kind === "injection" ? (
                <p className="text-13 text-muted">On the way to the model: callers write them.</p>
              ) : (
                <>
                  <Checkbox label="What goes to the model" checked={draft.sides.includes("in")} onChange={(event) => turn("in", event.target.checked)} />
                  <Checkbox label="What comes back" hint={STREAMED[draft.kind] ?? "While an answer is streamed, only the end of it that may still become something waits."} checked={draft.sides.includes("out")} onChange={(event) => turn("out", event.target.checked)} />
                </>
              )}
              <FieldFault text={wrong.sides ?? errorFor(error, "sides")} />
            </fieldset>
            <div className="flex flex-col gap-1">
              <span className="text-13 font-medium">For which prompts</span>
              <Several label="Prompts" add="Add a prompt" none="Every prompt, and calls without one" values={draft.prompts} onChange={(next) => change({ prompts: next })} {...prompts} />
              <FieldFault text={errorFor(error, "prompts")} />
            </div>
            {guardrail ? (
              <span>
                <ChangesOf kind="guardrail" object={guardrail.id} />
              </span>
            ) : null}
            <Checkbox label="On" hint="Off, it looks at nothing and can be switched on later." checked={draft.active} onChange={(event) => change({ active: event.target.checked })} />
          </Fields>
        </div>
        <TryDraft draft={draft} isWhole={Object.keys(wrong).length === 0} />
      </div>
    </FormDialog>
  );
}

const STREAMED: Partial<Record<Draft["kind"], string>> = { language: "A streamed answer is told in one piece at its end: the whole text is needed.", code: "A streamed answer is told in one piece at its end: the whole text is needed." };

function KindFields({ draft, change, error, wrong, isOff }: { isOff: boolean; draft: Draft; change: (part: Partial<Draft>) => void; error: unknown; wrong: Partial<Record<keyof Draft, string>> }) {
  const fault = (field: string) => faultOf(error, draft.kind, field);
  const action = (
    <Field label="What to do with it" error={fault("action")} hint={draft.action === "mask" ? "The call goes on; the caller gets the real values back." : "The call ends with the name of this guardrail, and HTTP 422."}>
      <Select value={draft.action} onChange={(next) => change({ action: next })} options={ACTIONS} />
    </Field>
  );
  const patterns = <Patterns patterns={draft.patterns} onChange={(next) => change({ patterns: next })} error={fault("patterns") ?? wrong.patterns} />;
  const phrases = (label: string, hint: string, required: boolean) => (
    <Field label={label} hint={hint} error={fault("phrases")} required={required}>
      <Textarea rows={4} value={draft.phrases} onChange={(event) => change({ phrases: event.target.value })} placeholder={draft.kind === "deny" ? "acme corp" : undefined} />
    </Field>
  );
  switch (draft.kind) {
    case "personal_data":
      return (
        <>
          <fieldset className="flex flex-col gap-2">
            <legend className="mb-1 text-13 font-medium">Which</legend>
            <div className="grid gap-2 sm:grid-cols-2">
              {PERSONAL_KINDS.map((one) => (
                <Checkbox key={one} label={PERSONAL[one]} checked={draft.kinds.includes(one)} onChange={(event) => change({ kinds: event.target.checked ? [...draft.kinds, one] : draft.kinds.filter((other) => other !== one) })} />
              ))}
            </div>
            <FieldFault text={wrong.kinds ?? fault("kinds")} />
          </fieldset>
          {patterns}
          {action}
        </>
      );
    case "secrets":
      return action;
    case "deny":
      return (
        <>
          {phrases("Phrases", "One a line; found as whole words, whatever blanks are between them.", draft.patterns.length === 0)}
          <Checkbox label="Whether letters are large or small does not matter" checked={draft.ignoreCase} onChange={(event) => change({ ignoreCase: event.target.checked })} />
          {patterns}
        </>
      );
    case "injection":
      return phrases("More phrases", "One a line; beside those that Burnish knows.", false);
    case "size":
      return (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Characters at most" error={wrong.characters ?? fault("most_characters")}>
            <Input inputMode="numeric" value={draft.characters} onChange={(event) => change({ characters: event.target.value })} placeholder="20000" />
          </Field>
          <Field label="Tokens at most" hint="Estimated: three bytes each." error={wrong.tokens ?? fault("most_tokens")}>
            <Input inputMode="numeric" value={draft.tokens} onChange={(event) => change({ tokens: event.target.value })} />
          </Field>
        </div>
      );
    case "language":
      return (
        <div className="flex flex-col gap-1">
          <span className="text-13 font-medium">Languages that pass</span>
          <Several label="Languages" add="Add a language" none="None yet" values={draft.languages} onChange={(next) => change({ languages: next as LanguageCode[] })} choices={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))} />
          <FieldFault text={wrong.languages ?? fault("languages")} />
        </div>
      );
    case "code":
      return (
        <>
          <Field label="Language" error={fault("language")}>
            <Select value={draft.language} onChange={(next) => change({ language: next })} options={[{ value: "python", label: "Python" }, { value: "wasm", label: "WebAssembly, in base64" }]} />
          </Field>
          <WhereCodeRuns language={draft.language} />
          <div className="flex flex-col gap-1">
            <span className="text-13 font-medium">Code</span>
            <p className="text-12 text-muted">
              <code>output</code> is the text that is looked at; <code>variables</code> and <code>metadata</code> are there too. The last expression decides.
            </p>
            <CodeEditor label="Code" language={draft.language === "python" ? "python" : "text"} value={draft.code} onChange={(code) => change({ code })} minLines={5} maxLines={16} readOnly={isOff} />
            <FieldFault text={wrong.code ?? fault("code")} />
          </div>
          <Field label="Where the code itself fails" error={fault("on_failure")}>
            <Select value={draft.onFailure} onChange={(next) => change({ onFailure: next })} options={[{ value: "block", label: "Nothing passes" }, { value: "pass", label: "The text passes" }]} />
          </Field>
        </>
      );
  }
}

/** What the rule would do as it is written now. */
function TryDraft({ draft, isWhole }: { draft: Draft; isWhole: boolean }) {
  const [text, setText] = useState(SAMPLE);
  const [chosen, setSide] = useState<Side>(draft.sides[0] ?? "in");
  const side = draft.kind === "injection" ? "in" : chosen;
  const [asked, setAsked] = useState<{ side: Side; of: string }>({ side, of: "" });
  const attempt = useChange("post", "/v1/guardrails/try");
  const of = JSON.stringify([text, side, settingsOf(draft)]);
  // What became of another text, or by another rule, says nothing of this one.
  const tried = asked.of === of ? attempt.data : undefined;
  return (
    <section aria-label="Try it before it is saved" className="flex min-w-0 flex-col gap-3 rounded-l border border-line bg-sunken/60 p-3">
      <h3 className="text-13 font-medium">Try it before it is saved</h3>
      <Field label="Text" hideLabel error={asked.of === of ? errorFor(attempt.error, "text") : undefined}>
        <Textarea rows={4} value={text} onChange={(event) => setText(event.target.value)} className="text-13!" />
      </Field>
      <div className="flex flex-wrap items-center gap-2">
        {draft.kind === "injection" ? null : <Segments label="On which way it is tried" options={SIDE_OPTIONS} value={side} onChange={setSide} />}
        <Button
          icon={<FlaskConical size={14} aria-hidden />}
          busy={attempt.isPending}
          disabled={!isWhole || text === ""}
          onClick={() => {
            setAsked({ side, of });
            attempt.mutate({ body: { text, side, settings: settingsOf(draft) } });
          }}
        >
          Try it
        </Button>
      </div>
      <div aria-live="polite" className="min-w-0">
        {attempt.error && asked.of === of ? <FormError error={attempt.error} /> : tried ? <Tried tried={tried} side={asked.side} isDraft /> : null}
      </div>
    </section>
  );
}
