import { useEffect, useRef } from "react";
import { Field, Textarea } from "@/kit";
import { columnOf, lineAt } from "./draft";

/** An expression. What the API finds wrong in it is shown where it is, and the cursor goes there. */
export function Condition({ value, onChange, error, checked }: { value: string; onChange: (value: string) => void; error?: string; /** The text that `error` is about. */ checked: string }) {
  const box = useRef<HTMLTextAreaElement>(null);
  const column = columnOf(error);
  const stands = error !== undefined && value === checked;
  useEffect(() => {
    if (!stands || column === null) return;
    box.current?.focus();
    box.current?.setSelectionRange(column - 1, column - 1);
  }, [stands, column]);
  return (
    <Field label="Condition" hint={<>An expression that has to be true: <code>data.delta &gt; 0.05 and not simulated</code></>} error={stands ? <Fault text={value} message={error} column={column} /> : undefined}>
      <Textarea ref={box} mono rows={2} value={value} onChange={(event) => onChange(event.target.value)} className="min-h-14!" />
    </Field>
  );
}

function Fault({ text, message, column }: { text: string; message: string; column: number | null }) {
  if (column === null) return message;
  const { line, at } = lineAt(text, column);
  return (
    <>
      {message}
      <code aria-hidden className="mt-1 block overflow-x-auto rounded-s bg-bad-soft px-2 py-1 whitespace-pre text-fg">
        {line}
        {"\n"}
        {" ".repeat(at)}
        <span className="font-semibold text-bad">^</span>
      </code>
    </>
  );
}
