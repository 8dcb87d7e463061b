import type { ReactNode } from "react";
import { Frame, useWidth } from "./Frame";
import { labelled, sayable, ticksWithin } from "./geometry";
import { niceRange } from "./range";
import { straight } from "./scale";

export type IntervalRow = { key: string; label: string; value: number | null; low: number | null; high: number | null; note?: ReactNode; color?: 1 | 2 | 3 | 4 | 5 };

const ROW_PX = 34;
/** More would not be read. */
const MOST_TICKS = 7;

/** Estimates with their intervals, one below the other, on one axis: what overlaps is not told apart. */
export function Intervals({ title, unit, rows, format, formatTick = format, reference, range, sure = "95\u00a0%", className }: {
  title: string; unit?: string; rows: readonly IntervalRow[]; format: (value: number) => string; formatTick?: (value: number) => string;
  /** A line down, such as "no difference" at 0 or a target. */
  reference?: { value: number; label: string }; range?: readonly [number, number]; /** Of the intervals, for who reads the table. */ sure?: string; className?: string;
}) {
  const [place, width] = useWidth();
  const all = rows.flatMap((row) => [row.value, row.low, row.high]).filter((value): value is number => value !== null);
  const ends = [...all, ...(reference ? [reference.value] : [])];
  const reach: [number, number] = ends.length === 0 ? [0, 1] : [Math.min(...ends), Math.max(...ends)];
  const domain = range ?? niceRange(reach, sayable(reach, formatTick));
  const labelPx = Math.min(180, Math.max(64, ...rows.map((row) => row.label.length * 7.2)));
  const valuePx = 72;
  const x = straight(domain, [labelPx + 12, Math.max(labelPx + 40, width - valuePx)]);
  const height = rows.length * ROW_PX + 34;
  const ticks = ticksWithin(domain, sayable(domain, formatTick, Math.min(MOST_TICKS, Math.max(2, Math.floor((width - labelPx - valuePx) / 80))), ticksWithin));
  const said = (row: IntervalRow) => (row.value === null ? "–" : format(row.value));
  const interval = (row: IntervalRow) => (row.low === null || row.high === null ? "–" : `${format(row.low)} to ${format(row.high)}`);
  return (
    <Frame title={title} unit={unit} className={className} table={{ head: ["", "Estimate", `${sure} interval`], rows: rows.map((row) => [row.label, said(row), interval(row)]) }}>
      <div ref={place} style={{ height }}>
        {width > 0 ? (
          <svg width={width} height={height} role="img" aria-label={rows.map((row) => `${row.label}: ${said(row)}, interval ${interval(row)}`).join("; ")} className="block overflow-visible">
            {labelled(ticks, formatTick).map(({ tick, label }) => (
              <g key={tick}>
                <line x1={x(tick)} x2={x(tick)} y1={6} y2={height - 24} stroke="var(--line)" shapeRendering="crispEdges" />
                <text x={x(tick)} y={height - 8} textAnchor="middle" className="numeric fill-muted text-[11px]">
                  {label}
                </text>
              </g>
            ))}
            {reference ? (
              <line x1={x(reference.value)} x2={x(reference.value)} y1={0} y2={height - 24} stroke="var(--fg)" strokeOpacity="0.55" strokeDasharray="5 4">
                <title>{reference.label}</title>
              </line>
            ) : null}
            {rows.map((row, index) => {
              const y = 6 + ROW_PX * (index + 0.5);
              const color = `var(--series-${row.color ?? 1})`;
              return (
                <g key={row.key}>
                  <text x={0} y={y} dy="0.32em" className="fill-fg text-[12px]">
                    {row.label.length * 7.2 > labelPx ? `${row.label.slice(0, Math.floor(labelPx / 7.2) - 1)}…` : row.label}
                    <title>{row.label}</title>
                  </text>
                  {row.low !== null && row.high !== null ? (
                    <g stroke={color} strokeWidth="2">
                      <line x1={x(row.low)} x2={x(row.high)} y1={y} y2={y} />
                      <line x1={x(row.low)} x2={x(row.low)} y1={y - 5} y2={y + 5} />
                      <line x1={x(row.high)} x2={x(row.high)} y1={y - 5} y2={y + 5} />
                    </g>
                  ) : null}
                  {row.value !== null ? <circle cx={x(row.value)} cy={y} r="4.5" fill={color} /> : null}
                  <text x={width} y={y} dy="0.32em" textAnchor="end" className="numeric fill-fg text-[12px] font-medium">
                    {said(row)}
                  </text>
                </g>
              );
            })}
          </svg>
        ) : null}
      </div>
    </Frame>
  );
}
