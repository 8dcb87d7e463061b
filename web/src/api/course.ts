/** Figures step by step. Where all of them lie within an hour or two, as after a first start, they are shown by the minute: one dot says nothing. */
import { useMemo } from "react";
import { type Params, type ReadOptions, useRead } from "./hooks";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NEAR_MS = 2 * HOUR_MS;
/** The figures of minutes are kept for two days; somebody's clock may be wrong. */
const KEPT_MS = 40 * HOUR_MS;

type Query = NonNullable<Params<"/v1/analytics/timeseries">["query"]>;
type Grain = "minute" | "hour" | "day";
export type Span = { fromMs: number; toMs: number; grain: Grain; stepMs: number };

/** Where everything lies, by whole hours, if that is two at most; null where it is more, nothing, or too long ago. */
export function closeUp(steps: readonly { at: string; executions: number; feedback?: number }[], now: number): Span | null {
  const at = steps.filter((one) => one.executions > 0 || (one.feedback ?? 0) > 0).map((one) => Date.parse(one.at));
  if (at.length === 0) return null;
  const [fromMs, toMs] = [Math.min(...at), Math.max(...at) + HOUR_MS];
  return toMs - fromMs <= NEAR_MS && fromMs >= now - KEPT_MS ? { fromMs, toMs, grain: "minute", stepMs: MINUTE_MS } : null;
}

/** What a chart shows of `span`: as it is asked for, or by the minute (`isNear`). */
export function useCourse(query: Omit<Query, "from" | "to" | "grain">, given: Span & { from: string; to?: string }, { zooms = true, ...options }: ReadOptions & { zooms?: boolean } = {}) {
  const { from, to, grain } = given;
  const whole = useRead("/v1/analytics/timeseries", { query: { ...query, from, to, grain } as Query }, options);
  const near = useMemo(() => (zooms && grain === "hour" && whole.data && !whole.isPlaceholderData ? closeUp([...whole.data.data, ...whole.data.others], Date.now()) : null), [zooms, grain, whole.data, whole.isPlaceholderData]);
  const fine = useRead("/v1/analytics/timeseries", { query: { ...query, from: iso(near?.fromMs), to: iso(near?.toMs), grain: "minute" } as Query }, { ...options, enabled: near !== null });
  // Figures of minutes that are not there any more, or not yet, are no reason to show less.
  const isNear = near !== null && !(fine.data && fine.data.data.length === 0) && !fine.error;
  return { of: isNear ? fine : whole, span: isNear && near ? near : given, isNear };
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
