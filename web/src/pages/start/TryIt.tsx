import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState } from "react";
import { newIdempotencyKey } from "@/api/client";
import { change, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { useMutation } from "@tanstack/react-query";
import { Button, Duration, Field, FormError, Loaded, Money, Prose, SimulatedBadge, Textarea, TextLink } from "@/kit";
import { variablesOf } from "./variables";

type Answer = { id: string; output: string | null; simulated: boolean; cost_nusd: number; latency_ms: number; version: number | null };

const SAMPLE = "I was charged twice for my subscription this month";

/** One run of the prompt with values typed here, and a thumb for its answer. */
export function TryIt({ prompt, onRun, onReaction }: { prompt: string; onRun: () => void; onReaction: () => void }) {
  const found = useRead("/v1/prompts/{slug}", { path: { slug: prompt } });
  return <Loaded of={found}>{(version) => <Form prompt={prompt} names={variablesOf((version as { messages?: unknown }).messages)} onRun={onRun} onReaction={onReaction} />}</Loaded>;
}

function Form({ prompt, names, onRun, onReaction }: { prompt: string; names: readonly string[]; onRun: () => void; onReaction: () => void }) {
  const may = useMay();
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(names.map((name, index) => [name, index === 0 ? SAMPLE : ""])));
  const run = useMutation({
    mutationFn: () => change("post", "/v1/executions", { body: { prompt, variables: values, response_shape: "with_metadata" }, headers: { "Idempotency-Key": newIdempotencyKey() } } as never) as Promise<unknown> as Promise<Answer>,
    onSuccess: () => {
      thumb.reset();
      onRun();
    },
  });
  const thumb = useMutation({
    mutationFn: (way: "up" | "down") => change("post", "/v1/feedback", { body: { execution_id: run.data?.id, thumb: way } } as never),
    onSuccess: onReaction,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        run.mutate();
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
            <Button size="s" icon={<ThumbsUp size={14} aria-hidden />} onClick={() => thumb.mutate("up")} disabled={!may.edit || thumb.isSuccess} why={may.edit ? undefined : needs("editor")}>
              Good
            </Button>
            <Button size="s" icon={<ThumbsDown size={14} aria-hidden />} onClick={() => thumb.mutate("down")} disabled={!may.edit || thumb.isSuccess} why={may.edit ? undefined : needs("editor")}>
              Bad
            </Button>
            <span className="text-12 text-muted">{thumb.isSuccess ? "Noted, and joined to this version." : null}</span>
            <TextLink to={`/runs/${run.data.id}`} className="ml-auto text-12">
              This run
            </TextLink>
          </div>
          <FormError error={thumb.error} />
        </div>
      ) : null}
    </form>
  );
}
