"use client";
/** For React: `usePrompt` and `useFeedback`. */
import { type ReactNode, createContext, createElement, useCallback, useContext, useEffect, useRef, useState } from "react";
import type { ExecutionOptions, FeedbackOptions, Variables } from "./calls.js";
import type { Burnish } from "./client.js";
import { AbortError } from "./errors.js";
import type { TextStream } from "./stream.js";
import type { Execution } from "./types.js";

const Client = createContext<Burnish | null>(null);

/** Gives every `usePrompt` and `useFeedback` below it the client to use. */
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
      if (!isNewest()) return null;
      // A signal of the caller's own came too late to end it, and is obeyed all the same.
      controller.signal.throwIfAborted();
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

export type Reaction = Omit<FeedbackOptions, "signal" | "session_id" | "imported">;

export type UseFeedbackOptions = Pick<FeedbackOptions, "user_id" | "context"> & {
  /** Instead of the one of BurnishProvider. */
  client?: Burnish;
};

type Pressed = { thumb: "up" | "down" | null; sending: boolean; error: Error | null };

export type UseFeedback = Pressed & {
  /** Sends a reaction; a thumb shows as pressed at once. Its id; null where there is nothing to react to yet, or it failed (`error` says why). */
  react: (reaction: Reaction) => Promise<string | null>;
};

const UNPRESSED: Pressed = { thumb: null, sending: false, error: null };

/** What one person says of one answer. `thumb`: which is pressed; one that could not be sent jumps back to what Burnish knows.
 *
 * Reactions are sent one after the other, since the one that comes last counts. Leaving the page ends none of them.
 */
export function useFeedback(executionId: string | null | undefined, options: UseFeedbackOptions = {}): UseFeedback {
  const above = useContext(Client);
  const [state, setState] = useState<Pressed & { of: string | null }>({ ...UNPRESSED, of: null });
  const line = useRef<{ of: string | null; last: Promise<unknown>; waiting: number; known: Pressed["thumb"] }>({ of: null, last: Promise.resolve(), waiting: 0, known: null });
  const newest = useRef({ executionId, options, above });
  useEffect(() => {
    newest.current = { executionId, options, above };
  });

  const react = useCallback(async (reaction: Reaction): Promise<string | null> => {
    const { client: given, ...rest } = newest.current.options;
    const client = given ?? newest.current.above;
    if (client === null) throw new TypeError("useFeedback needs a client: give it one, or put <BurnishProvider client={…}> above it.");
    const of = newest.current.executionId ?? null;
    if (of === null) return null;
    if (line.current.of !== of) line.current = { of, last: Promise.resolve(), waiting: 0, known: null };
    const own = line.current;
    const thumb = reaction.thumb ?? null;
    own.waiting += 1;
    setState((was) => ({ of, thumb: thumb ?? (was.of === of ? was.thumb : null), sending: true, error: null }));
    const sent = own.last.then(() => client.feedback(of, { ...rest, ...reaction }));
    own.last = sent.catch(() => undefined);
    const ended = (error: Error | null) => {
      own.waiting -= 1;
      if (error === null && thumb !== null) own.known = thumb;
      if (own.waiting === 0 && line.current === own) setState({ of, thumb: own.known, sending: false, error });
    };
    try {
      const id = await sent;
      ended(null);
      return id;
    } catch (caught) {
      ended(caught instanceof Error ? caught : new Error(String(caught)));
      return null;
    }
  }, []);

  const { of, ...pressed } = state;
  return { ...(of === (executionId ?? null) ? pressed : UNPRESSED), react };
}
