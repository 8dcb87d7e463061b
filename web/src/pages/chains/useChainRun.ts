import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, asApiError } from "@/api/errors";
import { invalidate } from "@/api/hooks";
import { perFrame, stream } from "@/api/stream";
import type { Run, RunStep } from "./chain";

export type Running = { isRunning: boolean; steps: ReadonlyMap<string, RunStep>; texts: ReadonlyMap<string, string>; run: Run | null; error: ApiError | null };
const NOTHING: Running = { isRunning: false, steps: new Map(), texts: new Map(), run: null, error: null };

function told(slug: string, body: object, signal: AbortSignal) {
  return stream(`/v1/chains/${slug}/runs`, { method: "POST", body, signal });
}

/** Runs a chain and tells each step as it begins, speaks and ends. */
export function useChainRun(slug: string): Running & { start: (variables: Record<string, unknown>, version: number) => void; stop: () => void } {
  const [state, setState] = useState<Running>(NOTHING);
  const queries = useQueryClient();
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);
  const start = useCallback(
    (variables: Record<string, unknown>, version: number) => {
      leaving.current?.abort();
      const own = new AbortController();
      leaving.current = own;
      setState({ ...NOTHING, isRunning: true });
      const texts = new Map<string, string>();
      const painted = perFrame<void>(() => setState((was) => ({ ...was, texts: new Map(texts) })));
      const events = told(slug, { variables, version, stream: true }, own.signal);
      const follow = async () => {
        for await (const { event, data } of events) {
          const said = JSON.parse(data) as Record<string, unknown>;
          if (event === "done") setState((was) => ({ ...was, run: said as unknown as Run, steps: new Map((said as unknown as Run).steps.map((one) => [one.id, one])) }));
          if (event === "step") setState((was) => ({ ...was, steps: new Map([...was.steps, [String(said["id"]), said as unknown as RunStep]]) }));
          if (event === "delta") {
            const step = String(said["step"]);
            texts.set(step, (said["index"] === 0 ? "" : (texts.get(step) ?? "")) + String(said["text"]));
            painted.push();
          }
          if (event === "error") throw new ApiError(200, said["error"] as { message: string });
        }
      };
      follow()
        .catch((failed: unknown) => own.signal.aborted || setState((was) => ({ ...was, error: asApiError(failed) })))
        .finally(() => {
          if (leaving.current === own) setState((was) => ({ ...was, isRunning: false }));
          void invalidate(queries, ["/v1/chain-runs"]);
        });
    },
    [slug, queries],
  );
  const stop = useCallback(() => leaving.current?.abort(), []);
  return { ...state, start, stop };
}
