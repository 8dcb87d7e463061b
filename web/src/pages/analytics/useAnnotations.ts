import { useMemo } from "react";
import { usePages, useRead } from "@/api/hooks";
import type { Annotation } from "@/chart";

const MOST = 100;

/** Moments that explain a bend, each at the step in which it was, so that the cursor tells of it: alerts that were raised, and, of one prompt, moves of its label `production`. */
export function useAnnotations(prompt: string, fromMs: number, stepMs: number): Annotation[] {
  const alerts = useRead("/v1/alerts", { query: { prompt, limit: MOST } });
  const moves = usePages("/v1/prompts/{slug}/labels/{label}/history", { path: { slug: prompt, label: "production" } }, { enabled: prompt !== "" });
  return useMemo(() => {
    const raised = (alerts.data?.data ?? []).map((one): Annotation => ({ x: Date.parse(one.raised_at), label: one.summary, tone: one.severity === "critical" || one.severity === "error" ? "bad" : "warn" }));
    const moved = prompt === "" ? [] : moves.rows.map((one): Annotation => ({ x: Date.parse(one.moved_at), label: one.version === null ? "production removed" : `production is v${one.version}` }));
    return [...raised, ...moved].filter((one) => one.x >= fromMs).map((one) => ({ ...one, x: Math.floor(one.x / stepMs) * stepMs }));
  }, [alerts.data, moves.rows, prompt, fromMs, stepMs]);
}
