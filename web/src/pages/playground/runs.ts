/** The streams of the playground: one for all columns that are asked together, else one for each. */
import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import { read } from "@/api/hooks";
import { ApiError, asApiError } from "@/api/errors";
import { type Schema, newIdempotencyKey } from "@/api/client";
import { waitBefore } from "@/api/live";
import { executionStream, pause, perFrame } from "@/api/stream";
import { type Execution, type Underway, isUnderway } from "@/kit/execution/types";
import type { Attached } from "@/lib/attached";
import { type Group, type Sides, cancelSide, followSides, goesOn, sideKey } from "./together";

export type Outcome = Pick<Schema<"Outcome">, "status" | "usage" | "cost_nusd" | "latency_ms" | "first_token_ms" | "simulated" | "model" | "version" | "cached" | "tool_calls">;

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
  /** What it was asked with, where it was asked together with others. */
  group: Group | null;
};
/** `files`: what went with it, to be shown beside its answer. */
export type Asked = { body: Record<string, unknown>; input: string | Record<string, unknown>; files?: readonly Attached[] };

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
      const run = newRun(request, newIdempotencyKey(), null);
      tell({ column, begin: run });
      void follow(run);
    },
    [follow],
  );

  const followAll = useCallback((group: Group) => followGroup(group, { aborts: aborts.current, latest, isHere, tell, alone: (run) => void follow(run) }), [follow]);

  /** Asks all columns at once, by one connection. `body`: for the first column, the second, and so on. */
  const startAll = useCallback(
    (requests: readonly Asked[], body: Record<string, unknown>) => {
      const key = newIdempotencyKey();
      const group: Group = { key, body, sides: requests.map((_, index) => sideKey(key, index)) };
      const begun = requests.map((request, index) => newRun(request, sideKey(key, index), group));
      begun.forEach((run, column) => tell({ column, begin: run }));
      // They are told of at the next rendering; whoever is followed is known before.
      latest.current = latest.current.map((run, column) => begun[column] ?? run);
      void followAll(group);
    },
    [followAll],
  );

  const stop = useCallback((column: number) => {
    const run = latest.current[column];
    if (!run) return;
    const others = run.group ? latest.current.filter((one) => one !== run && one?.group === run.group && goesOn(one)) : [];
    if (others.length === 0) {
      aborts.current.get(run.group?.key ?? run.key)?.abort();
      return;
    }
    if (!goesOn(run)) return;
    cancelSide(run.executionId);
    tell({ key: run.key, change: (before) => ({ phase: "stopped", error: null, totalMs: performance.now() - before.startedMs }) });
  }, []);

  const stopAll = useCallback(() => {
    for (const run of latest.current) if (run) aborts.current.get(run.group?.key ?? run.key)?.abort();
  }, []);

  /** Asks at once for what was lost, and not at the next try. */
  const resume = useCallback(
    (column: number) => {
      const run = latest.current[column];
      if (run?.phase !== "lost") return;
      aborts.current.get(run.group?.key ?? run.key)?.abort();
      void (run.group ? followAll(run.group) : follow(run));
    },
    [follow, followAll],
  );

  /** The column is gone, and those behind it move up. */
  const remove = useCallback(
    (column: number) => {
      stop(column);
      tell({ remove: column });
    },
    [stop],
  );

  useEffect(() => {
    const { current } = aborts;
    isHere.current = true;
    return () => {
      isHere.current = false;
      for (const abort of current.values()) abort.abort();
    };
  }, []);

  return useMemo(() => ({ runs, start, startAll, stop, stopAll, resume, remove }), [runs, start, startAll, stop, stopAll, resume, remove]);
}

type Desk = { aborts: Map<string, AbortController>; latest: { readonly current: readonly (Run | null)[] }; isHere: { readonly current: boolean }; tell: (told: Told) => void; alone: (run: Run) => void };

/** Follows what was asked at once, all sides to their ends. Where one of them cannot be asked at all, each is asked alone. */
async function followGroup(group: Group, { aborts, latest, isHere, tell, alone }: Desk): Promise<void> {
  const abort = new AbortController();
  aborts.set(group.key, abort);
  const known = (key: string) => latest.current.find((one) => one?.key === key) ?? undefined;
  const screen: Sides = { isHere, known, change: (key, change) => tell({ key, change }) };
  const open = () => group.sides.map(known).filter(goesOn);
  try {
    for (let tries = 0; ; tries++) {
      const end = await followSides(group, abort.signal, screen);
      if (end === "over") return;
      if (end === "refused") {
        for (const run of open()) {
          tell({ key: run.key, change: { group: null } });
          alone({ ...run, group: null });
        }
        return;
      }
      if (end === "lost") await pause(waitBefore(tries, Math.random()), abort.signal);
      if (!abort.signal.aborted) continue;
      // Whoever asks for it again at once ends this wait, and follows it under the same key.
      if (aborts.get(group.key) === abort) for (const run of open()) sayStopped(run, { isHere, change: (change) => tell({ key: run.key, change }) });
      return;
    }
  } finally {
    if (aborts.get(group.key) === abort) aborts.delete(group.key);
  }
}

function newRun(request: Asked, key: string, group: Group | null): Run {
  return { phase: "running", request, key, text: "", executionId: null, startedMs: performance.now(), firstMs: null, totalMs: null, outcome: null, error: null, group };
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
export async function figuresOf(executionId: string | null, isHere: Screen["isHere"]): Promise<Outcome | null> {
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
