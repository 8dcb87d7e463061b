import { area, curveMonotoneX, curveStepBefore, line } from "d3-shape";
import { type KeyboardEvent, type PointerEvent, useId, useMemo, useState } from "react";
import { compact, moment, utc } from "@/lib/format";
import { classes } from "@/lib/classes";
import { useLate } from "@/lib/late";
import { Frame, LegendMark, useWidth } from "./Frame";
import { bandStretches, type Clock, type Point, type Series, colorOf, countTicks, labelled, nearest, numberTicks, positions, sayable, stretches, ticksWithin, timeTicks, valueRange, valueTicks, words, wordsBeside, xRange } from "./geometry";
import { niceRange } from "./range";
import { straight } from "./scale";

/** A moment worth a line across the chart, such as a label that moved. */
export type Annotation = { x: number; label: string; tone?: "neutral" | "warn" | "bad" };

export type XYChartProps = {
  title: string;
  unit?: string;
  series: readonly Series[];
  kind?: "line" | "area" | "bars";
  xAxis?: "time" | "number";
  /** By which clock times are told. utc: for steps of a day. */
  clock?: Clock;
  /** A value in words, as the cursor and the table say it. */
  format: (value: number) => string;
  /** A value on the axis, where there is little room. */
  formatTick?: (value: number) => string;
  formatX?: (x: number) => string;
  /** What the x axis counts, where it is no time. */
  xName?: string;
  /** A number on the x axis, where there is little room. */
  formatXTick?: (x: number) => string;
  /** The axis of values begins at 0. Leave it so for bars. */
  zero?: boolean;
  /** The top of the axis of values where everything is 0. */
  topOfNothing?: number;
  /** The values are counts: no tick lies between whole numbers. */
  counts?: boolean;
  /** Fixed ends of the axis of values, such as [0, 1] for shares. */
  range?: readonly [number, number];
  /** A line across at a value, such as a target. */
  reference?: { value: number; label: string };
  annotations?: readonly Annotation[];
  height?: number;
  /** The legend has its place also while there is one series, for charts whose others come later. */
  keepsLegend?: boolean;
  isStale?: boolean;
  className?: string;
};

/** Of the notes of a chart, on average. */
const LETTER_PX = 6;
/** Half of it; at the first value it stands out by that much. */
const FLAG_PX = 5;
const TOP = 14;
const BOTTOM_PX = 22;
/** More below, where the x axis has a name. */
const NAME_PX = 16;
const RIGHT = 8;

/** Lines, areas or bars over time or numbers, with bands. Arrow keys move the cursor and say what stands there. */
export function XYChart(props: XYChartProps) {
  const { title, unit, series, format, xAxis = "time", clock = "local", className } = props;
  const formatX = props.formatX ?? (xAxis !== "time" ? (x: number) => compact(x) : clock === "utc" ? (x: number) => utc(x) : (x: number) => moment(x));
  const xs = useMemo(() => positions(series), [series]);
  const cell = (point: Point | undefined) => (point?.value === null || point === undefined ? "–" : format(point.value) + (typeof point.low === "number" && typeof point.high === "number" ? ` (${format(point.low)} – ${format(point.high)})` : ""));
  const table = {
    head: [xAxis === "time" ? "Time" : (props.xName ?? "At"), ...series.map((one) => one.name)],
    rows: xs.map((x) => [formatX(x), ...series.map((one) => cell(one.points.find((point) => point.x === x)))]),
  };
  const legend = series.length > 1 ? series.map((one, index) => <LegendMark key={one.name} name={one.name} color={colorOf(one, index)} dashed={one.dashed} />) : props.keepsLegend ? " " : null;
  return (
    <Frame title={title} unit={unit} legend={legend} table={table} className={className}>
      <Plot {...props} xs={xs} formatX={formatX} />
    </Frame>
  );
}

function Plot({ title, series, kind = "line", xAxis = "time", clock = "local", format, formatTick = compact, formatX, formatXTick = formatX, xName, zero = true, topOfNothing = 1, counts = false, range, reference, annotations = [], height = 200, isStale, xs }: XYChartProps & { xs: readonly number[]; formatX: (x: number) => string }) {
  const [place, width] = useWidth();
  const isLate = useLate(Boolean(isStale));
  const [cursor, setCursor] = useState<number | null>(null);
  const clip = useId();
  const at = cursor === null ? null : Math.min(cursor, xs.length - 1);
  const said = at === null || xs[at] === undefined ? "" : words(series, xs[at], formatX, format);

  const bottom = BOTTOM_PX + (xName ? NAME_PX : 0);
  const reach = range ?? valueRange(series, { zero, include: reference ? [reference.value] : [], topOfNothing });
  const ticksOf = range ? ticksWithin : counts ? countTicks : valueTicks;
  const most = sayable(reach, formatTick, undefined, ticksOf);
  const values = range ?? niceRange(reach, most);
  const ticks = ticksOf(values, most);
  const left = 12 + Math.max(0, ...ticks.map((tick) => formatTick(tick).length)) * 6.4;
  const [from, to] = xRange(series);
  const barWidth = kind === "bars" ? Math.max(1, Math.min(40, ((width - left - RIGHT) / Math.max(1, xs.length)) * 0.78)) : 0;
  const x = straight([from, to], [left + barWidth / 2, width - RIGHT - barWidth / 2]);
  // With ends that are given, what lies beyond is drawn at the edge.
  const y = straight(values, [height - bottom, TOP], { clamped: range !== undefined });
  const xMost = Math.max(2, Math.floor((width - left) / 84));
  const xTicks = apart(xAxis === "time" ? timeTicks([from, to], xMost, clock).filter((tick, at, all) => tick.label !== all[at - 1]?.label) : numberTicks([from, to], xMost, xs).map((tick) => ({ at: tick, label: formatXTick(tick) })), (tick) => x(tick.at));

  const keys = (event: KeyboardEvent) => {
    const last = xs.length - 1;
    const next = { ArrowRight: at === null ? 0 : at + 1, ArrowLeft: at === null ? last : at - 1, Home: 0, End: last, PageUp: (at ?? 0) - 10, PageDown: (at ?? 0) + 10 }[event.key];
    if (event.key === "Escape") setCursor(null);
    if (next === undefined || xs.length === 0) return;
    event.preventDefault();
    setCursor(Math.max(0, Math.min(last, next)));
  };
  const pointed = (event: PointerEvent<SVGSVGElement>) => {
    if (xs.length === 0) return;
    setCursor(nearest(xs, x.valueAt(event.clientX - event.currentTarget.getBoundingClientRect().left)));
  };

  // Steps in which nothing was counted are not nothing: those have a value of 0.
  if (series.every((one) => stretches(one.points).length === 0)) {
    return (
      <div ref={place} style={{ height }} className="grid place-items-center text-13 text-muted">
        Nothing in this range
      </div>
    );
  }
  const path = (one: Series) => line<Point>((point) => x(point.x), (point) => y(point.value ?? 0)).curve(one.steps ? curveStepBefore : curveMonotoneX);
  const under = area<Point>((point) => x(point.x), y(Math.max(0, values[0])), (point) => y(point.value ?? 0)).curve(curveMonotoneX);
  const band = area<Point>((point) => x(point.x), (point) => y(point.low ?? 0), (point) => y(point.high ?? 0)).curve(curveMonotoneX);
  const here = at === null ? undefined : xs[at];
  const drawn = kind === "bars" ? [] : series.flatMap((one) => stretches(one.points).map((part) => part.map((point) => [x(point.x), y(point.value ?? 0)] as const)));
  const marks = annotations.filter((one) => one.x >= from && one.x <= to).map((one) => x(one.x));
  const beside = reference && wordsBeside(y(reference.value), reference.label.length * LETTER_PX, { left, right: width - RIGHT, top: TOP, bottom: height - bottom }, drawn, marks);

  return (
    <div ref={place} className={classes("relative transition-opacity", isLate && "opacity-60")} style={{ height }}>
      {/* oxlint-disable jsx-a11y/no-noninteractive-tabindex -- the arrow keys move the cursor */}
      {width > 0 ? (
        <svg width={width} height={height} role="img" aria-label={`${title}. Arrow keys read the values.`} tabIndex={0} onKeyDown={keys} onPointerMove={pointed} onPointerLeave={() => setCursor(null)} onBlur={() => setCursor(null)} className="block overflow-visible">
          <clipPath id={clip}>
            <rect x={left - FLAG_PX} y={0} width={Math.max(0, width - left + FLAG_PX)} height={height} />
          </clipPath>
          {labelled(ticks, formatTick).map(({ tick, label }) => (
            <g key={tick}>
              <line x1={left} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} stroke="var(--line)" strokeWidth="1" shapeRendering="crispEdges" />
              <text x={left - 8} y={y(tick)} dy="0.32em" textAnchor="end" className="numeric fill-muted text-[11px]">
                {label}
              </text>
            </g>
          ))}
          {xTicks.map((tick) => (
            <text key={tick.at} x={x(tick.at)} y={height - bottom + 16} textAnchor={x(tick.at) < left + 16 ? "start" : x(tick.at) > width - 28 ? "end" : "middle"} className="numeric fill-muted text-[11px]">
              {tick.label}
            </text>
          ))}
          {xName ? (
            <text x={width - RIGHT} y={height - 5} textAnchor="end" className="fill-muted text-[11px]">
              {xName}
            </text>
          ) : null}
          <g clipPath={`url(#${clip})`}>
            {annotations
              .filter((one) => one.x >= from && one.x <= to)
              .map((one) => (
                <g key={`${one.x} ${one.label}`}>
                  <title>{one.label}</title>
                  <line x1={x(one.x)} x2={x(one.x)} y1={TOP} y2={height - bottom} stroke={`var(--${one.tone === "bad" ? "bad" : one.tone === "warn" ? "warn" : "line-strong"})`} strokeDasharray="3 3" />
                  {/* A flag above the plot: a dot would look like a value. */}
                  <path d={`M${x(one.x) - FLAG_PX} ${TOP - 11}h${2 * FLAG_PX}l-${FLAG_PX} 8z`} fill={`var(--${one.tone === "bad" ? "bad" : one.tone === "warn" ? "warn" : "line-strong"})`} />
                </g>
              ))}
            {reference ? <line x1={left} x2={width - RIGHT} y1={y(reference.value)} y2={y(reference.value)} stroke="var(--fg)" strokeOpacity="0.55" strokeDasharray="5 4" /> : null}
            {series.map((one, index) => {
              const color = colorOf(one, index);
              const parts = stretches(one.points);
              if (kind === "bars") {
                const each = barWidth / series.length;
                return parts.flat().map((point) => {
                  const top = y(Math.max(0, point.value ?? 0));
                  return <rect key={point.x} x={x(point.x) - barWidth / 2 + index * each} y={top} width={Math.max(1, each - (series.length > 1 ? 1 : 0))} height={Math.max(point.value ? 1 : 0, Math.abs(y(point.value ?? 0) - y(0)))} rx={Math.min(2, each / 4)} fill={color} fillOpacity={here === undefined || here === point.x ? 1 : 0.55} />;
                });
              }
              const bands = bandStretches(one.points);
              return (
                <g key={one.name}>
                  {kind === "area" ? parts.map((part, n) => <path key={`a${n}`} d={under(part) ?? undefined} fill={color} fillOpacity="0.14" />) : null}
                  {bands.map((part, n) =>
                    part.length === 1 && part[0] ? (
                      <line key={`b${n}`} x1={x(part[0].x)} x2={x(part[0].x)} y1={y(part[0].low ?? 0)} y2={y(part[0].high ?? 0)} stroke={color} strokeOpacity="0.3" strokeWidth="3" />
                    ) : (
                      <path key={`b${n}`} d={band(part) ?? undefined} fill={color} fillOpacity="0.16" />
                    ),
                  )}
                  {parts.map((part, n) =>
                    part.length === 1 && part[0] ? (
                      <circle key={n} cx={x(part[0].x)} cy={y(part[0].value ?? 0)} r="2.5" fill={color} />
                    ) : (
                      <path key={n} d={path(one)(part) ?? undefined} fill="none" stroke={color} strokeWidth="1.75" strokeLinejoin="round" strokeDasharray={one.dashed ? "5 4" : undefined} />
                    ),
                  )}
                </g>
              );
            })}
          </g>
          {reference ? (
            <text x={beside?.x} y={beside?.y} textAnchor={beside?.anchor} stroke="var(--panel)" strokeWidth="3" strokeLinejoin="round" paintOrder="stroke" className="fill-muted text-[11px]">
              {reference.label}
            </text>
          ) : null}
          {here === undefined ? null : (
            <g pointerEvents="none">
              {kind === "bars" ? null : <line x1={x(here)} x2={x(here)} y1={TOP} y2={height - bottom} stroke="var(--line-strong)" />}
              {series.map((one, index) => {
                const point = one.points.find((candidate) => candidate.x === here);
                return kind === "bars" || !point || point.value === null ? null : <circle key={one.name} cx={x(here)} cy={y(point.value)} r="3.5" fill={colorOf(one, index)} stroke="var(--panel)" strokeWidth="1.5" />;
              })}
            </g>
          )}
        </svg>
      ) : null}
      {here === undefined || width === 0 ? null : <Tip series={series} x={here} left={x(here)} width={width} formatX={formatX} format={format} annotations={annotations} />}
      <p role="status" className="sr-only">
        {said}
      </p>
    </div>
  );
}

const APART_PX = 46;

/** Without those that would stand on their neighbour, as the last of a month and the first of the next do. */
function apart<T>(ticks: readonly T[], at: (tick: T) => number): T[] {
  const kept: T[] = [];
  for (const tick of ticks) {
    const last = kept.at(-1);
    if (last === undefined || at(tick) - at(last) >= APART_PX) kept.push(tick);
  }
  return kept;
}

const TIP_PX = 176;

function Tip({ series, x, left, width, formatX, format, annotations }: { series: readonly Series[]; x: number; left: number; width: number; formatX: (x: number) => string; format: (value: number) => string; annotations: readonly Annotation[] }) {
  const right = left + TIP_PX + 16 > width;
  return (
    <div aria-hidden style={{ left: right ? undefined : left + 12, right: right ? width - left + 12 : undefined, maxWidth: TIP_PX + 60 }} className="numeric pointer-events-none absolute top-1 z-10 rounded-m bg-panel px-2.5 py-1.5 text-12 shadow-float">
      <div className="whitespace-nowrap text-muted">{formatX(x)}</div>
      {series.map((one, index) => {
        const point = one.points.find((candidate) => candidate.x === x);
        return (
          <div key={one.name} className="flex items-center justify-between gap-4 whitespace-nowrap">
            <LegendMark name={one.name} color={colorOf(one, index)} dashed={one.dashed} />
            <span className="font-medium">
              {point?.value === null || point === undefined ? "–" : format(point.value)}
              {typeof point?.low === "number" && typeof point.high === "number" ? (
                <span className="ml-1 text-muted">
                  {format(point.low)} – {format(point.high)}
                </span>
              ) : null}
            </span>
          </div>
        );
      })}
      {annotations
        .filter((one) => one.x === x)
        .map((one) => (
          <div key={one.label}>{one.label}</div>
        ))}
    </div>
  );
}
