/** What the results of a prompt show, from the API's figures. Pure. */
import type { IntervalRow, Point, Series } from "@/chart";
import type { Schema } from "@/api/client";
import type { GroupFigures } from "./figures";

type Figures = Omit<GroupFigures, "group">;
export const MEASURES = ["satisfaction", "success", "p95", "cost", "runs"] as const;
export type Measure = (typeof MEASURES)[number];

const MOST_SERIES = 5;

function colorAt(index: number): 1 | 2 | 3 | 4 | 5 {
  return ((index % MOST_SERIES) + 1) as 1 | 2 | 3 | 4 | 5;
}

/** "slug@7" → 7 */
export function versionOf(group: string | null | undefined): number | null {
  const found = /@(\d+)$/.exec(group ?? "")?.[1];
  return found === undefined ? null : Number(found);
}

export function pointOf(measure: Measure, at: number, of: Figures): Point {
  if (measure === "satisfaction") return { x: at, value: of.satisfaction?.value ?? null, low: of.satisfaction?.low ?? null, high: of.satisfaction?.high ?? null };
  if (measure === "success") return { x: at, value: of.success_rate };
  if (measure === "p95") return { x: at, value: of.latency.p95_ms };
  return { x: at, value: measure === "cost" ? of.mean_cost_nusd : of.executions };
}

/** A line for each of the busiest versions, the oldest first, always in the same colours for the same versions. */
export function seriesOf(points: readonly Schema<"Point">[], measure: Measure, versions: readonly GroupFigures[], ends: readonly number[] = []): Series[] {
  const shown = [...versions].sort((a, b) => b.executions - a.executions).slice(0, MOST_SERIES);
  const numbers = shown.map((one) => versionOf(one.group)).filter((one): one is number => one !== null).sort((a, b) => a - b); // prettier-ignore
  // The ends of the range, without a value: the axis shows the whole time that was asked for, not only when something ran.
  const around = ends.map((x): Point => ({ x, value: null }));
  return numbers.map((version, index) => {
    const own = points.filter((point) => versionOf(point.group) === version).map((point) => pointOf(measure, Date.parse(point.at), point));
    return { name: `v${version}`, color: colorAt(index), points: [...around.slice(0, 1), ...own, ...around.slice(1)] };
  });
}

/** One row for each version that people reacted to, the newest first. */
export function intervalsOf(versions: readonly GroupFigures[], series: readonly Series[] = []): IntervalRow[] {
  return [...versions]
    .filter((one) => one.satisfaction)
    .sort((a, b) => (versionOf(b.group) ?? 0) - (versionOf(a.group) ?? 0))
    .map((one) => ({ key: one.group, label: `v${versionOf(one.group) ?? "?"}`, value: one.satisfaction?.value ?? null, low: one.satisfaction?.low ?? null, high: one.satisfaction?.high ?? null, note: `n = ${one.satisfaction?.samples ?? 0}`, color: series.find((line) => line.name === `v${versionOf(one.group) ?? "?"}`)?.color }));
}
