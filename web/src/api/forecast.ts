/** What a start would cost, asked for anew whenever its body changes. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { ApiError } from "./errors";
import { type Answer, change, keyOf } from "./hooks";

type Forecasts = "/v1/test-runs/forecast" | "/v1/optimizations/forecast";
const PAUSE_MS = 250;

/** Null while there is nothing to ask for. A short pause lets people type a number. */
export function useForecast<P extends Forecasts>(path: P, body: object | null): { data: Answer<P, "post"> | undefined; error: ApiError | null } {
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
  return { data: wanted === null || found.error ? undefined : found.data, error: wanted === null ? null : found.error };
}
