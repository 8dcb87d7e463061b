import { X } from "lucide-react";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { CHIP, CHIPS, Checkbox, Combobox, Field, FieldFault, IconButton, Input, Notice, errorFor, takeChip } from "@/kit";
import { plural } from "@/lib/format";
import { Condition } from "./Condition";
import { EventPicker } from "./EventPicker";
import { Headers } from "./Headers";
import { type Draft, type Include, faultsOf, labelsOf } from "./draft";
import { type Kind, neverSent } from "./events";

/** Of the part that is folded away. */
const FOLDED = ["headers", "throttle_per_minute", "order_wait_s", "include"];
const TEXTS: readonly { value: Include; label: string }[] = [
  { value: "messages", label: "What was asked" },
  { value: "variables", label: "Variables" },
  { value: "output", label: "The answer" },
];

/** Everything that can be said of an endpoint. `sent`: the draft that `error` is about. `anew`: which headers are to be typed again, and why. */
export function EndpointFields({ draft, set, kinds, error, sent, anew }: { draft: Draft; set: (changed: Partial<Draft>) => void; kinds: readonly Kind[]; error: unknown; sent: Draft | null; anew?: string | null }) {
  const faults = faultsOf(draft);
  const [isSet] = useState(draft.headers.length > 0 || draft.throttle !== "" || draft.ordered || draft.include.length > 0 || draft.ed25519);
  const isWrong = FOLDED.some((name) => errorFor(error, name));
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-[3fr_2fr]">
        <Field label="Address" hint="https, reachable from here. It gets POSTs." error={errorFor(error, "url")} required>
          <Input mono autoFocus type="url" value={draft.url} onChange={(event) => set({ url: event.target.value })} placeholder="https://hooks.example.com/burnish" />
        </Field>
        <Field label="Name" hint="What it is for." error={errorFor(error, "description")}>
          <Input value={draft.description} onChange={(event) => set({ description: event.target.value })} placeholder="Ticket desk" maxLength={500} />
        </Field>
      </div>
      <EventPicker kinds={kinds} value={draft.events} onChange={(events) => set({ events })} error={errorFor(error, "events")} />
      <Narrower draft={draft} set={set} kinds={kinds} error={error} sent={sent} />
      <details className="group rounded-m border border-line" open={isSet || isWrong}>
        <summary className="cursor-pointer rounded-m px-3 py-2 text-13 font-medium">How it is sent: headers, pace, order, texts</summary>
        <div className="flex flex-col gap-4 border-t border-line p-3">
          <Headers rows={draft.headers} onChange={(headers) => set({ headers })} error={anew ?? errorFor(error, "headers")} />
          <div className="grid items-end gap-4 sm:grid-cols-2">
            <Field label="Most attempts a minute" hint="What is above waits. Empty: no limit." error={faults.throttle ?? errorFor(error, "throttle_per_minute")}>
              <Input inputMode="numeric" value={draft.throttle} onChange={(event) => set({ throttle: event.target.value })} />
            </Field>
            {draft.ordered ? (
              <Field label="Longest wait, minutes" hint="Of an event behind a failing one." error={faults.orderWaitMin ?? errorFor(error, "order_wait_s")}>
                <Input inputMode="decimal" value={draft.orderWaitMin} onChange={(event) => set({ orderWaitMin: event.target.value })} />
              </Field>
            ) : null}
          </div>
          <Checkbox label="In order" hint="An event waits until earlier ones of the same object have arrived." checked={draft.ordered} onChange={(event) => set({ ordered: event.target.checked })} />
          <fieldset className="flex flex-col gap-1.5">
            <legend className="mb-1 text-13 font-medium">Texts of executions in the body</legend>
            {TEXTS.map(({ value, label }) => (
              <Checkbox key={value} label={label} checked={draft.include.includes(value)} onChange={() => set({ include: draft.include.includes(value) ? draft.include.filter((one) => one !== value) : [...draft.include, value] })} />
            ))}
            <FieldFault text={errorFor(error, "include")} />
          </fieldset>
          <Checkbox label="Sign by ed25519 too" hint="Receivers then verify by a public key and hold no secret." checked={draft.ed25519} onChange={(event) => set({ ed25519: event.target.checked })} />
        </div>
      </details>
    </>
  );
}

/** Filters and the condition, and what of the chosen events they can never let through. */
function Narrower({ draft, set, kinds, error, sent }: { draft: Draft; set: (changed: Partial<Draft>) => void; kinds: readonly Kind[]; error: unknown; sent: Draft | null }) {
  const prompts = usePromptChoices();
  const never = neverSent(draft.events, kinds, { prompts: draft.prompts, labels: labelsOf(draft.labels) });
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <div {...CHIPS} className="flex min-w-0 flex-col gap-1">
          <span className="text-13 font-medium">Only of these prompts</span>
          <Combobox label="Add a prompt" value={null} placeholder="All prompts" {...prompts} onChange={(slug) => slug && !draft.prompts.includes(slug) && set({ prompts: [...draft.prompts, slug] })} className="w-full" />
          {draft.prompts.length > 0 ? (
            <ul className="flex flex-wrap gap-1 pt-1">
              {draft.prompts.map((slug) => (
                <li key={slug} className="inline-flex h-6 max-w-full items-center rounded-s bg-accent-soft pl-2 font-mono text-12">
                  <span className="truncate">{slug}</span>
                  <IconButton {...CHIP} label={`Take ${slug} away`} size="s" icon={<X size={12} aria-hidden />} onClick={(event) => takeChip(event, slug, () => set({ prompts: draft.prompts.filter((one) => one !== slug) }))} className="h-6! w-6!" />
                </li>
              ))}
            </ul>
          ) : null}
        </div>
        <Field label="Only with these labels" error={errorFor(error, "filters")}>
          <Input mono value={draft.labels} onChange={(event) => set({ labels: event.target.value })} placeholder="All labels" />
        </Field>
      </div>
      {never.length > 0 ? (
        <Notice tone="warn" title={`${plural(never.length, "event")} will never be sent:`}>
          {never.map((one) => one.type).join(", ")}. {never.length === 1 ? "It names" : "They name"} no such prompt or label.
        </Notice>
      ) : null}
      <Condition value={draft.condition} onChange={(condition) => set({ condition })} error={errorFor(error, "condition")} checked={sent?.condition ?? ""} />
    </>
  );
}
