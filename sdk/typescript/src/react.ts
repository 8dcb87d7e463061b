"use client";
/** For React: `usePrompt`. */
import { type ReactNode, createContext, createElement, useCallback, useContext, useEffect, useRef, useState } from "react";
import type { ExecutionOptions, Variables } from "./calls.js";
import type { Burnish } from "./client.js";
import { AbortError } from "./errors.js";
import type { TextStream } from "./stream.js";
import type { Execution } from "./types.js";

const Client = createContext<Burnish | null>(null);

/** Gives every `usePrompt` below it the client to use. */
export function BurnishProvider({ client, children }: { client: Burnish; children?: ReactNode }): ReactNode {
  return createElement(Client.Provider, { value: client }, children);
}

export type UsePromptOptions = Omit<ExecutionOptions, "signal" | "background" | "idempotency_key"> & {
  /** Instead of the one of BurnishProvider. */
  client?: Burnish;
  /** False waits for the whole answer; else the text grows as it comes. */
  stream?: boolean;
};

type State = { text: string; result: Execution | null; error: Error | null; loading: boolean; streaming: boolean };

export type UsePrompt = State & {
  /** Runs the prompt, in place of a run that is under way. The whole answer; null where it failed (`error` says why), was cancelled or replaced. */
  execute: (variables?: Variables, options?: ExecutionOptions) => Promise<Execution | null>;
  /** Ends the run that is under way. What has come stays. */
  cancel: () => void;
  /** Cancels, and forgets the text, the answer and the error. */
  reset: () => void;
};

const NOTHING: State = { text: "", result: null, error: null, loading: false, streaming: false };

/** One prompt in one component. `loading`: from the call to its end; `streaming`: text is coming. Leaving the page ends the call. */
export function usePrompt(slug: string, options: UsePromptOptions = {}): UsePrompt {
  const above = useContext(Client);
  const [state, setState] = useState<State>(NOTHING);
  const run = useRef<AbortController | null>(null);
  const newest = useRef({ slug, options, above });
  useEffect(() => {
    newest.current = { slug, options, above };
  });

  const cancel = useCallback(() => {
    if (run.current === null) return;
    run.current.abort();
    run.current = null;
    setState((was) => ({ ...was, loading: false, streaming: false }));
  }, []);

  const reset = useCallback(() => {
    cancel();
    setState(NOTHING);
  }, [cancel]);

  const execute = useCallback(async (variables: Variables = {}, more: ExecutionOptions = {}): Promise<Execution | null> => {
    const { client: given, stream = true, ...rest } = newest.current.options;
    const client = given ?? newest.current.above;
    if (client === null) throw new TypeError("usePrompt needs a client: give it one, or put <BurnishProvider client={…}> above it.");
    run.current?.abort();
    const controller = new AbortController();
    run.current = controller;
    const leave = () => controller.abort();
    more.signal?.addEventListener("abort", leave, { once: true });
    if (more.signal?.aborted) leave();
    const isNewest = () => run.current === controller;
    setState({ ...NOTHING, loading: true });
    try {
      const { slug } = newest.current;
      const asked = { ...rest, ...more, signal: controller.signal };
      const result = stream ? await read(client.stream(slug, variables, asked), (text) => isNewest() && setState((was) => ({ ...was, text, streaming: true }))) : await client.execute(slug, variables, asked);
      if (!isNewest() || controller.signal.aborted) return null;
      setState({ ...NOTHING, text: result.output ?? "", result });
      return result;
    } catch (caught) {
      if (!isNewest()) return null;
      const error = controller.signal.aborted ? null : caught instanceof Error ? caught : new Error(String(caught));
      setState((was) => ({ ...was, error, loading: false, streaming: false }));
      return null;
    } finally {
      more.signal?.removeEventListener("abort", leave);
      if (isNewest()) run.current = null;
    }
  }, []);

  useEffect(
    () => () => {
      run.current?.abort();
      run.current = null;
    },
    [],
  );

  return { ...state, execute, cancel, reset };
}

async function read(pieces: TextStream, show: (text: string) => void): Promise<Execution> {
  for await (const _ of pieces) show(pieces.text);
  if (pieces.result === null) throw new AbortError("cancelled");
  return pieces.result;
}
