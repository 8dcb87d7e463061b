import { ChartLine, Table2 } from "lucide-react";
import { type ReactNode, type RefObject, useId, useLayoutEffect, useRef, useState } from "react";
import { IconButton } from "@/kit/Button";
import { classes } from "@/lib/classes";

export type TableOf = { head: readonly string[]; rows: readonly (readonly ReactNode[])[] };

/** A chart with its title, what its unit is, its legend, and the same as a table for whoever prefers or needs one. */
export function Frame({ title, unit, legend, actions, table, children, className }: { title: string; unit?: ReactNode; legend?: ReactNode; actions?: ReactNode; table: TableOf; children: ReactNode; className?: string }) {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  return (
    <figure aria-labelledby={id} className={classes("flex min-w-0 flex-col rounded-l border border-line bg-panel", className)}>
      <figcaption className="flex items-start justify-between gap-3 px-4 pt-3 pb-1">
        <div className="min-w-0">
          <h3 id={id} className="text-14 font-semibold">
            {title}
          </h3>
          {unit ? <p className="text-12 text-muted">{unit}</p> : null}
        </div>
        <div className="flex items-center gap-1">
          {actions}
          <IconButton size="s" label={asTable ? "Show as a chart" : "Show as a table"} aria-pressed={asTable} onClick={() => setAsTable((was) => !was)} icon={asTable ? <ChartLine size={14} aria-hidden /> : <Table2 size={14} aria-hidden />} />
        </div>
      </figcaption>
      {legend && !asTable ? <div className="flex min-h-5 flex-wrap gap-x-4 gap-y-1 px-4 pb-1 text-12 text-muted">{legend}</div> : null}
      <div className="min-w-0 px-4 pb-3">{asTable ? <DataTable label={title} {...table} /> : children}</div>
    </figure>
  );
}

function DataTable({ label, head, rows }: TableOf & { label: string }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div role="region" aria-label={label} tabIndex={0} className="max-h-64 overflow-auto">
      <table className="numeric w-full border-collapse text-12">
        <thead className="sticky top-0 bg-panel">
          <tr>
            {head.map((one, index) => (
              <th key={one} scope="col" className={classes("border-b border-line px-2 py-1.5 font-medium text-muted", index === 0 ? "text-left" : "text-right")}>
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} className={classes("border-b border-line px-2 py-1 whitespace-nowrap", column === 0 ? "text-left" : "text-right")}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function LegendMark({ color, name, dashed }: { color: string; name: string; dashed?: boolean }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5">
      <svg width="14" height="6" aria-hidden className="shrink-0">
        <line x1="0" x2="14" y1="3" y2="3" stroke={color} strokeWidth="2.5" strokeDasharray={dashed ? "4 3" : undefined} />
      </svg>
      <span className="min-w-0 whitespace-normal wrap-anywhere">{name}</span>
    </span>
  );
}

/** The width that there is, in pixels; 0 before the first measurement. */
export function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const place = ref.current;
    if (!place) return undefined;
    setWidth(place.clientWidth);
    const observer = new ResizeObserver(() => setWidth(place.clientWidth));
    observer.observe(place);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
