/** What analytics shows, from the API's figures. Pure. */
import type { Schema } from "@/api/client";
import type { IntervalRow, Point, Series } from "@/chart";
import { change, duration, money, plural, points } from "@/lib/format";
import type { Group } from "./range";
import { DAY_MS, HOUR_MS } from "./time";

export type Step = Schema<"Point">;
export type GroupFigures = Schema<"GroupFigures">;
type Figures = Omit<GroupFigures, "group">;

/** What effectiveness is made of: speed and thrift where there is a target to tell them against. */
export function effectivenessWords({ p95_ms, cost_nusd }: Schema<"EffectivenessTargets">): string {
  if (p95_ms === null && cost_nusd === null) return "Effectiveness is out of 100: five eighths satisfaction, three eighths success.";
  const of = (share: number) => Math.round(share / (p95_ms !== null && cost_nusd !== null ? 1 : 0.9));
  const parts = [`${of(50)} for satisfaction`, `${of(30)} for success`, p95_ms === null ? null : `${of(10)} for speed (p95 against ${duration(p95_ms)})`, cost_nusd === null ? null : `${of(10)} for thrift (a run against ${money(cost_nusd)})`];
  return `Effectiveness is out of 100: ${parts.filter((part) => part !== null).join(", ")}.`;
}

const MOST_SERIES = 5;
const MINUS = "\u2212";

export type Delta = { text: string; tone: "ok" | "bad" | "neutral" };

/** How a figure differs from the period before, in words: "+6 %", "−1.2 pts", "+80 ms". Null where either is unknown. */
export function deltaOf(kind: "relative" | "share" | "time", now: number | null | undefined, before: number | null | undefined, better: "up" | "down" | null): Delta | null {
  if (typeof now !== "number" || typeof before !== "number") return null;
  const text = kind === "share" ? points(now - before) : kind === "relative" ? change(now, before) : Math.abs(now - before) < 0.5 ? "±0\u00a0ms" : `${now < before ? MINUS : "+"}${duration(Math.abs(now - before))}`;
  if (text === null) return null;
  const isSame = text.startsWith("±");
  return { text, tone: isSame || better === null ? "neutral" : now > before === (better === "up") ? "ok" : "bad" };
}

/** Two shares whose 95 % intervals have no value in common: more than chance. */
export function isApart(now: Schema<"Satisfaction"> | null | undefined, before: Schema<"Satisfaction"> | null | undefined): boolean {
  return Boolean(now && before && (now.low > before.high || now.high < before.low));
}

export type Measure = "p50" | "p95" | "p99" | "satisfaction" | "success" | "cost" | "runs";

export function pointOf(measure: Measure, x: number, of: Figures): Point {
  if (measure === "satisfaction") return { x, value: of.satisfaction?.value ?? null, low: of.satisfaction?.low ?? null, high: of.satisfaction?.high ?? null };
  if (measure === "success") return { x, value: of.success_rate };
  if (measure === "cost") return { x, value: of.cost_nusd };
  if (measure === "runs") return { x, value: of.executions };
  return { x, value: of.latency[`${measure}_ms`] };
}

type Made = { measure: Measure; name: (group: string) => string; ends: readonly [number, number]; stepMs: number };

/** A count of nothing is 0; a rate of nothing is unknown. */
function isCounted(measure: Measure): boolean {
  return measure === "cost" || measure === "runs";
}

/** The steps of a report: as the API cuts its time, hours at least, and days from 400 hours on. */
export function reportStepMs(lengthMs: number): number {
  return lengthMs / HOUR_MS <= 400 ? HOUR_MS : DAY_MS;
}

/** The points of one line over the whole range: sums are 0 where nothing ran, everything else has a gap there. */
function over(steps: readonly Step[], { measure, ends: [from, to], stepMs }: Omit<Made, "name">, shiftMs = 0): Point[] {
  const known = new Map(steps.map((step) => [Date.parse(step.at) + shiftMs, step]));
  const found: Point[] = [];
  for (let x = Math.floor(from / stepMs) * stepMs; x < to; x += stepMs) {
    const step = known.get(x);
    found.push(step ? pointOf(measure, x, step) : { x, value: isCounted(measure) ? 0 : null });
  }
  return found;
}

/** A line for each of the busiest groups, always in the same colours for the same order of the table. */
export function groupSeries(steps: readonly Step[], groups: readonly string[], made: Made): Series[] {
  return groups.slice(0, MOST_SERIES).map((group, index) => ({ name: made.name(group), color: colorAt(index), points: over(steps.filter((step) => (step.group ?? "") === group), made) }));
}

export function wholeSeries(steps: readonly Step[], name: string, color: 1 | 2 | 3 | 4 | 5, made: Omit<Made, "name">): Series {
  return { name, color, points: over(steps, made) };
}

/** The same a period earlier, laid over the range that is shown: dashed, and without its band. */
export function seriesBefore(steps: readonly Step[], name: string, color: 1 | 2 | 3 | 4 | 5, made: Omit<Made, "name">): Series {
  const length = made.ends[1] - made.ends[0];
  return { name, color, dashed: true, points: over(steps, made, length).map(({ x, value }) => ({ x, value })) };
}

export function colorAt(index: number): 1 | 2 | 3 | 4 | 5 {
  return ((index % MOST_SERIES) + 1) as 1 | 2 | 3 | 4 | 5;
}

export function intervalRows(groups: readonly GroupFigures[], name: (group: string) => string, measure: (of: GroupFigures) => Schema<"Satisfaction"> | null): IntervalRow[] {
  return groups.slice(0, MOST_SERIES).flatMap((one, index): IntervalRow[] => {
    const found = measure(one);
    return found ? [{ key: one.group, label: name(one.group), value: found.value, low: found.low, high: found.high, color: colorAt(index) }] : [];
  });
}

/** "slug@7" is slug v7; an id of a key or an experiment is its name; an empty group was not named. */
export function nameOf(by: Group, group: string, keyNames: ReadonlyMap<string, string>): string {
  if ((group === "" && by === "prompt") || (group.startsWith("@") && (by === "version" || by === "label"))) return "No prompt";
  if (by === "version") return group.replace(/@(\d+)$/, " v$1");
  if (by === "label") return group.endsWith("@") ? `${group.slice(0, -1)}, by version` : group;
  if (by === "api_key") return keyNames.get(group) ?? (group === "" ? "signed in, or a job" : group);
  if (by === "provider_key") return keyNames.get(group) ?? (group === "" ? "no key of yours" : group);
  if (by === "arm") return armName(group, keyNames);
  return group === "" ? "not named" : group;
}

/** "id/arm" is the name of the experiment, and its arm. */
function armName(group: string, experiments: ReadonlyMap<string, string>): string {
  const [id, arm] = halves(group);
  return `${experiments.get(id) ?? id} · ${arm}`;
}

/** Before and after the first slash: names of arms may hold others. */
function halves(group: string): [string, string] {
  const at = group.indexOf("/");
  return [group.slice(0, at), group.slice(at + 1)];
}

/** Where a group leads: a prompt to its page, the others to their runs. */
export function linkOf(by: Group, group: string): { to: string; search?: Record<string, string> } | undefined {
  if (by === "arm") return { to: `/experiments/${halves(group)[0]}` };
  const [slug = "", version] = group.split("@");
  if (slug === "") return undefined;
  if (by === "prompt") return { to: `/prompts/${slug}`, search: { tab: "results" } };
  if (by === "version") return { to: `/prompts/${slug}`, search: { tab: "versions", ...(version ? { v: version } : {}) } };
  if (by === "label") return { to: `/prompts/${slug}`, search: { tab: "results" } };
  return undefined;
}

export type Projection = Schema<"ProjectionAnswer">;

export function monthStart(now: number): string {
  const today = new Date(now);
  return new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1)).toISOString();
}

/** The month so far as a growing sum, and where it is expected to end with its interval. */
export function monthSeries(steps: readonly Pick<Step, "at" | "cost_nusd">[], projection: Projection | null, now: number): Series[] {
  const today = new Date(now);
  const startMs = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1);
  const endMs = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1);
  const byDay = new Map(steps.map((step) => [Date.parse(step.at), step.cost_nusd]));
  const spent: Point[] = [{ x: startMs, value: 0 }];
  let sum = 0;
  for (let x = startMs; x <= now; x += 86_400_000) {
    sum += byDay.get(x) ?? 0;
    spent.push({ x: Math.min(x + 86_400_000, now), value: sum });
  }
  const soFar: Series = { name: "Spent", color: 1, points: [...spent, { x: endMs, value: null }] };
  if (!projection || projection.expected_nusd === null) return [soFar];
  return [
    soFar,
    {
      name: "Expected",
      color: 2,
      dashed: true,
      points: [
        { x: now, value: sum, low: sum, high: sum },
        { x: endMs, value: projection.expected_nusd, low: projection.low_nusd, high: projection.high_nusd },
      ],
    },
  ];
}

/** How many runs the sum is of; by arm the rows are a part of it alone. */
export function runsOf(by: string, rows: readonly { executions: number; cost_nusd: number }[]): string {
  const runs = plural(rows.reduce((sum, row) => sum + row.executions, 0), "run");
  return by === "arm" ? `${money(rows.reduce((sum, row) => sum + row.cost_nusd, 0))} in experiments, ${runs}` : runs;
}
