import { useMemo, useRef, useState } from "react";
import { newIdempotencyKey } from "@/api/client";
import { asApiError } from "@/api/errors";
import { change, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { stillRuns, waitMsFor } from "@/api/stream";
import { useMutation } from "@tanstack/react-query";
import { Thumbs } from "@/kit/execution/Thumbs";
import { Button, Duration, Field, FormError, Loaded, Money, Prose, SimulatedBadge, Textarea, TextLink } from "@/kit";
import type { PromptTemplate } from "@/lib/template";
import { own } from "@/lib/own";
import { valuesFor } from "@/lib/values";
import { fieldsOf, samplesOf, templateOf } from "./variables";

type Answer = { id: string; output: string | null; simulated: boolean; cost_nusd: number; latency_ms: number; version: number | null };

/** One run of the prompt with values typed here, and a thumb for its answer. */
export function TryIt({ prompt, onRun, onReaction }: { prompt: string; onRun: () => void; onReaction: () => void }) {
  const found = useRead("/v1/prompts/{slug}", { path: { slug: prompt } });
  return <Loaded of={found}>{(version) => <Form prompt={prompt} template={templateOf(version as never)} onRun={onRun} onReaction={onReaction} />}</Loaded>;
}

function Form({ prompt, template, onRun, onReaction }: { prompt: string; template: PromptTemplate | null; onRun: () => void; onReaction: () => void }) {
  const may = useMay();
  const fields = useMemo(() => fieldsOf(template), [template]);
  const [values, setValues] = useState<Record<string, string>>(() => samplesOf(fields));
  const [refused, setRefused] = useState<{ missing: readonly string[]; faults: Readonly<Record<string, string>> }>({ missing: [], faults: {} });
  const [liked, setLiked] = useState<string | null>(null);
  // What was sent while no answer came is asked for under its key once more: it neither runs nor costs twice.
  const lost = useRef<{ body: string; key: string } | null>(null);
  const run = useMutation({
    mutationFn: ({ body, key }: { body: object; key: string }) => change("post", "/v1/executions", { body, headers: { "Idempotency-Key": key } } as never) as Promise<unknown> as Promise<Answer>,
    // The first request under this key still runs: its answer is there as soon as it has ended.
    retry: stillRuns,
    retryDelay: (_, failed) => waitMsFor(failed),
    onError: (failed, { body, key }) => {
      lost.current = asApiError(failed).isConnection ? { body: JSON.stringify(body), key } : null;
    },
    onSuccess: () => {
      lost.current = null;
      onRun();
    },
  });
  const start = () => {
    const given = template ? valuesFor(template, values) : { values: {}, missing: [], faults: {} };
    setRefused(given);
    if (given.missing.length > 0 || Object.keys(given.faults).length > 0) return;
    const body = { prompt, variables: given.values, response_shape: "with_metadata" };
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
      {fields.map(({ name, isOptional, default: standard }) => (
        <Field
          key={name}
          label={<code className="font-mono text-13">{name}</code>}
          hint={isOptional ? "May be left empty." : undefined}
          error={own(values, name) ? own(refused.faults, name) : refused.missing.includes(name) ? `Give a value to ${name}.` : undefined}
        >
          <Textarea rows={2} className="min-h-14" value={own(values, name) ?? ""} placeholder={standard === undefined ? undefined : typeof standard === "string" ? standard : JSON.stringify(standard)} onChange={(event) => setValues({ ...values, [name]: event.target.value })} />
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
      {run.error && asApiError(run.error).status === 402 ? (
        <p className="text-12 text-muted">
          Whoever runs this installation adds credit under <TextLink to="/usage">Usage and plan</TextLink>; play credit will do for the simulated model.
        </p>
      ) : null}
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
