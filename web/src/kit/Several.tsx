import { X } from "lucide-react";
import { CHIP, CHIPS, takeChip } from "./chips";
import { Combobox, type Choice } from "./Combobox";

/** Any number of many: what is chosen stands there, each to be taken away, and the list beside it adds one more. */
export function Several({ label, add, none, values, onChange, choices, onSearch, empty, disabled }: { label: string; /** Words of the list, such as "Add a prompt". */ add: string; /** What holds while nothing is chosen. */ none: string; values: readonly string[]; onChange: (values: string[]) => void; choices: readonly Choice[]; onSearch?: (typed: string) => void; empty?: string; disabled?: boolean }) {
  const nameOf = (value: string) => choices.find((one) => one.value === value)?.label ?? value;
  return (
    <div role="group" aria-label={label} {...CHIPS} className="flex min-w-0 flex-wrap items-center gap-1.5">
      {values.length === 0 ? <span className="text-13 text-muted">{none}</span> : null}
      {values.map((value) => (
        <span key={value} className="inline-flex h-7 max-w-full items-center gap-1 rounded-s bg-sunken pl-2 text-13 shadow-[inset_0_0_0_1px_var(--line)]">
          <span className="truncate">{nameOf(value)}</span>
          <button type="button" {...CHIP} disabled={disabled} aria-label={`Take ${nameOf(value)} away`} onClick={(event) => takeChip(event, nameOf(value), () => onChange(values.filter((one) => one !== value)))} className="grid size-6 shrink-0 place-items-center rounded-s text-muted hover:text-fg disabled:opacity-50">
            <X size={12} aria-hidden />
          </button>
        </span>
      ))}
      <Combobox label={label} value={null} placeholder={add} disabled={disabled} choices={choices.filter((one) => !values.includes(one.value))} onSearch={onSearch} empty={empty} onChange={(next) => next && onChange([...values, next])} />
    </div>
  );
}
