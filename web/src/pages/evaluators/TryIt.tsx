import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/api/hooks";
import { useKeptText } from "@/api/kept-text";
import { needs, useMay } from "@/api/session";
import { Button, Field, FormError, Notice, Textarea, errorFor } from "@/kit";
import type { Settings } from "./evaluator";
import { VerdictView } from "./VerdictView";

type Props = {
  /** An evaluator that is saved, by its id; else `settings` as they are written now. */
  id?: string;
  settings?: Settings;
  /** The form has everything it needs. */
  isWhole?: boolean;
  compares: boolean;
  /** Says which of two answers is better. */
  isOfTwo: boolean;
  asks: boolean;
};

/** Looks at one answer that somebody writes, before or after it is saved. The server keeps nothing; what is written to one that is saved is here
 * again in this tab. */
export function TryIt({ id, settings, isWhole = true, compares, isOfTwo, asks }: Props) {
  const may = useMay();
  const placeOf = (field: string) => (id ? `${field} for evaluator ${id}` : null);
  const { text: output, set: setOutput } = useKeptText(placeOf("answer"), "Your parcel is on its way. Please send us the order number.");
  const { text: expected, set: setExpected } = useKeptText(placeOf("expected answer"));
  const { text: other, set: setOther } = useKeptText(placeOf("other answer"));
  const { text: input, set: setInput } = useKeptText(placeOf("question"), "Where is my parcel?");
  const { text: variables, set: setVariables } = useKeptText(placeOf("variables"));
  const tryDraft = useChange("post", "/v1/evaluators/try");
  const trySaved = useChange("post", "/v1/evaluators/{evaluator_id}/try");
  const { isPending, ...told } = id ? trySaved : tryDraft;
  const [asked, setAsked] = useState("");
  const of = JSON.stringify([output, expected, other, input, variables, settings]);
  // What was said of another answer, or by another rule, says nothing of this one.
  const { data, error } = asked === of ? told : { data: undefined, error: null };
  const known = objectOf(variables);
  const submit = () => {
    setAsked(of);
    const answered = { output, expected: expected || null, ...(isOfTwo && other ? { other } : {}), input: input || null, variables: known ?? {}, metadata: {} };
    if (id) trySaved.mutate({ path: { evaluator_id: id }, body: answered });
    else if (settings) tryDraft.mutate({ body: { ...answered, settings } });
  };
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <Field label="The answer" error={errorFor(error, "output")}>
        <Textarea rows={3} value={output} onChange={(event) => setOutput(event.target.value)} className="text-13!" />
      </Field>
      <Field label={compares ? "The expected answer" : "The expected answer, if there is one"} error={errorFor(error, "expected")}>
        <Textarea rows={2} value={expected} onChange={(event) => setExpected(event.target.value)} className="min-h-14! text-13!" />
      </Field>
      {isOfTwo ? (
        <Field label="The other answer" hint="Empty: the expected one." error={errorFor(error, "other")}>
          <Textarea rows={2} value={other} onChange={(event) => setOther(event.target.value)} className="min-h-14! text-13!" />
        </Field>
      ) : null}
      <details>
        <summary className="cursor-pointer text-13 text-muted">What was asked, and variables</summary>
        <div className="mt-2 flex flex-col gap-3">
          <Field label="What was asked" error={errorFor(error, "input")}>
            <Textarea rows={2} value={input} onChange={(event) => setInput(event.target.value)} className="min-h-14! text-13!" />
          </Field>
          <Field label="Variables" hint="A JSON object." error={known === null ? "This is no JSON object yet." : errorFor(error, "variables")}>
            <Textarea mono rows={2} value={variables} onChange={(event) => setVariables(event.target.value)} className="min-h-14!" placeholder='{"customer": "ann"}' />
          </Field>
        </div>
      </details>
      <div className="flex flex-wrap items-center gap-3">
        <Button icon={<FlaskConical size={14} aria-hidden />} busy={isPending} disabled={!may.edit || !isWhole || known === null} why={may.edit ? undefined : needs("editor")} onClick={submit}>
          Try it
        </Button>
        {asks ? <span className="text-12 text-muted">Models are asked at once; you pay for their calls.</span> : null}
      </div>
      <div aria-live="polite" className="min-w-0">
        {error ? <FormError error={error} /> : data ? <VerdictView verdict={data} /> : isPending && asks ? <Notice>The judges read…</Notice> : null}
      </div>
    </div>
  );
}

/** An object of JSON; {} for nothing written, null for what is none. */
function objectOf(typed: string): Record<string, unknown> | null {
  if (!typed.trim()) return {};
  try {
    const found: unknown = JSON.parse(typed);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
