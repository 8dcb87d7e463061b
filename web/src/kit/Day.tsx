import { Input } from "./Field";

/** A day by which a list is filtered. */
export function Day({ label, value, onChange, min, max }: { label: string; value: string; onChange: (day: string) => void; min?: string; max?: string }) {
  return (
    <label className="flex items-center gap-1.5 text-13 text-muted max-sm:w-full">
      <span className="max-sm:w-10">{label}</span>
      <Input type="date" value={value} min={min || undefined} max={max || undefined} onChange={(event) => onChange(event.target.value)} className="border-line-strong/50! text-13! sm:w-36!" />
    </label>
  );
}
