import { Plus, Trash2 } from "lucide-react";
import { Button, Field, FieldFault, IconButton, Input } from "@/kit";
import type { Pattern } from "./guardrail";

/** Expressions of one's own, each with the name that its mask will have. */
export function Patterns({ patterns, onChange, error, disabled, mask = "[CUSTOMER_1]" }: { patterns: readonly Pattern[]; onChange: (patterns: Pattern[]) => void; error?: string; disabled?: boolean; /** What stands in place of what it finds. */ mask?: string }) {
  const change = (at: number, part: Partial<Pattern>) => onChange(patterns.map((one, index) => (index === at ? { ...one, ...part } : one)));
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 text-13 font-medium">Your own patterns</legend>
      <p className="text-12 text-muted">
        Regular expressions of RE2. What “customer” finds is masked as <code>{mask}</code>.
      </p>
      {patterns.map((one, at) => (
        <div key={at} role="group" aria-label={`Pattern ${at + 1}`} className="grid items-end gap-2 sm:grid-cols-[9rem_minmax(0,1fr)_2rem]">
          <Field label="Name">
            <Input mono value={one.name} disabled={disabled} onChange={(event) => change(at, { name: event.target.value })} placeholder="customer" />
          </Field>
          <Field label="Expression">
            <Input mono value={one.pattern} disabled={disabled} onChange={(event) => change(at, { pattern: event.target.value })} placeholder="\bC-[0-9]{7}" />
          </Field>
          <IconButton label={`Take pattern ${at + 1} away`} icon={<Trash2 size={14} aria-hidden />} disabled={disabled} onClick={() => onChange(patterns.filter((_, index) => index !== at))} />
        </div>
      ))}
      <FieldFault text={error} />
      <div>
        <Button size="s" icon={<Plus size={14} aria-hidden />} disabled={disabled} onClick={() => onChange([...patterns, { name: "", pattern: "", longest: 100, ignore_case: false }])}>
          Add a pattern
        </Button>
      </div>
    </fieldset>
  );
}
