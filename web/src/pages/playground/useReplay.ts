import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Schema } from "@/api/client";
import { read } from "@/api/hooks";
import { type Execution, type Underway, isUnderway } from "@/kit/execution/types";
import { toast, toastError } from "@/kit";
import type { PromptTemplate } from "@/lib/template";
import type { Search } from "@/lib/url-state";
import { type Playground, playgroundOf, writePlayground } from "./state";
import { templateOf } from "./useColumn";
import { byMe } from "./usePlayground";

/** What its prompt said; null where that is not to be had, and its variables stay as they are. The column itself says why. */
async function templateOfRun({ prompt, version }: Execution, signal: AbortSignal): Promise<PromptTemplate | null> {
  if (!prompt) return null;
  try {
    return templateOf((await read("/v1/prompts/{slug}", { path: { slug: prompt }, query: version === null ? {} : { version } }, signal)) as Schema<"PromptAnswer">);
  } catch {
    return null;
  }
}

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
      .then(async (found) => {
        const isRunning = isUnderway(found as Execution | Underway);
        if (isRunning) toast("This run has not ended yet: open it again once it has.");
        const template = isRunning ? null : await templateOfRun(found as Execution, abort.signal);
        if (!abort.signal.aborted) show(isRunning ? undefined : playgroundOf(found as Execution, template));
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
