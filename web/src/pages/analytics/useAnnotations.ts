import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { keyOf, read, useRead } from "@/api/hooks";
import type { Annotation } from "@/chart";

const MOST_ALERTS = 100;
const BUSIEST = 5;
const FRESH_MS = 60_000;
const HISTORY = "/v1/prompts/{slug}/labels/{label}/history";

/** Moments that explain a bend, each at the step in which it was, so that the cursor tells of it: alerts that were raised, and moves of
 * the label `production`, of the prompt that is shown or of the busiest ones. */
export function useAnnotations(prompt: string, fromMs: number, stepMs: number): Annotation[] {
  const alerts = useRead("/v1/alerts", { query: { prompt, limit: MOST_ALERTS } });
  const busiest = useRead("/v1/prompts", { query: { sort: "executions", limit: BUSIEST } }, { enabled: prompt === "", staleTime: FRESH_MS });
  const slugs = prompt ? [prompt] : (busiest.data?.data ?? []).filter((one) => one.labels.production !== undefined).map((one) => one.slug);
  const moved = useQueries({
    queries: slugs.map((slug) => {
      const params = { path: { slug, label: "production" } };
      return { queryKey: keyOf(HISTORY, params), queryFn: () => read(HISTORY, params), staleTime: FRESH_MS };
    }),
    combine: (answers) => answers.flatMap((one, at) => (one.data?.data ?? []).map((move): Annotation => ({ x: Date.parse(move.moved_at), label: `${prompt ? "" : `${slugs[at] ?? ""}: `}${move.version === null ? "production removed" : `production is v${move.version}`}` }))),
  });
  return useMemo(() => {
    const raised = (alerts.data?.data ?? []).map((one): Annotation => ({ x: Date.parse(one.raised_at), label: one.summary, tone: one.severity === "critical" || one.severity === "error" ? "bad" : "warn" }));
    return [...moved, ...raised].filter((one) => one.x >= fromMs).map((one) => ({ ...one, x: Math.floor(one.x / stepMs) * stepMs }));
  }, [alerts.data, moved, fromMs, stepMs]);
}
