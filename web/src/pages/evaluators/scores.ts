/** Sums of scores as lines over time. Pure. */
import type { Schema } from "@/api/client";
import type { Point, Series } from "@/chart/geometry";

export type Figures = Schema<"ScoreFigures">;
export type Measure = "mean" | "pass_rate";

const DAY_MS = 86_400_000;
export const RANGES = {
  "24h": { label: "Last 24 hours", ms: DAY_MS, grain: "hour", stepMs: 3_600_000 },
  "7d": { label: "Last 7 days", ms: 7 * DAY_MS, grain: "hour", stepMs: 3_600_000 },
  "30d": { label: "Last 30 days", ms: 30 * DAY_MS, grain: "day", stepMs: DAY_MS },
  "90d": { label: "Last 90 days", ms: 90 * DAY_MS, grain: "day", stepMs: DAY_MS },
} as const;
export type RangeName = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as RangeName[];

/** From when on, by whole steps, so that the key of an answer stays the same for a while. */
export function windowOf(range: RangeName, now: number): { from: string; fromMs: number; toMs: number; grain: "hour" | "day" } {
  const { ms, grain, stepMs } = RANGES[range];
  const toMs = Math.floor(now / stepMs) * stepMs + stepMs;
  return { from: new Date(toMs - ms).toISOString(), fromMs: toMs - ms, toMs, grain };
}

export const MOST_SERIES = 5;

/** A line for each group, the one with the most scores first, with its interval; a gap where nothing was scored. */
export function seriesOf(rows: readonly Figures[], { measure, nameOf, range, fromMs, toMs }: { measure: Measure; nameOf: (group: string) => string; range: RangeName; fromMs: number; toMs: number }): Series[] {
  const { stepMs } = RANGES[range];
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row.group, (sums.get(row.group) ?? 0) + row.scores);
  const groups = [...sums.entries()].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([group]) => group).slice(0, MOST_SERIES); // prettier-ignore
  return groups.map((group, index) => {
    const known = new Map(rows.filter((row) => row.group === group && row.at !== null).map((row) => [Date.parse(row.at ?? ""), row[measure]]));
    const points: Point[] = [];
    for (let x = Math.floor(fromMs / stepMs) * stepMs; x < toMs; x += stepMs) {
      const one = known.get(x);
      points.push(one ? { x, value: one.value, low: one.low, high: one.high } : { x, value: null });
    }
    return { name: nameOf(group), color: ((index % MOST_SERIES) + 1) as 1 | 2 | 3 | 4 | 5, points };
  });
}

/** "id@2" by the evaluator's name: "helpful v2". */
export function evaluatorName(group: string, names: ReadonlyMap<string, string>): string {
  const [id = "", version] = group.split("@");
  return `${names.get(id) ?? `…${id.slice(-6)}`}${version ? ` v${version}` : ""}`;
}

/** What a live evaluation will about cost a day: so many runs, the share that is drawn, what a score cost so far. Null where one is unknown. */
export function forecastOf({ runsADay, share, scores, costNusd }: { runsADay: number | null; share: number; scores: number; costNusd: number }): { scores: number; costNusd: number } | null {
  if (runsADay === null || scores === 0 || !(share > 0)) return null;
  const drawn = runsADay * Math.min(1, share);
  return { scores: drawn, costNusd: (costNusd / scores) * drawn };
}
