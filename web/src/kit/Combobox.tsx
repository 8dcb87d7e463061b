import { ChevronsUpDown } from "lucide-react";
import { type ReactNode, Suspense, useId, useLayoutEffect, useRef, useState } from "react";
import { classes } from "@/lib/classes";
import { FieldFault } from "./Field";
import { Floating, useClosing } from "./Floating";
import { ComboList } from "./floats";
import { standsIn } from "./form-texts";

export type Choice = { value: string; label: string; hint?: ReactNode; keywords?: string[] };

/** One of many, found by typing. Give `onSearch` where the API does the finding; then `choices` are what it found. */
export function Combobox({
  label,
  value,
  choices,
  onChange,
  onSearch,
  placeholder = "Choose…",
  empty = "Nothing found",
  clear,
  fault,
  needed,
  disabled,
  className,
}: {
  label: string;
  value: string | null;
  choices: readonly Choice[];
  onChange: (value: string | null) => void;
  onSearch?: (typed: string) => void;
  placeholder?: string;
  empty?: string;
  /** Words for choosing none, such as "All prompts". */
  clear?: string;
  /** What is wrong with what is chosen; stands below it. */
  fault?: string;
  /** Its form is not sent while nothing is chosen. */
  needed?: boolean;
  disabled?: boolean;
  className?: string;
}) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const faultId = useId();
  const chosen = choices.find((one) => one.value === value);
  const stands = standsIn(label, chosen?.label ?? value ?? "", { value: value ?? "", put: (next) => onChange(next || null) });
  const close = () => {
    setOpen(false);
    anchor.current?.focus();
  };
  useClosing(open, [anchor, box], (by) => (by === "escape" ? close() : setOpen(false)));
  useLayoutEffect(() => {
    // Only now is it shown: what asked for the focus while it was hidden (autoFocus) got none. The list may still be on its way; the keys are its own already.
    if (open) (box.current?.querySelector("input") ?? box.current)?.focus({ preventScroll: true });
  }, [open]);
  const take = (next: string | null) => {
    close();
    onChange(next);
    // As a control of the browser's own would: its form counts as written in.
    anchor.current?.dispatchEvent(new Event("change", { bubbles: true }));
  };
  return (
    <>
      <button
        data-stands={disabled ? undefined : stands["data-stands"]}
        data-needed={needed || undefined}
        ref={(element) => {
          anchor.current = element;
          stands.ref(element);
        }}
        type="button"
        disabled={disabled}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-describedby={fault ? faultId : undefined}
        aria-label={`${label}: ${chosen?.label ?? value ?? clear ?? placeholder}`}
        onClick={() => setOpen(!open)}
        className={classes("inline-flex h-8 max-w-full finger:h-10 min-w-0 items-center justify-between gap-2 rounded-m border border-line-strong/50 bg-panel px-2.5 text-13 font-medium hover:border-line-strong disabled:opacity-50", className)}
      >
        <span className="truncate">{chosen?.label ?? value ?? clear ?? placeholder}</span>
        <ChevronsUpDown size={14} aria-hidden className="shrink-0 text-muted" />
      </button>
      <FieldFault id={faultId} text={fault} />
      {open ? (
        <Floating ref={box} data-floating tabIndex={-1} role="dialog" aria-label={label} anchor={anchor} align="start" className="appear w-72 max-w-[calc(100vw-16px)] overflow-hidden rounded-l bg-panel text-fg shadow-float outline-none">
          <Suspense fallback={<div className="h-24" />}>
            <ComboList label={label} value={value} choices={choices} take={take} onSearch={onSearch} empty={empty} clear={clear} />
          </Suspense>
        </Floating>
      ) : null}
    </>
  );
}
