import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { read } from "@/api/hooks";
import { type Execution, type Underway, isUnderway } from "@/kit/execution/types";
import { toast, toastError } from "@/kit";
import type { Search } from "@/lib/url-state";
import { type Playground, playgroundOf, writePlayground } from "./state";
import { byMe } from "./usePlayground";

/** `?run=…` becomes the columns and values that repeat that run. `given`: the same with its files, which go into no address. */
export function useReplay(): { isReady: boolean; given: Playground | undefined } {
  const [given, setGiven] = useState<Playground>();
  const { run } = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  useEffect(() => {
    if (!run) return undefined;
    const abort = new AbortController();
    const show = (repeated: Playground | undefined) => {
      setGiven(repeated);
      const { search, hash } = repeated ? writePlayground(repeated) : { search: {}, hash: "" };
      void navigate({ to: ".", search: search as never, hash, state: byMe(), replace: true });
    };
    read("/v1/executions/{execution_id}", { path: { execution_id: String(run) } }, abort.signal)
      .then((found) => {
        const isRunning = isUnderway(found as Execution | Underway);
        if (isRunning) toast("This run has not ended yet: open it again once it has.");
        show(isRunning ? undefined : playgroundOf(found as Execution));
      })
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        toastError(error);
        show(undefined);
      });
    return () => abort.abort();
  }, [run, navigate]);
  return { isReady: !run, given };
}
