/** The list of a Combobox, loaded with the first act on a page. */
import { Command } from "cmdk";
import { Check } from "lucide-react";
import { type ReactNode, useLayoutEffect, useState } from "react";
import type { Choice } from "../Combobox";

export type ComboListProps = { label: string; value: string | null; choices: readonly Choice[]; take: (value: string | null) => void; onSearch?: (typed: string) => void; empty: string; clear?: string };

export default function ComboList({ label, value, choices, take, onSearch, empty, clear }: ComboListProps) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState("");
  const first = choices[0]?.value;
  const found = choices.map((one) => one.value).join("\n");
  useLayoutEffect(() => {
    // cmdk stays at what was the first one before the API had found anything.
    if (onSearch && typed && first !== undefined) setAt(first);
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [typed, found]);
  const search = (next: string) => {
    setTyped(next);
    onSearch?.(next);
  };
  return (
    <Command label={label} shouldFilter={!onSearch} loop value={at} onValueChange={setAt}>
      <Command.Input autoFocus value={typed} onValueChange={search} placeholder="Type to find" className="h-9 w-full finger:h-10 border-b border-line bg-transparent px-3 text-13 outline-none" />
      <Command.List className="max-h-72 overflow-y-auto p-1">
        <Command.Empty className="px-2 py-3 text-13 text-muted">{empty}</Command.Empty>
        {clear && !(onSearch && typed) ? <Item label={clear} chosen={value === null} onSelect={() => take(null)} /> : null}
        {choices.map((one) => (
          <Item key={one.value} value={one.value} label={one.label} hint={one.hint} keywords={[one.label, ...(one.keywords ?? [])]} chosen={one.value === value} onSelect={() => take(one.value)} />
        ))}
      </Command.List>
    </Command>
  );
}

function Item({ value, label, hint, keywords, chosen, onSelect }: { value?: string; label: string; hint?: ReactNode; keywords?: string[]; chosen: boolean; onSelect: () => void }) {
  return (
    <Command.Item value={value ?? label} keywords={keywords} onSelect={onSelect} className="flex min-h-8 cursor-pointer finger:min-h-10 items-center gap-2 rounded-m px-2 py-1 text-13 data-[selected=true]:bg-sunken">
      <span className="min-w-0 flex-1">
        <span className="block truncate">{label}</span>
        {hint ? <span className="block truncate text-12 text-muted">{hint}</span> : null}
      </span>
      {chosen ? <Check size={14} aria-label="chosen" className="text-accent" /> : null}
    </Command.Item>
  );
}
