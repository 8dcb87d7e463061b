import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useChange } from "@/api/hooks";
import { useKeptText } from "@/api/kept-text";
import { Button, Combobox, Field, FormError, Section, Segments, Textarea, errorFor } from "@/kit";
import type { Side } from "./guardrail";
import { Shown, Tried } from "./Tried";

export const SAMPLE = "I am Ann, ann@example.com, IBAN DE89 3704 0044 0532 0130 00. My password: hunter2hunter2.";
export const SIDE_OPTIONS = [
  { value: "in" as const, label: "To the model" },
  { value: "out" as const, label: "Back from it" },
];

/** What all saved guardrails would do with a text: nothing is sent, nothing is stored. */
export function TryText() {
  const { text, set: setText } = useKeptText("text to try guardrails with", SAMPLE);
  const [side, setSide] = useState<Side>("in");
  const [prompt, setPrompt] = useState<string | null>(null);
  const [asked, setAsked] = useState<{ side: Side; of: string }>({ side, of: "" });
  const prompts = usePromptChoices();
  const attempt = useChange("post", "/v1/guardrails/try");
  const of = JSON.stringify([text, side, prompt]);
  // What became of another text says nothing of this one.
  const { data, error } = asked.of === of ? attempt : { data: undefined, error: null };
  const submit = () => {
    setAsked({ side, of });
    attempt.mutate({ body: { text, side, prompt } });
  };
  return (
    <Section title="Try a text" description="What the guardrails that are on would do with it. Nothing is sent to a model, and nothing is stored.">
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <form
          className="flex min-w-0 flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit();
          }}
        >
          <Field label="Text" error={errorFor(error, "text")} required>
            <Textarea rows={4} value={text} onChange={(event) => setText(event.target.value)} />
          </Field>
          <div className="flex flex-wrap items-center gap-2">
            <Segments label="On which way" options={SIDE_OPTIONS} value={side} onChange={setSide} />
            <Combobox label="Prompt" value={prompt} clear="A call without a prompt" {...prompts} onChange={setPrompt} />
            <Button type="submit" icon={<FlaskConical size={14} aria-hidden />} busy={attempt.isPending} disabled={text === ""}>
              Try it
            </Button>
          </div>
          <FormError error={error} />
        </form>
        <div aria-live="polite" className="min-w-0">
          {data ? (
            <Tried tried={data} side={asked.side}>
              <Shown label="What the row in the log would hold of it" text={data.stored} />
            </Tried>
          ) : (
            <p className="rounded-m border border-dashed border-line-strong/60 px-3 py-6 text-center text-13 text-muted">What becomes of it stands here.</p>
          )}
        </div>
      </div>
    </Section>
  );
}
