import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Button, Checkbox, Field, Textarea } from "@/kit";
import type { Given, Question as Asked } from "./goal";

/** What was chosen and written, and not sent yet or not taken. */
export type Begun = { chosen: readonly string[]; own: string };

type QuestionProps = {
  question: Asked;
  /** What was answered before, where it is changed. */
  before?: Given;
  /** Goes before it: this was begun here, and the question went and came back. */
  begun?: Begun;
  onBegin: (begun: Begun) => void;
  onAnswer: (given: Given) => void;
  onSkip?: () => void;
};

/** One question. What is suggested is answered with one press; words of one's own always do. */
export function Question({ question, before, begun, onBegin, onAnswer, onSkip }: QuestionProps) {
  const offered = question.type === "text" ? question.suggestions : question.options;
  const isMany = question.type === "multiple_choice";
  const [{ chosen, own }, setBegun] = useState<Begun>(begun ?? { chosen: Array.isArray(before) ? before.filter((one) => offered.includes(one)) : [], own: ownOf(before, offered) });
  const begin = (next: Begun) => {
    setBegun(next);
    onBegin(next);
  };
  const heading = useRef<HTMLHeadingElement>(null);
  // The keys go on where the question is: the one before it has gone, and took the focus with it.
  useEffect(() => heading.current?.focus({ preventScroll: false }), []);
  const words = own.trim();
  const given: Given = isMany ? [...chosen, ...(words ? [words] : [])] : words;
  const isEmpty = given.length === 0;
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (!isEmpty) onAnswer(given);
  };
  const sendByKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form onSubmit={send} aria-label="Question" className="flex flex-col gap-3 rounded-l border border-accent/60 bg-panel p-4">
      <h2 ref={heading} tabIndex={-1} className="text-16 font-semibold wrap-anywhere outline-none">
        {question.text}
      </h2>
      {isMany ? (
        <fieldset className="flex flex-col gap-1.5">
          <legend className="sr-only">{question.text}</legend>
          {offered.map((one) => (
            <Checkbox key={one} label={one} checked={chosen.includes(one)} onChange={(event) => begin({ own, chosen: event.target.checked ? [...chosen, one] : chosen.filter((other) => other !== one) })} />
          ))}
        </fieldset>
      ) : offered.length > 0 ? (
        <div role="group" aria-label="Suggested answers" className="flex flex-wrap gap-2">
          {offered.map((one) => (
            <button key={one} type="button" onClick={() => onAnswer(one)} className="min-h-8 rounded-m border border-line-strong/60 bg-panel px-3 py-1 text-left text-13 font-medium hover:border-accent hover:bg-accent-soft">
              {one}
            </button>
          ))}
        </div>
      ) : null}
      <Field label={offered.length > 0 ? "In your own words" : "Your answer"} hideLabel={offered.length === 0}>
        <Textarea rows={1} value={own} onChange={(event) => begin({ chosen, own: event.target.value })} onKeyDown={sendByKey} className="min-h-9!" placeholder={offered.length > 0 ? "Something else" : undefined} />
      </Field>
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="primary" disabled={isEmpty}>
          Answer
        </Button>
        {onSkip ? (
          <Button variant="ghost" onClick={onSkip}>
            Skip
          </Button>
        ) : null}
      </div>
    </form>
  );
}

function ownOf(before: Given | undefined, offered: readonly string[]): string {
  if (Array.isArray(before)) return before.filter((one) => !offered.includes(one)).join(", ");
  return before ?? "";
}
