import { Command } from "cmdk";
import { Check, ChevronsUpDown } from "lucide-react";
import { Popover } from "radix-ui";
import { type ReactNode, useState } from "react";
import { classes } from "@/lib/classes";

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
  disabled?: boolean;
  className?: string;
}) {
  const [open, setOpen] = useState(false);
  const chosen = choices.find((one) => one.value === value);
  const take = (next: string | null) => {
    onChange(next);
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          disabled={disabled}
          aria-label={`${label}: ${chosen?.label ?? value ?? clear ?? placeholder}`}
          className={classes("inline-flex h-8 max-w-full min-w-0 items-center justify-between gap-2 rounded-m border border-line-strong/50 bg-panel px-2.5 text-13 font-medium hover:border-line-strong disabled:opacity-50", className)}
        >
          <span className="truncate">{chosen?.label ?? value ?? clear ?? placeholder}</span>
          <ChevronsUpDown size={14} aria-hidden className="shrink-0 text-muted" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="start" sideOffset={4} collisionPadding={8} aria-label={label} className="appear z-60 w-72 max-w-[calc(100vw-16px)] overflow-hidden rounded-l bg-panel shadow-float">
          <Command label={label} shouldFilter={!onSearch} loop>
            <Command.Input autoFocus onValueChange={onSearch} placeholder="Type to find" className="h-9 w-full border-b border-line bg-transparent px-3 text-13 outline-none" />
            <Command.List className="max-h-72 overflow-y-auto p-1">
              <Command.Empty className="px-2 py-3 text-13 text-muted">{empty}</Command.Empty>
              {clear ? <Item label={clear} chosen={value === null} onSelect={() => take(null)} /> : null}
              {choices.map((one) => (
                <Item key={one.value} value={one.value} label={one.label} hint={one.hint} keywords={[one.label, ...(one.keywords ?? [])]} chosen={one.value === value} onSelect={() => take(one.value)} />
              ))}
            </Command.List>
          </Command>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Item({ value, label, hint, keywords, chosen, onSelect }: { value?: string; label: string; hint?: ReactNode; keywords?: string[]; chosen: boolean; onSelect: () => void }) {
  return (
    <Command.Item value={value ?? label} keywords={keywords} onSelect={onSelect} className="flex min-h-8 cursor-pointer items-center gap-2 rounded-m px-2 py-1 text-13 data-[selected=true]:bg-sunken">
      <span className="min-w-0 flex-1">
        <span className="block truncate">{label}</span>
        {hint ? <span className="block truncate text-12 text-muted">{hint}</span> : null}
      </span>
      {chosen ? <Check size={14} aria-label="chosen" className="text-accent" /> : null}
    </Command.Item>
  );
}
