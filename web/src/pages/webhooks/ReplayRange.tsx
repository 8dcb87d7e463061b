import { useState } from "react";
import { useChange, useRead } from "@/api/hooks";
import { Checkbox, Combobox, Field, FieldFault, FormDialog, Input, errorFor, toast } from "@/kit";
import { plural } from "@/lib/format";
import type { Endpoint } from "./draft";

const ENDED = [
  { value: "exhausted", label: "Dead letters" },
  { value: "cancelled", label: "Cancelled ones" },
  { value: "delivered", label: "Delivered ones too" },
] as const;
type Ended = (typeof ENDED)[number]["value"];
const DAY_MS = 86_400_000;

/** A moment as `datetime-local` writes it, in the browser's time. */
function local(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
}

/** The moment that somebody typed; null for what is none, such as one whose year has a digit too many. */
function momentOf(typed: string): string | null {
  const ms = Date.parse(typed);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

const NO_MOMENT = "A day and a time, with a year of four digits.";

/** Dead letters are kept for so long: how far back it goes where nobody knows when the oldest was made. */
const FAR_DAYS = 30;

/** Sends what was made within a stretch of time again. `only`: what it is about at first; `since` null: as far back as it goes. */
export function ReplayRange({ endpoint, only, onOpenChange, onBegun }: { endpoint: Endpoint; only?: { since: string | null; statuses: readonly Ended[] }; onOpenChange: (open: boolean) => void; onBegun: () => void }) {
  const [from, setFrom] = useState(() => local(only ? (only.since ? Date.parse(only.since) : Date.now() - FAR_DAYS * DAY_MS) : Date.now() - DAY_MS));
  const [to, setTo] = useState("");
  const [statuses, setStatuses] = useState<readonly Ended[]>(only?.statuses ?? ["exhausted", "cancelled"]);
  const [type, setType] = useState<string | null>(null);
  const kinds = useRead("/v1/webhooks/events", undefined, { staleTime: Number.POSITIVE_INFINITY });
  const replay = useChange("post", "/v1/webhooks/endpoints/{endpoint_id}/replay", { invalidates: ["/v1/webhooks"] });
  const [begin, end] = [momentOf(from), momentOf(to)];
  const isOff = (typed: string, at: string | null) => (typed !== "" && at === null ? NO_MOMENT : undefined);
  const submit = () =>
    replay.mutate(
      { path: { endpoint_id: endpoint.id }, body: { from: begin, to: end, statuses: [...statuses], event_types: type ? [type] : [] } as never },
      {
        onSuccess: ({ matched }) => {
          onOpenChange(false);
          toast(matched === 0 ? "Nothing matched, so nothing is sent" : `${plural(matched, "delivery is", "deliveries are")} sent again`);
          onBegun();
        },
      },
    );
  return (
    <FormDialog
      open
      onOpenChange={onOpenChange}
      title="Replay a range"
      description="Slowly, behind what happens now. Each message keeps its webhook-id, so that the receiver can drop what it has."
      submit="Send again"
      onSubmit={submit}
      busy={replay.isPending}
      error={replay.error}
      missing={statuses.length === 0 ? "Choose which: at least one." : undefined}
      disabled={begin === null || (to !== "" && end === null) || statuses.length === 0}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Made from" error={isOff(from, begin) ?? errorFor(replay.error, "from")} required>
          <Input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
        </Field>
        <Field label="To, or empty for now" error={isOff(to, end) ?? errorFor(replay.error, "to")}>
          <Input type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />
        </Field>
      </div>
      <fieldset className="flex flex-col gap-1.5">
        <legend className="mb-1 text-13 font-medium">Which</legend>
        {ENDED.map(({ value, label }) => (
          <Checkbox key={value} label={label} checked={statuses.includes(value)} onChange={() => setStatuses(statuses.includes(value) ? statuses.filter((one) => one !== value) : [...statuses, value])} />
        ))}
        <FieldFault text={errorFor(replay.error, "statuses")} />
      </fieldset>
      <div className="flex flex-col gap-1">
        <span className="text-13 font-medium">Event</span>
        <Combobox label="Event" value={type} clear="All events" choices={(kinds.data?.data ?? []).filter((one) => one.subscribable).map((one) => ({ value: one.type, label: one.type }))} onChange={setType} className="w-full" />
      </div>
    </FormDialog>
  );
}
