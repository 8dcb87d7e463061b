/** What could not be read for want of a service comes by itself once that is back. */
import { type Query, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { asApiError } from "./errors";
import { type Params, read, readAgain } from "./hooks";

const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 30_000;

/** Asks quietly every now and then, one after the other, for what stands on screen as an error that may pass: it is read again only when it can be,
 * so that nothing flickers, and nobody's focus goes, while it cannot. Twice as long each time: what is out may be overloaded. */
export function useBackAgain(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const asking = new AbortController();
    let waitMs = FIRST_WAIT_MS;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      const out = document.hidden ? [] : queries.getQueryCache().findAll({ type: "active", predicate: isOut });
      waitMs = out.length === 0 ? FIRST_WAIT_MS : Math.min(2 * waitMs, LONGEST_WAIT_MS);
      for (const query of out) {
        if (!(await isBack(query, asking.signal))) break;
        waitMs = FIRST_WAIT_MS;
        void readAgain(queries, (one) => one === query && isOut(one));
      }
      if (!asking.signal.aborted) timer = setTimeout(() => void look(), waitMs);
    };
    timer = setTimeout(() => void look(), waitMs);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [queries]);
}

function isOut({ state, queryKey: [, path] }: Query): boolean {
  const error = state.data === undefined && state.fetchStatus === "idle" && state.error ? asApiError(state.error) : null;
  return error !== null && error.retryable && error.status !== 429 && typeof path === "string";
}

async function isBack({ queryKey: [, path, params] }: Query, signal: AbortSignal): Promise<boolean> {
  try {
    await read(path as "/v1/prompts", params as Params<"/v1/prompts">, signal);
    return true;
  } catch (failed) {
    // Any other answer is one, and the page says it.
    return !signal.aborted && !asApiError(failed).retryable;
  }
}
