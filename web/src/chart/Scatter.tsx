import { scaleLinear } from "d3-scale";
import { type KeyboardEvent, useState } from "react";
import { Frame, LegendMark, useWidth } from "./Frame";
import { type Dot, niceRange, paretoFront, valueTicks } from "./geometry";

export type ScatterDot = Dot & { label: string; low?: number | null; high?: number | null; tone?: "plain" | "chosen" | "base" };

const LEFT = 52;
const BOTTOM = 40;
const TOP = 10;

/** Two figures of each candidate against each other, such as score and cost, with the front of those that nothing beats. */
export function Scatter({ title, unit, dots, xLabel, yLabel, formatX, formatY, better = { x: "less", y: "more" }, front = true, onOpen, height = 260, className }: {
  title: string; unit?: string; dots: readonly ScatterDot[]; xLabel: string; yLabel: string; formatX: (value: number) => string; formatY: (value: number) => string;
  better?: { x: "less" | "more"; y: "less" | "more" }; front?: boolean; onOpen?: (key: string) => void; height?: number; className?: string;
}) {
  const [place, width] = useWidth();
  const [cursor, setCursor] = useState<number | null>(null);
  const ordered = [...dots].sort((a, b) => a.x - b.x || a.y - b.y);
  const best = front ? paretoFront(dots, better) : [];
  const ends = (values: number[]): [number, number] => (values.length === 0 ? [0, 1] : niceRange(Math.min(...values) === Math.max(...values) ? [Math.min(...values) * 0.9, Math.max(...values) * 1.1 || 1] : [Math.min(...values), Math.max(...values)]));
  const xs = ends(dots.map((dot) => dot.x));
  const ys = ends(dots.flatMap((dot) => [dot.y, dot.low ?? dot.y, dot.high ?? dot.y]));
  const x = scaleLinear(xs, [LEFT, Math.max(LEFT + 20, width - 12)]);
  const y = scaleLinear(ys, [height - BOTTOM, TOP]);
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
      legend={front ? <LegendMark color="var(--line-strong)" name="nothing else is better in both" dashed /> : null}
      table={{ head: ["", yLabel, xLabel], rows: ordered.map((dot) => [dot.label, formatY(dot.y), formatX(dot.x)]) }}
    >
      <div ref={place} style={{ height }} className="relative">
        {/* oxlint-disable jsx-a11y/no-noninteractive-tabindex -- the arrow keys move the cursor */}
        {width > 0 ? (
          <svg width={width} height={height} role="img" aria-label={`${title}. Arrow keys read the points${onOpen ? ", Enter opens one" : ""}.`} tabIndex={0} onKeyDown={keys} onBlur={() => setCursor(null)} className="block overflow-visible">
            {valueTicks(ys).map((tick) => (
              <g key={tick}>
                <line x1={LEFT} x2={width - 12} y1={y(tick)} y2={y(tick)} stroke="var(--line)" shapeRendering="crispEdges" />
                <text x={LEFT - 8} y={y(tick)} dy="0.32em" textAnchor="end" className="numeric fill-muted text-[11px]">
                  {formatY(tick)}
                </text>
              </g>
            ))}
            {valueTicks(xs, Math.max(2, Math.floor(width / 110))).map((tick) => (
              <text key={tick} x={x(tick)} y={height - BOTTOM + 16} textAnchor="middle" className="numeric fill-muted text-[11px]">
                {formatX(tick)}
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
              const color = dot.tone === "chosen" ? "var(--series-1)" : dot.tone === "base" ? "var(--series-3)" : "var(--series-2)";
              return (
                <g key={dot.key} onPointerEnter={() => setCursor(index)} onPointerLeave={() => setCursor(null)} onClick={onOpen ? () => onOpen(dot.key) : undefined} className={onOpen ? "cursor-pointer" : undefined}>
                  <circle cx={x(dot.x)} cy={y(dot.y)} r="12" fill="transparent" />
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

