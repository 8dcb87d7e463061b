/** The streams of the playground: at most one for each column, three in all. */
import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import { read } from "@/api/hooks";
import { ApiError, asApiError } from "@/api/errors";
import { type Schema, newIdempotencyKey } from "@/api/client";
import { waitBefore } from "@/api/live";
import { executionStream, pause, perFrame } from "@/api/stream";
import { type Execution, type Underway, isUnderway } from "@/kit/execution/types";

type Outcome = Pick<Schema<"Outcome">, "status" | "usage" | "cost_nusd" | "latency_ms" | "first_token_ms" | "simulated" | "model" | "version" | "cached" | "tool_calls">;

/** lost: the connection went while it ran. It is asked for again, under its key, so that nothing runs twice. */
export type Phase = "running" | "done" | "failed" | "stopped" | "lost";
export type Run = {
  phase: Phase;
  /** What was asked, under a key of its own. */
  request: Asked;
  key: string;
  text: string;
  executionId: string | null;
  /** By the browser's clock, until the gateway says it. */
  startedMs: number;
  firstMs: number | null;
  totalMs: number | null;
  outcome: Outcome | null;
  error: ApiError | null;
};
export type Asked = { body: Record<string, unknown>; input: string | Record<string, unknown> };

type Change = Partial<Run> | ((run: Run) => Partial<Run>);
type Told = { key: string; change: Change } | { column: number; begin: Run } | { remove: number };

export function nextRuns(runs: readonly (Run | null)[], told: Told): readonly (Run | null)[] {
  if ("remove" in told) return [...runs.slice(0, told.remove), ...runs.slice(told.remove + 1), null];
  return runs.map((run, index) => {
    if ("begin" in told) return index === told.column ? told.begin : run;
    // By its key: columns move, and a stream that was replaced has nothing to say any more.
    if (run?.key !== told.key) return run;
    return { ...run, ...(typeof told.change === "function" ? told.change(run) : told.change) };
  });
}

const MOST = 3;
const LOOKS = 12;
const LOOK_MS = 400;

export function useRuns() {
  const [runs, tell] = useReducer(nextRuns, Array.from({ length: MOST }, () => null));
  const aborts = useRef(new Map<string, AbortController>());
  const isHere = useRef(true);
  const latest = useRef(runs);
  latest.current = runs;

  /** Follows a run to its end. What is lost is asked for again by itself, at growing distances and as soon as the browser is online. */
  const follow = useCallback(async (run: Run) => {
    const abort = new AbortController();
    aborts.current.set(run.key, abort);
    const screen: Screen = { isHere, change: (change) => tell({ key: run.key, change }) };
    const known = () => latest.current.find((one) => one?.key === run.key) ?? run;
    try {
      for (let tries = 0; ; tries++) {
        const end = await followRun(known(), abort.signal, screen);
        if (end === "over") return;
        if (end === "lost") await pause(waitBefore(tries, Math.random()), abort.signal);
        // Whoever asks for it again at once ends this wait, and follows it under the same key: then it goes on, and is not stopped.
        if (abort.signal.aborted) return aborts.current.get(run.key) === abort ? sayStopped(known(), screen) : undefined;
      }
    } finally {
      if (aborts.current.get(run.key) === abort) aborts.current.delete(run.key);
    }
  }, []);

  const start = useCallback(
    (column: number, request: Asked) => {
      const before = latest.current[column];
      if (before) aborts.current.get(before.key)?.abort();
      const run: Run = { phase: "running", request, key: newIdempotencyKey(), text: "", executionId: null, startedMs: performance.now(), firstMs: null, totalMs: null, outcome: null, error: null };
      tell({ column, begin: run });
      void follow(run);
    },
    [follow],
  );

  const stop = useCallback((column: number) => {
    const run = latest.current[column];
    if (run) aborts.current.get(run.key)?.abort();
  }, []);

  /** Asks at once for what was lost, and not at the next try. */
  const resume = useCallback(
    (column: number) => {
      const run = latest.current[column];
      if (run?.phase !== "lost") return;
      aborts.current.get(run.key)?.abort();
      void follow(run);
    },
    [follow],
  );

  /** The column is gone, and those behind it move up. */
  const remove = useCallback((column: number) => {
    const run = latest.current[column];
    if (run) aborts.current.get(run.key)?.abort();
    tell({ remove: column });
  }, []);

  useEffect(() => {
    const { current } = aborts;
    isHere.current = true;
    return () => {
      isHere.current = false;
      for (const abort of current.values()) abort.abort();
    };
  }, []);

  return useMemo(() => ({ runs, start, stop, resume, remove }), [runs, start, stop, resume, remove]);
}

/** Where a run is shown: while anybody looks. */
type Screen = { isHere: { readonly current: boolean }; change: (next: Change) => void };

/** Runs it, or asks again for a run that was begun under the same key. */
async function followRun(run: Run, signal: AbortSignal, { isHere, change }: Screen): Promise<"over" | "lost" | "aborted"> {
  let executionId = run.executionId;
  let text = "";
  const frames = perFrame<string>((pieces) => {
    text += pieces.join("");
    const shown = text;
    change((before) => ({ text: shown, firstMs: before.firstMs ?? performance.now() - run.startedMs }));
  });
  const ended = (next: Partial<Run>) => {
    frames.flush();
    change((before) => ({ totalMs: performance.now() - before.startedMs, ...next }));
  };
  const onHeaders = (headers: Headers) => {
    executionId = headers.get("x-execution-id") ?? executionId;
    change({ executionId, phase: "running", error: null });
  };
  try {
    for await (const event of executionStream(run.request.body, { key: run.key, signal, onHeaders })) {
      const told = JSON.parse(event.data) as Record<string, unknown>;
      if (event.event === "delta") frames.push(String(told.text ?? ""));
      else if (event.event === "done") {
        const outcome = told as unknown as Schema<"Outcome">;
        ended({ phase: "done", outcome, executionId: outcome.id });
        if (outcome.output !== null && outcome.output !== undefined) change({ text: outcome.output });
        return "over";
      } else if (event.event === "error") {
        const { error } = told as { error: ConstructorParameters<typeof ApiError>[1] };
        ended({ phase: "failed", error: new ApiError(502, error) });
        void figuresOf(executionId, isHere).then((found) => (found ? change({ outcome: found }) : undefined));
        return "over";
      }
    }
    if (!signal.aborted) {
      ended({ phase: "lost" });
      return "lost";
    }
  } catch (caught) {
    if (!signal.aborted) {
      const error = asApiError(caught);
      const failed = typeof error.details.execution_id === "string" ? error.details.execution_id : executionId;
      ended(error.isConnection ? { phase: "lost", error } : { phase: "failed", error, executionId: failed });
      return error.isConnection ? "lost" : "over";
    }
  }
  frames.flush();
  return "aborted";
}

function sayStopped({ executionId }: Run, { isHere, change }: Screen) {
  change((before) => ({ phase: "stopped", error: null, totalMs: performance.now() - before.startedMs }));
  void figuresOf(executionId, isHere).then((found) => (found ? change({ outcome: found }) : undefined));
}

/** What it took and cost, as it stands in the books; null where they do not say it in time. */
async function figuresOf(executionId: string | null, isHere: Screen["isHere"]): Promise<Outcome | null> {
  if (!executionId) return null;
  for (let look = 0; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (!isHere.current) return null;
    try {
      const found = (await read("/v1/executions/{execution_id}", { path: { execution_id: executionId } })) as Execution | Underway;
      if (!isUnderway(found)) return found as unknown as Outcome;
    } catch {
      // Not in the books yet, or no connection: the next look, or none.
    }
  }
  return null;
}
