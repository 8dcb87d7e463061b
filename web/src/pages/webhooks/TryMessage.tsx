import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/api/hooks";
import { Button, Field, FormError, JsonView, Notice, Textarea } from "@/kit";
import { type Mapping, type Trial, messageOf } from "./inbound";

const EXAMPLE = '{"type": "rating.created", "data": {"ticket": {"execution": "…"}, "rating": 5}}';

/** What a message would come to, by an endpoint or by a mapping that is not saved. Nothing is kept. */
export function TryMessage({ inboundId, revision, mapping, missing }: { inboundId?: string; /** Another one where the endpoint was changed. */ revision?: string | null; mapping?: Mapping; /** What the mapping lacks. */ missing?: string | null }) {
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  const attempt = useChange("post", "/v1/inbound-endpoints/try");
  const { payload, fault } = messageOf(typed);
  const of = JSON.stringify([typed, mapping, revision]);
  // What was said of another message, or by another mapping, says nothing of this one.
  const isOf = asked === of;
  const submit = () => {
    if (payload === null || missing || attempt.isPending) return;
    setAsked(of);
    attempt.mutate({ body: { payload, ...(inboundId ? { inbound_id: inboundId } : { mapping }) } as never });
  };
  return (
    // Within a form that saves, the keys that send mean this message.
    <div data-own-keys className="flex min-w-0 flex-col gap-3">
      <Field label="Try a message" hint="As the other system sends it. No signature is asked for, and nothing is kept." error={fault}>
        <Textarea mono rows={4} value={typed} onChange={(event) => setTyped(event.target.value)} onKeyDown={(event) => (event.key === "Enter" && (event.metaKey || event.ctrlKey) ? submit() : undefined)} placeholder={EXAMPLE} />
      </Field>
      <div>
        <Button size="s" icon={<FlaskConical size={14} aria-hidden />} busy={attempt.isPending} disabled={payload === null || Boolean(missing)} why={missing ? `Say ${missing}.` : "Write a message first."} onClick={submit}>
          See what it comes to
        </Button>
      </div>
      <div aria-live="polite" className="min-w-0">
        {isOf && attempt.error ? <FormError error={attempt.error} /> : isOf && attempt.data ? <Outcome of={attempt.data} /> : null}
      </div>
    </div>
  );
}

function Outcome({ of }: { of: Trial }) {
  if (of.outcome === "left_alone") return <Notice title="It would be left alone.">The condition does not hold.</Notice>;
  if (of.problem) return <Notice tone="bad" title="It would be refused.">{of.problem.message}</Notice>;
  return (
    <div className="flex flex-col gap-2">
      <Notice tone="ok" title="It would be taken.">{of.message_id ? `Repeats are known by ${of.message_id}.` : null}</Notice>
      <JsonView label="Feedback" value={of.feedback ?? {}} />
    </div>
  );
}
