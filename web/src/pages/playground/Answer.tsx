import { ExternalLink, RotateCw, Save } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { needs, useMay } from "@/api/session";
import { Button, CopyButton, IconButton, JsonView, Money, Notice, Prose, SimulatedBadge, TextLink } from "@/kit";
import { FileList } from "@/kit/execution/Attach";
import { SaveItem } from "@/kit/execution/SaveItem";
import { Thumbs } from "@/kit/execution/Thumbs";
import { beforeTrying, whereToLook } from "@/kit/execution/trouble";
import { classes } from "@/lib/classes";
import { NONE, count, duration } from "@/lib/format";
import type { Phase, Run } from "./runs";

const TICK_MS = 100;
const WORDS: Record<Phase, string> = { running: "Answering", done: "Done", failed: "Failed", stopped: "Stopped", lost: "Connection lost" };

/** The way to ask once more. `why`: why it cannot be asked now. */
type Again = { run: () => void; why: string | undefined };

/** What came back, while it comes. */
export function Answer({ run, isEarlier, name, alone, model, again, onResume }: { run: Run | null; /** Something else is asked for by now. */ isEarlier: boolean; name: string; alone: boolean; /** Which was asked. */ model: string; again: Again; onResume: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  // The button goes with the trouble that it stands in: the focus stays at the answer.
  const then = (act: () => void) => () => {
    box.current?.focus({ preventScroll: true });
    act();
  };
  const frame = classes("flex min-w-0 flex-col border-t border-line", alone && "md:min-h-64 md:border-t-0 md:border-l");
  if (!run) return <div className={classes(frame, "min-h-24 bg-sunken px-3 py-4 text-13 text-muted")}>The answer comes here.</div>;
  const isRunning = run.phase === "running";
  return (
    <div ref={box} tabIndex={-1} role="group" aria-label={`Answer ${name}`} aria-busy={isRunning || undefined} className={frame}>
      <div className="flex min-h-32 flex-1 flex-col gap-2 p-3">
        {isEarlier ? <p role="status" className="text-12 text-muted">Of what stood here before: it has been changed since.</p> : null}
        <FileList label={alone ? "Files that were sent" : `Files that were sent to ${name}`} files={run.request.files ?? []} />
        {run.text ? <Prose text={run.text} plain={isRunning} /> : isRunning ? <span aria-hidden className="pulse h-4 w-2 bg-accent" /> : run.phase === "done" && !run.outcome?.tool_calls ? <p className="text-13 text-muted">The model said nothing.</p> : null}
        {run.outcome?.tool_calls ? <JsonView label="Tool calls" value={run.outcome.tool_calls} /> : null}
        <Trouble run={run} model={model} again={{ ...again, run: then(again.run) }} onResume={then(onResume)} />
      </div>
      <Numbers run={run} />
      {isRunning ? null : <Acts run={run} />}
    </div>
  );
}

function Trouble({ run, model, again, onResume }: { run: Run; model: string; again: Again; onResume: () => void }) {
  if (run.phase === "lost") {
    return (
      <Notice
        tone="warn"
        title="The connection was lost."
        action={
          <Button size="s" icon={<RotateCw size={12} aria-hidden />} onClick={onResume}>
            Fetch the answer
          </Button>
        }
      >
        What had come stays here. It is asked for again when the connection is back, and does not run twice.
      </Notice>
    );
  }
  if (run.phase !== "failed" || !run.error) return null;
  const { error } = run;
  const isStopped = error.code === "cancelled";
  const where = whereToLook({ code: error.code, guardrail: typeof error.details.guardrail === "string" ? error.details.guardrail : undefined }, run.outcome?.model ?? model);
  return (
    <div role="alert">
      <Notice tone="bad" title={isStopped ? "The model was stopped." : "It failed."}>
        {error.message} {where?.advice} {isStopped ? null : beforeTrying(error)}
        {error.requestId ? <span className="block text-12 break-all text-muted">Request {error.requestId}</span> : null}
        <span className="mt-2 flex flex-wrap items-center gap-3">
          <Button size="s" icon={<RotateCw size={12} aria-hidden />} onClick={again.run} disabled={again.why !== undefined} why={again.why}>
            Try again
          </Button>
          {where ? (
            <TextLink to={where.to} search={where.search} className="text-13">
              {where.words}
            </TextLink>
          ) : null}
        </span>
      </Notice>
    </div>
  );
}

/** Time to the first token, whole time, tokens and cost: by this browser's clock while it runs, then as the gateway booked it. */
function Numbers({ run }: { run: Run }) {
  const now = useNow(run.phase === "running");
  const { outcome } = run;
  const firstMs = outcome ? outcome.first_token_ms : run.firstMs;
  const totalMs = outcome ? outcome.latency_ms : (run.totalMs ?? now - run.startedMs);
  return (
    <div className="@container">
    <dl className="grid grid-cols-2 gap-px border-t border-line bg-line @min-[340px]:grid-cols-[1fr_1fr_0.9fr_1.2fr]">
      <Measure label="First token">{firstMs === null ? NONE : duration(firstMs)}</Measure>
      <Measure label="Time">{duration(run.phase === "running" ? Math.floor(totalMs / TICK_MS) * TICK_MS : totalMs)}</Measure>
      <Measure label="Tokens" title={outcome ? `${count(outcome.usage.input_tokens)} in, ${count(outcome.usage.output_tokens)} out` : undefined}>
        {outcome ? count(outcome.usage.input_tokens + outcome.usage.output_tokens) : NONE}
      </Measure>
      <Measure label="Cost">{outcome ? <Money nusd={outcome.cost_nusd} /> : NONE}</Measure>
    </dl>
    </div>
  );
}

function Measure({ label, title, children }: { label: string; title?: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col bg-panel px-3 py-1.5" title={title}>
      <dt className="truncate text-12 text-muted">{label}</dt>
      <dd className="numeric truncate text-13 font-medium">{children}</dd>
    </div>
  );
}

function Acts({ run }: { run: Run }) {
  const may = useMay();
  const [saving, setSaving] = useState(false);
  const { executionId: id, outcome } = run;
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1 border-t border-line px-3 py-1.5">
      <span role="status" className={classes("text-12", run.phase === "done" ? "text-muted" : "font-medium")}>
        {WORDS[run.phase]}
      </span>
      {outcome?.simulated ? <SimulatedBadge /> : null}
      <span className="ml-auto flex items-center gap-0.5">
        {id && run.phase !== "failed" ? <Thumbs executionId={id} /> : null}
        {run.text ? <CopyButton text={run.text} label="Copy the answer" /> : null}
        {id && run.text ? <IconButton size="s" label="Save as a dataset item" disabled={!may.edit} why={needs("editor")} icon={<Save size={14} aria-hidden />} onClick={() => setSaving(true)} /> : null}
        {id ? (
          <TextLink to={`/runs/${id}`} className="ml-1 inline-flex items-center gap-1 text-12">
            This run <ExternalLink size={12} aria-hidden />
          </TextLink>
        ) : null}
      </span>
      {id ? <SaveItem open={saving} onOpenChange={setSaving} item={{ executionId: id, prompt: typeof run.request.body["prompt"] === "string" ? run.request.body["prompt"] : null, input: run.request.input, expected: run.text }} /> : null}
    </div>
  );
}

/** The time of the browser's clock, some times a second while something runs. */
function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!isTicking) return undefined;
    const timer = setInterval(() => setNow(performance.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isTicking]);
  return isTicking ? Math.max(now, performance.now()) : now;
}
