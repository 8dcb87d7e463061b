import { LAST_DAY } from "@/lib/days";
import { Input } from "./Field";

/** A day by which a list is filtered. */
export function Day({ label, value, onChange, min, max }: { label: string; value: string; onChange: (day: string) => void; min?: string; max?: string }) {
  return (
    <label className="flex items-center gap-1.5 text-13 text-muted max-sm:w-full">
      <span className="max-sm:w-10">{label}</span>
      <Input type="date" value={value} min={min || undefined} max={max || LAST_DAY} onChange={(event) => onChange(event.target.value)} className="border-line-strong/50! text-13! out-of-range:border-bad! sm:w-36!" />
    </label>
  );
}
