import { useRef, useState } from "react";
import { newIdempotencyKey } from "@/api/client";
import { asApiError } from "@/api/errors";
import { change, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { useMutation } from "@tanstack/react-query";
import { Thumbs } from "@/kit/execution/Thumbs";
import { Button, Duration, Field, FormError, Loaded, Money, Prose, SimulatedBadge, Textarea, TextLink } from "@/kit";
import { variablesOf } from "./variables";

type Answer = { id: string; output: string | null; simulated: boolean; cost_nusd: number; latency_ms: number; version: number | null };

const REPEATS = 40;
const SAMPLE = "I was charged twice for my subscription this month";

/** One run of the prompt with values typed here, and a thumb for its answer. */
export function TryIt({ prompt, onRun, onReaction }: { prompt: string; onRun: () => void; onReaction: () => void }) {
  const found = useRead("/v1/prompts/{slug}", { path: { slug: prompt } });
  return <Loaded of={found}>{(version) => <Form prompt={prompt} names={variablesOf((version as { messages?: unknown }).messages)} onRun={onRun} onReaction={onReaction} />}</Loaded>;
}

function Form({ prompt, names, onRun, onReaction }: { prompt: string; names: readonly string[]; onRun: () => void; onReaction: () => void }) {
  const may = useMay();
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(names.map((name, index) => [name, index === 0 ? SAMPLE : ""])));
  const [liked, setLiked] = useState<string | null>(null);
  // What was sent while no answer came is asked for under its key once more: it neither runs nor costs twice.
  const lost = useRef<{ body: string; key: string } | null>(null);
  const run = useMutation({
    mutationFn: ({ body, key }: { body: object; key: string }) => change("post", "/v1/executions", { body, headers: { "Idempotency-Key": key } } as never) as Promise<unknown> as Promise<Answer>,
    // The first request under this key still runs: its answer is there as soon as it has ended.
    retry: (repeat, failed) => repeat < REPEATS && asApiError(failed).status === 409 && asApiError(failed).retryable,
    retryDelay: (_, failed) => (asApiError(failed).retryAfterS ?? 1) * 1_000,
    onError: (failed, { body, key }) => {
      lost.current = asApiError(failed).isConnection ? { body: JSON.stringify(body), key } : null;
    },
    onSuccess: () => {
      lost.current = null;
      onRun();
    },
  });
  const start = () => {
    const body = { prompt, variables: values, response_shape: "with_metadata" };
    run.mutate({ body, key: lost.current?.body === JSON.stringify(body) ? lost.current.key : newIdempotencyKey() });
  };
  const answered = run.data?.id ?? "";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
      className="flex w-full max-w-2xl flex-col gap-3 rounded-l border border-line bg-panel p-4"
    >
      {names.map((name) => (
        <Field key={name} label={<code className="font-mono text-13">{name}</code>}>
          <Textarea rows={2} className="min-h-14" value={values[name] ?? ""} onChange={(event) => setValues({ ...values, [name]: event.target.value })} />
        </Field>
      ))}
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" variant="primary" busy={run.isPending} disabled={!may.run} why={needs("editor")}>
          Run
        </Button>
        {run.data ? (
          <span className="flex flex-wrap items-center gap-2 text-12 text-muted">
            <Duration ms={run.data.latency_ms} /> · <Money nusd={run.data.cost_nusd} />
            {run.data.simulated ? <SimulatedBadge /> : null}
          </span>
        ) : null}
      </div>
      <FormError error={run.error} />
      {run.data ? (
        <div role="status" className="flex flex-col gap-2 border-t border-line pt-3">
          <Prose text={run.data.output ?? ""} />
          <div className="flex flex-wrap items-center gap-2">
            <Thumbs key={answered} executionId={answered} onFirst={() => (setLiked(answered), onReaction())} />
            <span className="text-12 text-muted">{liked === answered ? "Noted, and joined to this version." : null}</span>
            <TextLink to={`/runs/${run.data.id}`} className="ml-auto text-12">
              This run
            </TextLink>
          </div>
        </div>
      ) : null}
    </form>
  );
}
