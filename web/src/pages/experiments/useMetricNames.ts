import { useMemo } from "react";
import { useAll } from "@/api/hooks";
import { decidedBy, figureName, isScored, metricName, scoredName } from "./model";

/** What metrics are called, those of evaluators by the name of each; `saidOf` in a sentence, of what decides. They are read only where one of `metrics` is of one. */
export function useMetricNames(metrics: readonly string[]): Record<"nameOf" | "figureOf" | "decidedOf" | "saidOf", (metric: string) => string> {
  const { rows } = useAll("/v1/evaluators", { query: { archived: true } }, { staleTime: 60_000, enabled: metrics.some(isScored) });
  return useMemo(() => {
    const names = new Map((rows ?? []).map((one) => [one.id, one.name]));
    const named = (otherwise: (metric: string) => string) => (metric: string) => scoredName(metric, names) ?? otherwise(metric);
    const saidOf = (metric: string) => scoredName(metric, names)?.replace(/^S/u, "s") ?? decidedBy(metric).toLowerCase();
    return { nameOf: named(metricName), figureOf: named(figureName), decidedOf: named(decidedBy), saidOf };
  }, [rows]);
}

/** What a metric that decides is called, where many stand below each other. */
export function DecidedBy({ metric }: { metric: string }) {
  return useMetricNames([metric]).decidedOf(metric);
}

/** What a row of all figures is called; as `DecidedBy`. */
export function FigureName({ metric }: { metric: string }) {
  return useMetricNames([metric]).figureOf(metric);
}
