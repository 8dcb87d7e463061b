import { useMemo } from "react";
import { type Annotation, type Series, XYChart } from "@/chart";
import { compact, count, duration, money, percent } from "@/lib/format";
import { type Measure, type Step, groupSeries, nameOf, seriesBefore, wholeSeries } from "./figures";
import type { Group, Window } from "./range";

type ChartsProps = {
  /** What "runs" are here. */
  runs: string;
  steps: readonly Step[];
  stepsBefore?: readonly Step[];
  group: Group;
  /** The busiest groups, as the table lists them. */
  groups: readonly string[];
  keyNames: ReadonlyMap<string, string>;
  window: Window;
  stepMs: number;
  annotations: readonly Annotation[];
  isStale: boolean;
};

const NO_BAND = (series: Series): Series => ({ ...series, points: series.points.map(({ x, value }) => ({ x, value })) });

/** Latency, satisfaction, runs and cost over the range. */
export function Charts({ runs, steps, stepsBefore, group, groups, keyNames, window, stepMs, annotations, isStale }: ChartsProps) {
  const { fromMs, toMs, grain } = window;
  const made = useMemo(() => {
    const of = (measure: Measure) => ({ measure, ends: [fromMs, toMs] as const, stepMs });
    if (group !== "none") {
      const by = (measure: Measure) => groupSeries(steps, groups, { ...of(measure), name: (one) => nameOf(group, one, keyNames) });
      // Five bands over each other say nothing; the table below has each interval.
      return { latency: by("p95"), satisfaction: by("satisfaction").map(NO_BAND), runs: by("runs"), cost: by("cost") };
    }
    const one = (measure: Measure, name: string, color: 1 | 2 | 3 | 4 | 5) => [wholeSeries(steps, name, color, of(measure)), ...(stepsBefore ? [seriesBefore(stepsBefore, `${name} before`, color, of(measure))] : [])];
    return {
      latency: stepsBefore ? one("p95", "p95", 1) : [wholeSeries(steps, "p50", 2, of("p50")), wholeSeries(steps, "p95", 1, of("p95")), wholeSeries(steps, "p99", 3, of("p99"))],
      satisfaction: one("satisfaction", "Satisfaction", 4),
      runs: one("runs", "Runs", 2),
      cost: one("cost", "Cost", 1),
    };
  }, [steps, stepsBefore, group, groups, keyNames, fromMs, toMs, stepMs]);
  const kind = group === "none" && !stepsBefore ? "bars" : "line";
  const shared = { annotations, isStale, height: 190, clock: grain === "day" ? ("utc" as const) : ("local" as const) };
  // Beside a chart with a legend: as high as both together.
  const alone = group === "none" && !stepsBefore ? 210 : 190;
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
      <h2 className="sr-only">Over the time</h2>
      <XYChart {...shared} title="Latency" unit={group === "none" && !stepsBefore ? `p50, p95 and p99 by ${grain}` : `p95 by ${grain}`} series={made.latency} format={duration} formatTick={duration} />
      <XYChart {...shared} title="Satisfaction" unit={`share of reactions by ${grain}${group === "none" ? ", with 95 % interval" : ""}`} series={made.satisfaction} format={percent} formatTick={(value) => percent(value, 0)} range={[0, 1]} height={alone} />
      <XYChart {...shared} title={runs} unit={`by ${grain}`} kind={kind} series={made.runs} counts format={count} formatTick={compact} />
      <XYChart {...shared} title="Cost" unit={`dollars by ${grain}`} kind={kind} series={made.cost} format={money} formatTick={money} />
    </div>
  );
}
