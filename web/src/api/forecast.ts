/** What a start would cost, asked for anew whenever its body changes. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { ApiError } from "./errors";
import { type Answer, change, keyOf } from "./hooks";

type Forecasts = "/v1/test-runs/forecast" | "/v1/batches/estimate" | "/v1/optimizations/forecast" | "/v1/experiments/backtests/forecast" | "/v1/model-migrations/forecast";
const PAUSE_MS = 250;

/** A forecast. `isStale`: it is of what stood there before, or there is none yet, and the one of what stands there now is on its way. */
export type Forecast<T> = { data: T | undefined; error: ApiError | null; isStale: boolean };

/** Nothing while there is nothing to ask for. A short pause lets people type a number. */
export function useForecast<P extends Forecasts>(path: P, body: object | null): Forecast<Answer<P, "post">> {
  const wanted = body ? JSON.stringify(body) : null;
  const [asked, setAsked] = useState(wanted);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(wanted), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  const found = useQuery<Answer<P, "post">, ApiError>({
    queryKey: keyOf(path, { asked: asked ?? "" }),
    queryFn: () => change("post", path, { body: JSON.parse(asked ?? "{}") } as never) as Promise<Answer<P, "post">>,
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
  });
  const isStale = wanted !== null && (asked !== wanted || found.isPlaceholderData || found.isPending);
  const error = wanted === null || isStale ? null : found.error;
  return { data: wanted === null || error ? undefined : found.data, error, isStale };
}
