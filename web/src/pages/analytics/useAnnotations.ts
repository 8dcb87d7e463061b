import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { keyOf, read, useRead } from "@/api/hooks";
import type { Annotation } from "@/chart";

const MOST_ALERTS = 100;
const MOST_EXPERIMENTS = 50;
const BUSIEST = 5;
const FRESH_MS = 60_000;
const HISTORY = "/v1/prompts/{slug}/labels/{label}/history";

/** When an experiment began and ended; with its prompt where several are shown. */
export function eventsOf(one: Pick<Schema<"ExperimentAnswer">, "name" | "prompt" | "started_at" | "completed_at">, withPrompt: boolean): Annotation[] {
  const name = `${withPrompt ? `${one.prompt}: ` : ""}${one.name}`;
  return [
    ...(one.started_at ? [{ x: Date.parse(one.started_at), label: `${name} started` }] : []),
    ...(one.completed_at ? [{ x: Date.parse(one.completed_at), label: `${name} ended` }] : []),
  ];
}

/** Moments that explain a bend, each at the step in which it was, so that the cursor tells of it: alerts that were raised, experiments that
 * began or ended, and moves of the label `production`, of the prompt that is shown or of the busiest ones. */
export function useAnnotations(prompt: string, fromMs: number, stepMs: number): Annotation[] {
  const alerts = useRead("/v1/alerts", { query: { prompt, limit: MOST_ALERTS } });
  const experiments = useRead("/v1/experiments", { query: { prompt, limit: MOST_EXPERIMENTS } }, { staleTime: FRESH_MS });
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
    const tried = (experiments.data?.data ?? []).flatMap((one) => eventsOf(one, prompt === ""));
    return [...moved, ...tried, ...raised].filter((one) => one.x >= fromMs).map((one) => ({ ...one, x: Math.floor(one.x / stepMs) * stepMs }));
  }, [alerts.data, experiments.data, moved, prompt, fromMs, stepMs]);
}
