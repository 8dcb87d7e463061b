import { Plus, X } from "lucide-react";
import { Button, CHIP, CHIPS, IconButton, Input, takeChip } from "@/kit";
import type { HeaderRow } from "./draft";

/** Names and values that go with every delivery. What is stored and secret stays as it is until something else is typed. */
export function Headers({ rows, onChange, error }: { rows: readonly HeaderRow[]; onChange: (rows: HeaderRow[]) => void; error?: string }) {
  const change = (at: number, next: Partial<HeaderRow>) => onChange(rows.map((row, index) => (index === at ? { ...row, ...next } : row)));
  return (
    <div role="group" aria-label="Headers" {...CHIPS} className="flex flex-col gap-1.5">
      <span className="text-13 font-medium">Headers</span>
      {rows.map((row, index) => (
        <div key={index} className="flex items-center gap-1.5">
          <Input mono aria-label={`Name of header ${index + 1}`} placeholder="Authorization" value={row.name} onChange={(event) => change(index, { name: event.target.value, stored: false })} className="max-w-44" />
          <Input
            mono
            data-secret
            aria-label={`Value of header ${index + 1}`}
            placeholder={row.stored ? "stored, not shown" : "Bearer …"}
            value={row.value}
            onChange={(event) => change(index, { value: event.target.value, stored: false })}
          />
          <IconButton {...CHIP} label={`Take header ${index + 1} away`} icon={<X size={14} aria-hidden />} onClick={(event) => takeChip(event, row.name || `Header ${index + 1}`, () => onChange(rows.filter((_, at) => at !== index)))} />
        </div>
      ))}
      <span>
        <Button size="s" icon={<Plus size={12} aria-hidden />} onClick={() => onChange([...rows, { name: "", value: "", stored: false }])}>
          Add a header
        </Button>
      </span>
      {rows.some((row) => row.stored) ? (
        <p className="text-12 text-muted">What is stored stays when only the path of the address changes. Another scheme, host or port asks for it anew, and redirects are never followed.</p>
      ) : null}
      {error ? (
        <p role="alert" className="text-12 text-bad">
          {error}
        </p>
      ) : null}
    </div>
  );
}
