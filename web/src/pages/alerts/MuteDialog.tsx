import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useChange } from "@/api/hooks";
import { Combobox, Field, FormDialog, Input, Select, errorFor, toast } from "@/kit";
import { KINDS, KIND_WORDS, type Kind } from "./words";

const HOUR_MS = 3_600_000;
const LENGTHS = [
  { value: "1", label: "For an hour" },
  { value: "8", label: "For 8 hours" },
  { value: "24", label: "For a day" },
  { value: "168", label: "For a week" },
  { value: "720", label: "For 30 days" },
] as const;

/** Has alerts of a kind, of a prompt, of both or all told to nobody for a while. */
export function MuteDialog({ open, onOpenChange, kind = null, prompt = null }: { open: boolean; onOpenChange: (open: boolean) => void; kind?: Kind | null; prompt?: string | null }) {
  return open ? <Muting onOpenChange={onOpenChange} kind={kind} prompt={prompt} /> : null;
}

function Muting({ onOpenChange, kind: firstKind, prompt: firstPrompt }: { onOpenChange: (open: boolean) => void; kind: Kind | null; prompt: string | null }) {
  const [kind, setKind] = useState<Kind | null>(firstKind);
  const [prompt, setPrompt] = useState(firstPrompt);
  const [hours, setHours] = useState<(typeof LENGTHS)[number]["value"]>("24");
  const [reason, setReason] = useState("");
  const prompts = usePromptChoices();
  const mute = useChange("put", "/v1/alert-mutes", { invalidates: ["/v1/alert-mutes", "/v1/alerts"] });
  const submit = () =>
    mute.mutate(
      { body: { kind, prompt, until: new Date(Date.now() + Number(hours) * HOUR_MS).toISOString(), reason: reason.trim() } },
      {
        onSuccess: () => {
          onOpenChange(false);
          toast("Muted: such alerts are kept and told to nobody");
        },
      },
    );
  return (
    <FormDialog open onOpenChange={onOpenChange} title="Mute alerts" description="They are still raised and kept here, and told to nobody meanwhile. What is still open when the mute is over is told then." submit="Mute" onSubmit={submit} busy={mute.isPending} error={mute.error}>
      <Field label="Kind" error={errorFor(mute.error, "kind")}>
        <Select value={kind} empty="Every kind" onChange={(next) => setKind(next || null)} options={KINDS.map((one) => ({ value: one, label: KIND_WORDS[one] }))} />
      </Field>
      <Field label="Prompt" error={errorFor(mute.error, "prompt")}>
        <Combobox label="Prompt" value={prompt} clear="All prompts" {...prompts} onChange={setPrompt} />
      </Field>
      <Field label="How long" error={errorFor(mute.error, "until")}>
        <Select value={hours} onChange={setHours} options={LENGTHS} />
      </Field>
      <Field label="Why" hint="Others see it." error={errorFor(mute.error, "reason")}>
        <Input value={reason} onChange={(event) => setReason(event.target.value)} placeholder="load test" />
      </Field>
    </FormDialog>
  );
}
