import { useMemo } from "react";
import { useAll } from "@/api/hooks";
import { figureName, isScored, metricName, scoredName } from "./model";

/** What metrics are called, those of evaluators by the name of each. They are read only where one of `metrics` is of one. */
export function useMetricNames(metrics: readonly string[]): { nameOf: (metric: string) => string; figureOf: (metric: string) => string } {
  const { rows } = useAll("/v1/evaluators", { query: { archived: true } }, { staleTime: 60_000, enabled: metrics.some(isScored) });
  return useMemo(() => {
    const names = new Map((rows ?? []).map((one) => [one.id, one.name]));
    return { nameOf: (metric: string) => scoredName(metric, names) ?? metricName(metric), figureOf: (metric: string) => scoredName(metric, names) ?? figureName(metric) };
  }, [rows]);
}
