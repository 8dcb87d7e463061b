import type { ReactNode } from "react";
import { TextLink } from "@/kit/Button";
import { Frame } from "./Frame";

export type Bar = { key: string; label: string; value: number; note?: ReactNode; to?: string; search?: Record<string, unknown> };

/** Who has the most: names with bars, the largest first as given. Words and figures carry it; the bars only help. */
export function BarList({ title, unit, bars, format, color = 1, empty = "Nothing in this range", className }: { title: string; unit?: string; bars: readonly Bar[]; format: (value: number) => string; color?: 1 | 2 | 3 | 4 | 5; empty?: string; className?: string }) {
  const most = Math.max(...bars.map((bar) => bar.value), 0);
  return (
    <Frame title={title} unit={unit} className={className} table={{ head: ["", unit ?? "Value"], rows: bars.map((bar) => [bar.label, format(bar.value)]) }}>
      {bars.length === 0 ? (
        <p className="py-8 text-center text-13 text-muted">{empty}</p>
      ) : (
        <ul className="flex flex-col gap-2 py-1">
          {bars.map((bar) => (
            <li key={bar.key} className="text-13">
              <div className="flex justify-between gap-4">
                <span className="min-w-0 wrap-anywhere">{bar.to ? <TextLink to={bar.to} search={bar.search}>{bar.label}</TextLink> : bar.label}</span>
                <span className="numeric shrink-0">
                  {format(bar.value)}
                  {bar.note ? <span className="ml-2 text-12 text-muted">{bar.note}</span> : null}
                </span>
              </div>
              <div aria-hidden data-drawn className="mt-1 h-1.5 rounded-full bg-sunken">
                <div style={{ width: most > 0 ? `${(100 * Math.max(0, bar.value)) / most}%` : 0, background: `var(--series-${color})` }} className="h-full min-w-px rounded-full" />
              </div>
            </li>
          ))}
        </ul>
      )}
    </Frame>
  );
}
