import { type KeyboardEvent, useState } from "react";
import { Frame, LegendMark, useWidth } from "./Frame";
import { type Dot, labelled, paretoFront, sayable, ticksWithin, valueTicks } from "./geometry";
import { niceRange } from "./range";
import { straight } from "./scale";

export type ScatterDot = Dot & { label: string; low?: number | null; high?: number | null; tone?: "plain" | "chosen" | "base" };

const TONES = ["chosen", "base", "plain"] as const;
const COLORS = { chosen: "var(--series-1)", base: "var(--series-3)", plain: "var(--series-2)" } as const;
const LETTER_PX = 6.4;
const LEFT = 52;
const BOTTOM = 40;
const TOP = 10;
/** About a dot, where it is pointed at. */
const HIT_PX = 12;
/** Between the edge and the least dot, so that no label of an axis lies under it. */
const INSIDE_PX = 8;

/** Two figures of each candidate against each other, such as score and cost, with the front of those that nothing beats. */
export function Scatter({ title, unit, dots, xLabel, yLabel, formatX, formatY, better = { x: "less", y: "more" }, front = true, names, onOpen, height = 260, className }: {
  title: string; unit?: string; dots: readonly ScatterDot[]; xLabel: string; yLabel: string; formatX: (value: number) => string; formatY: (value: number) => string;
  better?: { x: "less" | "more"; y: "less" | "more" }; front?: boolean; /** What dots of each tone are. */ names?: Partial<Record<"plain" | "chosen" | "base", string>>; onOpen?: (key: string) => void; height?: number; className?: string;
}) {
  const [place, width] = useWidth();
  const [cursor, setCursor] = useState<number | null>(null);
  const ordered = [...dots].sort((a, b) => a.x - b.x || a.y - b.y);
  const best = front ? paretoFront(dots, better) : [];
  const ends = (values: number[]): [number, number] => (values.length === 0 ? [0, 1] : Math.min(...values) === Math.max(...values) ? [Math.min(...values) * 0.9, Math.max(...values) * 1.1 || 1] : [Math.min(...values), Math.max(...values)]);
  const xs = niceRange(ends(dots.map((dot) => dot.x)));
  const reach = ends(dots.flatMap((dot) => [dot.y, dot.low ?? dot.y, dot.high ?? dot.y]));
  const yMost = sayable(reach, formatY);
  const ys = niceRange(reach, yMost);
  const x = straight(xs, [LEFT + INSIDE_PX, Math.max(LEFT + 20, width - 12)]);
  const y = straight(ys, [height - BOTTOM - INSIDE_PX, TOP]);
  const xTicks: { tick: number; label: string; anchor: "middle" | "end" }[] = [];
  let taken = Number.NEGATIVE_INFINITY;
  for (const tick of ticksWithin(xs, sayable(xs, formatX, Math.max(2, Math.floor(width / 110)), ticksWithin))) {
    const label = formatX(tick);
    if (label === xTicks.at(-1)?.label) continue; // Of values that differ by less than words for them do, each is said once.
    const long = label.length * LETTER_PX;
    const isLast = x(tick) + long / 2 > width;
    // Labels neither leave the drawing nor run into each other.
    const from = isLast ? width - long : x(tick) - long / 2;
    if (from < taken + LETTER_PX) continue;
    xTicks.push({ tick, label, anchor: isLast ? "end" : "middle" });
    taken = from + long;
  }
  const here = cursor === null ? undefined : ordered[cursor];
  const steps = best.map((key) => dots.find((dot) => dot.key === key)).filter((dot): dot is ScatterDot => dot !== undefined);
  const said = (dot: ScatterDot) => `${dot.label}: ${yLabel} ${formatY(dot.y)}, ${xLabel} ${formatX(dot.x)}`;

  const keys = (event: KeyboardEvent) => {
    const next = { ArrowRight: (cursor ?? -1) + 1, ArrowLeft: (cursor ?? ordered.length) - 1, Home: 0, End: ordered.length - 1 }[event.key];
    if (event.key === "Enter" && here && onOpen) onOpen(here.key);
    if (event.key === "Escape") setCursor(null);
    if (next === undefined || ordered.length === 0) return;
    event.preventDefault();
    setCursor(Math.max(0, Math.min(ordered.length - 1, next)));
  };

  return (
    <Frame
      title={title}
      unit={unit}
      className={className}
      legend={
        front || names ? (
          <>
            {TONES.map((tone) => (names?.[tone] && dots.some((dot) => (dot.tone ?? "plain") === tone) ? <LegendMark key={tone} color={COLORS[tone]} name={names[tone]} /> : null))}
            {front ? <LegendMark color="var(--line-strong)" name="nothing else is better in both" dashed /> : null}
          </>
        ) : null
      }
      table={{ head: ["", yLabel, xLabel], rows: ordered.map((dot) => [dot.label, formatY(dot.y), formatX(dot.x)]) }}
    >
      <div ref={place} style={{ height }} className="relative">
        {/* oxlint-disable jsx-a11y/no-noninteractive-tabindex -- the arrow keys move the cursor */}
        {width > 0 ? (
          <svg width={width} height={height} role="img" aria-label={`${title}. Arrow keys read the points${onOpen ? ", Enter opens one" : ""}.`} tabIndex={0} onKeyDown={keys} onBlur={() => setCursor(null)} className="block overflow-visible">
            {labelled(valueTicks(ys, yMost), formatY).map(({ tick, label }) => (
              <g key={tick}>
                <line x1={LEFT} x2={width - 12} y1={y(tick)} y2={y(tick)} stroke="var(--line)" shapeRendering="crispEdges" />
                <text x={LEFT - 8} y={y(tick)} dy="0.32em" textAnchor="end" className="numeric fill-muted text-[11px]">
                  {label}
                </text>
              </g>
            ))}
            {xTicks.map(({ tick, label, anchor }) => (
              <text key={tick} x={anchor === "end" ? width : x(tick)} y={height - BOTTOM + 16} textAnchor={anchor} className="numeric fill-muted text-[11px]">
                {label}
              </text>
            ))}
            <text x={width - 12} y={height - 6} textAnchor="end" className="fill-muted text-[11px]">
              {xLabel} →
            </text>
            <text x={0} y={height - 6} className="fill-muted text-[11px]">
              ↑ {yLabel}
            </text>
            {steps.length > 1 ? <polyline points={steps.map((dot) => `${x(dot.x)},${y(dot.y)}`).join(" ")} fill="none" stroke="var(--line-strong)" strokeDasharray="4 3" /> : null}
            {ordered.map((dot, index) => {
              const color = COLORS[dot.tone ?? "plain"];
              return (
                <g key={dot.key} onPointerEnter={() => setCursor(index)} onPointerLeave={() => setCursor(null)} onClick={onOpen ? () => onOpen(dot.key) : undefined} className={onOpen ? "cursor-pointer" : undefined}>
                  <circle cx={x(dot.x)} cy={y(dot.y)} r={HIT_PX} fill="transparent" />
                  {typeof dot.low === "number" && typeof dot.high === "number" ? <line x1={x(dot.x)} x2={x(dot.x)} y1={y(dot.low)} y2={y(dot.high)} stroke={color} strokeOpacity="0.5" strokeWidth="1.5" /> : null}
                  {dot.tone === "base" ? (
                    <rect x={x(dot.x) - 4.5} y={y(dot.y) - 4.5} width="9" height="9" fill={color} stroke="var(--panel)" />
                  ) : (
                    <circle cx={x(dot.x)} cy={y(dot.y)} r={dot.tone === "chosen" ? 6 : 4.5} fill={color} stroke={here === dot ? "var(--fg)" : "var(--panel)"} strokeWidth={here === dot ? 2 : 1} />
                  )}
                </g>
              );
            })}
          </svg>
        ) : null}
        {here ? (
          <div aria-hidden style={x(here.x) > width / 2 ? { right: width - x(here.x) + 12, top: y(here.y) - 12 } : { left: x(here.x) + 12, top: y(here.y) - 12 }} className="numeric pointer-events-none absolute z-10 rounded-m bg-panel px-2.5 py-1.5 text-12 whitespace-nowrap shadow-float">
            <div className="font-medium">{here.label}</div>
            <div className="text-muted">
              {yLabel} {formatY(here.y)} · {xLabel} {formatX(here.x)}
            </div>
          </div>
        ) : null}
        <p role="status" className="sr-only">
          {here ? said(here) : ""}
        </p>
      </div>
    </Frame>
  );
}

