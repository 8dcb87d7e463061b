import { useQueryClient } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import type { Schema } from "@/api/client";
import { ApiError } from "@/api/errors";
import { invalidate } from "@/api/hooks";
import { sendLines } from "@/api/lines";
import { Button, CodeBlock, Dialog, FormError, Notice } from "@/kit";
import { Progress } from "@/kit/Progress";
import { count, plural } from "@/lib/format";
import { textOfFile } from "@/lib/text-of-file";
import { partsOf } from "./parts";

type Answer = Schema<"ImportAnswer">;
type Refused = { line: number; message: string };
type State = { name: string; done: number; total: number; accepted: number; refused: Refused[]; unknown: string[]; ended: boolean };

const EXAMPLE = `{"source": "desk", "id": "ticket-17", "model": "gpt-5", "provider": "openai", "finished_at": "2026-11-20T12:00:00Z",
 "latency_ms": 800, "input_tokens": 120, "output_tokens": 20, "prompt": "triage", "version": 3, "output": "billing"}`;
const exporterTo = (url: string) => `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}/v1/otlp/v1/traces
OTEL_EXPORTER_OTLP_TRACES_HEADERS="authorization=Bearer bk_live_…"`;
const REFUSED_SHOWN = 10;

/** Calls of models that did not go through Burnish, from a file of JSON lines. */
export function ImportRuns({ onClose }: { onClose: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const queries = useQueryClient();
  const [state, setState] = useState<State | null>(null);
  const [error, setError] = useState<unknown>(null);
  const isAtWork = state !== null && !state.ended && error === null;
  const take = async (file: File | undefined) => {
    if (!file) return;
    setError(null);
    let parts: ReturnType<typeof partsOf>;
    try {
      parts = partsOf(textOfFile(await file.arrayBuffer()));
    } catch (unread) {
      setState(null);
      setError(unread);
      if (input.current) input.current.value = "";
      return;
    }
    const total = parts.reduce((sum, part) => sum + part.lines, 0);
    let now: State = { name: file.name, done: 0, total, accepted: 0, refused: [], unknown: [], ended: total === 0 };
    setState(now);
    try {
      for (const part of parts) {
        // One that is lost may be sent again: each run counts once, by its source and id.
        const answer = await sendLines<Answer>("/v1/executions/import", part.text).catch(noneOf);
        const refused = answer.results.flatMap((one) => (one.error ? [{ line: part.from + one.line - 1, message: one.error.message }] : []));
        now = { ...now, done: now.done + part.lines, accepted: now.accepted + answer.accepted, refused: [...now.refused, ...refused], unknown: [...new Set([...now.unknown, ...(answer.unknown_prompts ?? [])])] };
        setState(now);
      }
    } catch (failed) {
      setError(failed);
    } finally {
      setState({ ...now, ended: true });
      if (input.current) input.current.value = "";
      void invalidate(queries, ["/v1/executions", "/v1/analytics"]);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => (open || isAtWork ? undefined : onClose())}
      title="Bring in runs"
      description="Calls of models that did not go through Burnish: they are shown and counted like your own, and cost nothing."
      footer={
        <Button onClick={onClose} disabled={isAtWork} variant={state?.ended ? "primary" : undefined}>
          {state?.ended ? "Done" : "Close"}
        </Button>
      }
    >
      <div className="flex min-w-0 flex-col gap-4">
        <input ref={input} type="file" accept=".jsonl,.ndjson,.json,.txt,application/x-ndjson" aria-label="File of runs" className="sr-only" tabIndex={-1} onChange={(event) => void take(event.target.files?.[0])} />
        <div className="flex flex-wrap items-center gap-3">
          <Button icon={<FileUp size={14} aria-hidden />} busy={isAtWork} onClick={() => input.current?.click()}>
            {state ? "Choose another file" : "Choose a file"}
          </Button>
          <span className="text-13 text-muted">JSON lines, one run a line. Sent again, each counts once.</span>
        </div>
        {state ? (
          <div className="flex flex-col gap-3" role="status" aria-label="What became of it">
            {state.total === 0 ? <Notice tone="warn">{state.name} is empty.</Notice> : <Progress label={`Lines of ${state.name}`} done={state.done} total={state.total} words={`${count(state.done)} of ${plural(state.total, "line")}`} />}
            {state.ended && state.total > 0 ? (
              <Notice tone={state.refused.length > 0 || error ? "warn" : "ok"} title={`${plural(state.accepted, "run")} brought in.`}>
                {state.refused.length > 0 ? `${plural(state.refused.length, "line")} could not be taken.` : ""}
              </Notice>
            ) : null}
            {state.refused.length > 0 ? (
              <ul aria-label="Lines that could not be taken" className="flex flex-col gap-1 text-13">
                {state.refused.slice(0, REFUSED_SHOWN).map((one) => (
                  <li key={one.line} className="wrap-anywhere">
                    <span className="text-muted">Line {count(one.line)}:</span> {one.message}
                  </li>
                ))}
                {state.refused.length > REFUSED_SHOWN ? <li className="text-muted">and {count(state.refused.length - REFUSED_SHOWN)} more</li> : null}
              </ul>
            ) : null}
            {state.unknown.length > 0 ? <Notice tone="warn" title="No prompt is called so:">{state.unknown.join(", ")}. What names them is counted under these names; perhaps one is misspelt.</Notice> : null}
          </div>
        ) : (
          <>
            <CodeBlock wrap label="One line" code={EXAMPLE} />
            <div className="flex flex-col gap-2 border-t border-line pt-4">
              <p className="text-13 text-muted">Or as they happen, by an OTLP exporter: spans in the words of OpenTelemetry, OpenInference, Langfuse or Vercel's AI SDK.</p>
              <CodeBlock wrap label="Where the exporter sends" code={exporterTo(window.location.origin)} />
            </div>
          </>
        )}
        <FormError error={error} />
      </div>
    </Dialog>
  );
}

/** Where not one line of a part was taken, the refusal tells of each what an answer would have told. */
function noneOf(error: unknown): Answer {
  if (error instanceof ApiError && error.status === 422 && Array.isArray(error.details["results"])) return error.details as unknown as Answer;
  throw error;
}
