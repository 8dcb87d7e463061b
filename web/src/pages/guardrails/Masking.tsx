import { useEffect, useState } from "react";
import { useAuthors } from "@/api/authors";
import type { Schema } from "@/api/client";
import { change as send, useChange, useRead } from "@/api/hooks";
import { useDraftOver } from "@/api/draft-over";
import { needs, useMay } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { Button, Checkbox, Field, FieldFault, FormError, KeptAtTheEnd, Loaded, Meanwhile, RelativeTime, Section, Textarea, TextLink, errorFor, toast, useUndo } from "@/kit";
import { amid } from "@/lib/format";
import { Patterns } from "./Patterns";
import { Shown } from "./Tried";
import { SAMPLE } from "./TryText";
import { STORED, STORED_KINDS } from "./guardrail";

type Answer = Schema<"MaskingAnswer">;
type Rules = Required<Schema<"Masking">>;
const PATHS = ["/v1/masking"];
const PAUSE_MS = 300;

/** What is blotted out of rows before they are written, with a text to see it on before it is saved. */
export function Masking() {
  const found = useRead("/v1/masking");
  return <Loaded of={found}>{(answer) => <Form saved={answer} />}</Loaded>;
}

function Form({ saved }: { saved: Answer }) {
  const may = useMay();
  const nameOf = useAuthors();
  const before: Rules = { kinds: saved.masking.kinds ?? [], patterns: saved.masking.patterns ?? [] };
  const { base, draft: rules, set: setRules, isBehind, takeNewest, settle } = useDraftOver(before);
  const save = useChange("put", "/v1/masking", { invalidates: PATHS });
  const undo = useUndo(PATHS);
  const isChanged = JSON.stringify(rules) !== JSON.stringify(base);
  const isUnfinished = rules.patterns.some((one) => !one.name || !one.pattern);
  useUnsaved(isChanged, "what is masked");
  const submit = () => {
    const back = () => send("put", "/v1/masking", { body: { masking: before } });
    save.mutate(
      { body: { masking: rules } },
      {
        onSuccess: () => {
          settle(rules);
          toast("Rows that are written from now on are masked so", undo(back, "It is masked as before"));
        },
      },
    );
  };
  return (
    <div className="grid items-start gap-8 lg:grid-cols-[minmax(0,1fr)_24rem]">
      <Section title="What is masked before it is stored" description="In messages, variables, settings, metadata, answers, tool calls and errors, also of imported runs. The caller is told everything; rows that are there stay as they are.">
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <KeptAtTheEnd title="What is masked" isChanged={isChanged} />
          <fieldset className="flex flex-col gap-2">
            <legend className="sr-only">Kinds</legend>
            <div className="grid gap-2 sm:grid-cols-2">
              {STORED_KINDS.map((one) => (
                <Checkbox key={one} label={STORED[one]} disabled={!may.admin} checked={rules.kinds.includes(one)} onChange={(event) => setRules({ ...rules, kinds: event.target.checked ? [...rules.kinds, one] : rules.kinds.filter((other) => other !== one) })} />
              ))}
            </div>
            <FieldFault text={errorFor(save.error, "masking.kinds")} />
          </fieldset>
          <Patterns mask="[CUSTOMER]" disabled={!may.admin} patterns={rules.patterns} onChange={(patterns) => setRules({ ...rules, patterns })} error={errorFor(save.error, "masking.patterns")} />
          <Meanwhile show={isBehind} onTake={takeNewest} />
          <FormError error={save.error} />
          <div className="flex flex-wrap items-center gap-3">
            <Button type="submit" variant="primary" busy={save.isPending} disabled={!may.admin || !isChanged || isUnfinished} why={may.admin ? undefined : needs("admin")}>
              Save
            </Button>
            <span className="text-12 text-muted">
              {saved.updated_at ? (
                <>
                  Changed <RelativeTime at={saved.updated_at} /> by {amid(nameOf(saved.updated_by ?? ""))}.
                </>
              ) : (
                "Nothing is masked yet: text is stored as it is."
              )}
            </span>
          </div>
          <p className="max-w-[72ch] text-12 text-muted">
            End users’ ids, sessions and apps stay as they were given. To keep no text at all, or for a shorter time: <TextLink to="/settings" search={{ tab: "privacy" }}>Retention and erasure</TextLink>.
          </p>
        </form>
      </Section>
      <Preview rules={rules} isWhole={!isUnfinished} />
    </div>
  );
}

function Preview({ rules, isWhole }: { rules: Rules; isWhole: boolean }) {
  const [text, setText] = useState(SAMPLE);
  const attempt = useChange("post", "/v1/guardrails/try");
  const { mutate } = attempt;
  const asked = JSON.stringify(rules);
  useEffect(() => {
    if (!isWhole || text === "") return undefined;
    const timer = setTimeout(() => mutate({ body: { text, side: "in", masking: JSON.parse(asked) as Rules } }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [asked, isWhole, text, mutate]);
  return (
    <Section title="See it on a text" description="Follows what is chosen, before it is saved." framed>
      <Field label="Text" hideLabel error={errorFor(attempt.error, "text")}>
        <Textarea rows={4} value={text} onChange={(event) => setText(event.target.value)} className="text-13!" />
      </Field>
      <div aria-live="polite" className="min-h-24">
        {attempt.error ? <FormError error={attempt.error} /> : attempt.data ? <Shown label="What the row would hold" text={attempt.data.stored} /> : null}
      </div>
    </Section>
  );
}
