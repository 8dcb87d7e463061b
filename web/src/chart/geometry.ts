/** What a chart needs to know before it draws. Pure. */
import { bisector, extent, max, min } from "d3-array";
import { roundEnds } from "./range";
import { momentsBetween, ticksBetween } from "./scale";

/** `x` is milliseconds since 1970 where the axis is time, else a number. A value of null is a gap. `low` and `high` make the band. */
export type Point = { x: number; value: number | null; low?: number | null; high?: number | null };
export type Series = { name: string; points: readonly Point[]; /** 1 to 5; by its position where absent. */ color?: 1 | 2 | 3 | 4 | 5; dashed?: boolean; /** What changes at once, such as a balance: each value holds from the point before it. */ steps?: boolean };

export function colorOf(series: Pick<Series, "color">, index: number): string {
  return `var(--series-${series.color ?? (index % 5) + 1})`;
}

/** The range of values, with every band in it; from 0 where `zero`; never of no height. */
export function valueRange(series: readonly Series[], { zero = true, include = [], topOfNothing = 1 }: { zero?: boolean; include?: readonly number[]; topOfNothing?: number } = {}): [number, number] {
  const values = series.flatMap((one) => one.points.flatMap((point) => [point.value, point.low ?? null, point.high ?? null])).filter((value): value is number => value !== null && Number.isFinite(value));
  const all = [...values, ...include];
  const low = zero ? Math.min(0, min(all) ?? 0) : (min(all) ?? 0);
  const high = zero ? Math.max(0, max(all) ?? 0) : (max(all) ?? 0);
  if (low === high) return low === 0 ? [0, topOfNothing] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
  return [low, high];
}

export function xRange(series: readonly Series[]): [number, number] {
  const [low, high] = extent(series.flatMap((one) => one.points.map((point) => point.x)));
  if (low === undefined || high === undefined) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** Every x that some series has, ascending: where the cursor may stand. */
export function positions(series: readonly Series[]): number[] {
  return [...new Set(series.flatMap((one) => one.points.map((point) => point.x)))].sort((a, b) => a - b);
}

const center = bisector((x: number) => x).center;

export function nearest(xs: readonly number[], x: number): number {
  return center(xs as number[], x);
}

/** The stretches without a gap: a line is never drawn over what is not known. */
export function stretches(points: readonly Point[]): Point[][] {
  const found: Point[][] = [];
  let open: Point[] = [];
  for (const point of points) {
    if (point.value === null || !Number.isFinite(point.value)) {
      if (open.length > 0) found.push(open);
      open = [];
    } else open.push(point);
  }
  if (open.length > 0) found.push(open);
  return found;
}

/** The stretches of the band: it ends where the line ends, and where a value has none. */
export function bandStretches(points: readonly Point[]): Point[][] {
  return stretches(points.map((point) => (typeof point.low === "number" && typeof point.high === "number" ? point : { ...point, value: null })));
}

type Spot = readonly [x: number, y: number];
export type Frame = { left: number; right: number; top: number; bottom: number };

/** Above its line, and as far below as the letters are high. */
const [OVER_PX, UNDER_PX, LETTERS_PX, AIR_PX] = [5, 13, 11, 2];

/** Where the words of a reference at the height `at` stand, so that no line runs through them and no mark at one of `marks`: at the right above it, below it,
 * or at the left. Where all of these are taken, at the right above it. All in pixels of the drawing, downwards. */
export function wordsBeside(at: number, widthPx: number, frame: Frame, lines: readonly (readonly Spot[])[], marks: readonly number[]): { x: number; y: number; anchor: "start" | "end" } {
  const spots = (["end", "start"] as const).flatMap((anchor) => [at - OVER_PX, at + UNDER_PX].map((y) => ({ x: anchor === "end" ? frame.right : frame.left + AIR_PX, y, anchor })));
  const isFree = ({ x, y, anchor }: (typeof spots)[number]) => {
    const [from, to] = anchor === "end" ? [x - widthPx - AIR_PX, x + AIR_PX] : [x - AIR_PX, x + widthPx + AIR_PX];
    const [top, bottom] = [y - LETTERS_PX, y + AIR_PX];
    return top >= frame.top - LETTERS_PX && bottom <= frame.bottom && !marks.some((mark) => mark >= from && mark <= to) && !lines.some((line) => runsThrough(line, { left: from, right: to, top, bottom }));
  };
  return spots.find(isFree) ?? { x: frame.right, y: at - OVER_PX, anchor: "end" };
}

function runsThrough(line: readonly Spot[], box: Frame): boolean {
  return line.some((spot, n) => {
    const [x1, y1] = line[Math.max(0, n - 1)] ?? spot;
    const [x2, y2] = spot;
    const [from, to] = [Math.max(x1, box.left), Math.min(x2, box.right)];
    if (from > to) return false;
    const heightAt = (x: number) => (x1 === x2 ? y2 : y1 + ((y2 - y1) * (x - x1)) / (x2 - x1));
    const [start, end] = [heightAt(from), heightAt(to)];
    return Math.min(start, end) <= box.bottom && Math.max(start, end) >= box.top;
  });
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_MS = 86_400_000;

/** local: the browser's clock. utc: for what is counted by days, which are days in UTC wherever somebody looks at them. */
export type Clock = "local" | "utc";

/** Ticks on whole hours or days of the clock, each with its words; midnight says the day, and over many months the new year its number. */
export function timeTicks([from, to]: readonly [number, number], most: number, clock: Clock = "local"): { at: number; label: string }[] {
  const ticks = momentsBetween([from, to], Math.max(2, most), { isUtc: clock === "utc" });
  return ticks.map((date) => ({ at: date.getTime(), label: tickWords(date, { spanMs: to - from, clock }) }));
}

function tickWords(date: Date, { spanMs, clock }: { spanMs: number; clock: Clock }): string {
  const [year, month, day, hour, minute] = clock === "utc" ? ([date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()] as const) : ([date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes()] as const);
  const isMidnight = hour === 0 && minute === 0;
  if (spanMs > 300 * DAY_MS && month === 0 && day === 1) return String(year);
  if (spanMs > 1.5 * DAY_MS ? isMidnight || spanMs > 8 * DAY_MS : isMidnight) return `${day} ${MONTHS[month]}`;
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

export function valueTicks(range: readonly [number, number], most = 4): number[] {
  return ticksBetween(roundEnds(range, most), most);
}

/** The same of what is counted: whole numbers alone. */
export function countTicks(range: readonly [number, number], most = 4): number[] {
  return valueTicks(range, most).filter(Number.isInteger);
}

/** The same between ends that are given: none lies beyond, and none is lost for it. */
export function ticksWithin(range: readonly [number, number], most = 4): number[] {
  return ticksBetween(range, most);
}

/** Ticks of an axis of numbers; among places that are whole, such as counts, only whole ones. */
export function numberTicks(range: readonly [number, number], most: number, places: readonly number[]): number[] {
  const ticks = ticksBetween(range, most);
  return places.every(Number.isInteger) ? ticks.filter(Number.isInteger) : ticks;
}

/** How many ticks at most there may be, so that the words of none round it to another place: of 37.5 % and 38 %, both told as "38 %", the first would be
 * told wrongly. As many as were asked for where the values differ by less than there are words for. `ticksOf`:
 * those that will be drawn, ticksWithin where the ends are given. */
export function sayable(range: readonly [number, number], format: (value: number) => string, most = 4, ticksOf = valueTicks): number {
  const isSaid = (fewer: number) => {
    const ticks = ticksOf(range, fewer);
    const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
    return ticks.length > 1 && ticks.every((tick) => [tick - WITHIN * step, tick + WITHIN * step].every((near) => format(near) !== format(tick)));
  };
  for (let fewer = most; fewer > 1; fewer--) if (isSaid(fewer)) return fewer;
  return most;
}

/** Of a step: a little more than what words that are rounded to whole steps may be off by. */
const WITHIN = 0.6;

/** Each tick with its words; without, where those below it say the same: values may differ by less than there are words for. */
export function labelled(ticks: readonly number[], format: (value: number) => string): { tick: number; label: string }[] {
  return ticks.map((tick, at) => ({ tick, label: at > 0 && format(tick) === format(ticks[at - 1] ?? tick) ? "" : format(tick) }));
}

/** What the cursor says at one place: "14:00: p50 493 ms, p95 1.50 s". */
export function words(series: readonly Series[], x: number, formatX: (x: number) => string, format: (value: number) => string): string {
  const said = series.map((one) => {
    const point = one.points.find((candidate) => candidate.x === x);
    if (!point || point.value === null) return `${one.name} none`;
    const band = point.low !== undefined && point.low !== null && point.high !== undefined && point.high !== null ? ` (${format(point.low)} to ${format(point.high)})` : "";
    return `${one.name} ${format(point.value)}${band}`;
  });
  return `${formatX(x)}: ${said.join(", ")}`;
}

export type Dot = { key: string; x: number; y: number };

/** The keys of those that no other beats: none is better in one without being worse in the other. */
export function paretoFront(dots: readonly Dot[], { x = "less", y = "more" }: { x?: "less" | "more"; y?: "less" | "more" } = {}): string[] {
  const cost = (dot: Dot) => (x === "less" ? dot.x : -dot.x);
  const gain = (dot: Dot) => (y === "more" ? dot.y : -dot.y);
  let best = Number.NEGATIVE_INFINITY;
  return [...dots]
    .sort((a, b) => cost(a) - cost(b) || gain(b) - gain(a))
    .filter((dot) => {
      if (gain(dot) <= best) return false;
      best = gain(dot);
      return true;
    })
    .map((dot) => dot.key);
}
