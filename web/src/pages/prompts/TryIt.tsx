import { Play, Square } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { type Schema, newIdempotencyKey } from "@/api/client";
import { asApiError } from "@/api/errors";
import { executionStream, perFrame } from "@/api/stream";
import { Button, Duration, ErrorState, Money, Notice, Prose, Section, SimulatedBadge, StatusBadge, TextLink, toast } from "@/kit";
import { Thumbs } from "@/kit/execution/Thumbs";
import { firstPress } from "@/lib/first-press";
import { count } from "@/lib/format";
import { render } from "@/lib/template";
import { MOD } from "@/shell/keys";
import type { Draft } from "./draft";
import type { Values } from "./samples";

type Outcome = Schema<"Outcome">;
type Trial = { text: string; isRunning: boolean; outcome: Outcome | null; error: unknown; of: string };
/** What was sent last, under which key, and whether its answer was lost on the way. */
type Sent = { body: string; key: string; isLost: boolean };

const SETTINGS = ["temperature", "max_tokens", "top_p", "frequency_penalty", "presence_penalty", "stop", "seed", "reasoning_effort", "response_format", "tools", "tool_choice", "extra"];

export type Running = { trial: Trial | null; why: string | null; start: () => void; stop: () => void };

/** Runs the draft with the sample values, as a stream. A saved version runs as what it is, a draft as messages of its own. */
export function useTrial(slug: string, draft: Draft, found: Values | null): Running {
  const [trial, setTrial] = useState<Trial | null>(null);
  const running = useRef<AbortController | null>(null);
  const last = useRef<Sent | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const why = draft.template.error
    ? "The text has a mistake."
    : found && found.missing.length > 0
      ? `Give a sample value: ${found.missing.join(", ")}.`
      : found && Object.keys(found.faults).length > 0
        ? "A sample value has the wrong type."
        : null;

  const start = () => {
    if (why || !found || !draft.template.template) {
      if (why) toast(why);
      return;
    }
    // By its keys as well: one run at a time, each is paid for.
    if (running.current?.signal.aborted === false) return;
    const control = new AbortController();
    running.current = control;
    const of = draft.changed.length === 0 ? `v${draft.base.version}` : "the draft";
    setTrial({ text: "", isRunning: true, outcome: null, error: null, of });
    const put = (changes: (before: Trial) => Trial) => running.current === control && setTrial((before) => (before ? changes(before) : before));
    const texts = perFrame<string>((gathered) => put((before) => ({ ...before, text: before.text + gathered.join("") })));
    const body = bodyOf(slug, draft, found);
    const sent = sentAgain(last.current, JSON.stringify(body)) ?? { body: JSON.stringify(body), key: newIdempotencyKey(), isLost: false };
    sent.isLost = false;
    last.current = sent;
    void follow(body, { signal: control.signal, key: sent.key, push: texts.push })
      .then((outcome) => {
        texts.flush();
        put((before) => ({ ...before, isRunning: false, outcome, text: outcome?.output ?? before.text }));
      })
      .catch((error: unknown) => {
        texts.flush();
        if (control.signal.aborted) return; // Stopped by whoever asked: not a failure.
        sent.isLost = error instanceof BrokeOff || asApiError(error).isConnection;
        put((before) => ({ ...before, isRunning: false, error }));
      })
      .finally(() => {
        if (running.current === control) running.current = null;
      });
  };
  const stop = () => {
    running.current?.abort();
    setTrial((before) => (before ? { ...before, isRunning: false } : before));
  };
  return { trial, why, start, stop };
}

function bodyOf(slug: string, draft: Draft, { values }: Values): object {
  const about = { app: "burnish-page" };
  if (draft.changed.length === 0) return { ...about, prompt: slug, version: draft.base.version, variables: values };
  const { template } = draft.template;
  const { content } = draft;
  return {
    ...about,
    messages: template ? render(template, values).messages : [],
    model: content.model,
    overrides: Object.fromEntries(SETTINGS.filter((field) => content[field] !== undefined).map((field) => [field, content[field]])),
    ...(content.fallback_models ? { fallback_models: content.fallback_models } : {}),
  };
}

/** The request before, where its answer was lost and the same is asked once more: under its key it neither runs nor costs again. */
export function sentAgain(last: Sent | null, body: string): Sent | null {
  return last?.isLost && last.body === body ? last : null;
}

class BrokeOff extends Error {
  constructor() {
    super("The answer broke off before its end. Run it again to get the rest: it is not paid twice.");
  }
}

async function follow(body: object, { signal, key, push }: { signal: AbortSignal; key: string; push: (text: string) => void }): Promise<Outcome | null> {
  for await (const event of executionStream(body, { key, signal })) {
    const data = JSON.parse(event.data) as { text?: string; error?: { message: string } };
    if (event.event === "delta") push(data.text ?? "");
    else if (event.event === "done") return data as unknown as Outcome;
    else if (event.event === "error") throw new Error(data.error?.message ?? "The run failed.");
  }
  if (!signal.aborted) throw new BrokeOff();
  return null;
}

export function TryIt({ running, mayRun }: { running: Running; mayRun: boolean }) {
  const { trial, why, start, stop } = running;
  const { outcome } = trial ?? {};
  return (
    <Section
      framed
      title="Try it"
      actions={
        trial?.isRunning ? (
          <Button icon={<Square size={12} aria-hidden />} onClick={firstPress(stop)}>
            Stop
          </Button>
        ) : (
          <Button icon={<Play size={14} aria-hidden />} onClick={start} disabled={!mayRun || why !== null} why={why ?? "You may not run prompts here."} title={`${MOD}Enter`}>
            Run
          </Button>
        )
      }
    >
      {trial === null ? (
        <p className="text-13 text-muted">{why ?? "Runs what stands here with the sample values, saved or not."}</p>
      ) : (
        <div className="flex min-h-16 flex-col gap-3">
          {trial.error ? <ErrorState error={asApiError(trial.error)} /> : null}
          {trial.text ? <Prose text={trial.text} className={trial.isRunning ? "text-muted" : undefined} /> : trial.isRunning ? <p className="text-13 text-muted">Waiting for the first words…</p> : null}
          {outcome ? <End outcome={outcome} of={trial.of} /> : null}
          {!trial.isRunning && !outcome && !trial.error ? <Notice>Stopped.</Notice> : null}
        </div>
      )}
      <p role="status" className="sr-only">
        {trial?.isRunning ? "Running" : outcome ? `Answered: ${outcome.output ?? outcome.status}` : ""}
      </p>
    </Section>
  );
}

function End({ outcome, of }: { outcome: Outcome; of: string }) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-t border-line pt-2 text-12 text-muted">
      {outcome.status === "success" ? null : <StatusBadge status={outcome.status} />}
      <span>{of}</span>
      <Duration ms={outcome.latency_ms} />
      <span className="numeric">
        {count(outcome.usage.input_tokens)} in, {count(outcome.usage.output_tokens)} out
      </span>
      <Money nusd={outcome.cost_nusd} />
      {outcome.simulated ? <SimulatedBadge /> : null}
      <TextLink to={`/runs/${outcome.id}`}>Run</TextLink>
      <span className="ml-auto">
        <Thumbs key={outcome.id} executionId={outcome.id} />
      </span>
    </div>
  );
}
