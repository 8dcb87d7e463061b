import { useState } from "react";
import { CodeEditor } from "@/kit";
import { nameOf } from "./content";

/** What a field of the draft needs that is half written for a while: where to put its fault, by its name, and its text. */
export type Faults = { setFault: (what: string, fault: string | null, text?: string) => void; faults: Record<string, string>; unread: Record<string, string>; readOnly: boolean };

type JsonFieldProps = Faults & { field: string; label?: string; hint?: string; value: unknown; onChange: (value: unknown) => void; check?: (value: unknown) => string | null };

/** A value as JSON. What cannot be read stays in the editor and is told; the draft keeps the last that could, and the text beside it. */
export function JsonField({ field, label, hint, value, onChange, setFault, faults, unread, readOnly, check }: JsonFieldProps) {
  const [text, setText] = useState<string | null>(unread[field] ?? null);
  const fault = faults[field];
  const written = value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0) ? "" : JSON.stringify(value, null, 2);
  const take = (next: string) => {
    setText(next);
    try {
      const read: unknown = next.trim() ? JSON.parse(next) : undefined;
      const wrong = read !== undefined && check ? check(read) : null;
      setFault(field, wrong, next);
      if (!wrong) onChange(read);
    } catch {
      setFault(field, "This is no JSON yet.", next);
    }
  };
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="text-13 font-medium">{label ?? nameOf(field)}</span>
      <CodeEditor label={label ?? nameOf(field)} language="json" value={text !== null && (fault || sameJson(text, written)) ? text : written} onChange={take} readOnly={readOnly} minLines={3} maxLines={14} />
      {hint ? <p className="text-12 text-muted">{hint}</p> : null}
      {fault ? (
        <p role="alert" className="text-12 text-bad">
          {fault}
        </p>
      ) : null}
    </div>
  );
}

export function notAnObject(value: unknown): string | null {
  return typeof value !== "object" || value === null || Array.isArray(value) ? "An object, such as {}." : null;
}

function sameJson(a: string, b: string): boolean {
  try {
    return JSON.stringify(a.trim() ? JSON.parse(a) : null) === JSON.stringify(b.trim() ? JSON.parse(b) : null);
  } catch {
    return false;
  }
}
