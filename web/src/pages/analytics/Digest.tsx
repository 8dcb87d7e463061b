import { CalendarClock } from "lucide-react";
import { useState } from "react";
import { useFormOver } from "@/api/form-over";
import { change, read, useChange, usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, Checkbox, Combobox, ErrorState, Field, FormDialog, RelativeTime, Segments, Select, TextLink, errorFor, toast, toastError, useUndo } from "@/kit";
import { plural } from "@/lib/format";
import { type Schedule, WEEKDAYS, scheduleInWords } from "./report";

const PATH = "/v1/reports/schedule";
const LIST = "/v1/reports/schedules";

/** When a report comes by itself, and to whom. */
export function Digest({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const may = useMay();
  const found = useRead(LIST, {}, { staleTime: 30_000 });
  const schedule = found.data?.data[0] ?? null;
  const run = useChange("post", "/v1/reports/schedule/run", { invalidates: ["/v1/reports", LIST] });
  const remove = useChange("delete", PATH, { invalidates: [LIST] });
  const undo = useUndo([LIST]);
  if (found.error && !found.data) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <div className="min-h-16" aria-busy />;
  return (
    <section aria-label="Digest" className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-l border border-line bg-panel px-4 py-3">
      <CalendarClock size={16} aria-hidden className="text-muted" />
      <div className="min-w-0 flex-1 basis-60">
        <h2 className="flex items-center gap-2 text-14 font-semibold">
          Digest {schedule && !schedule.enabled ? <Badge tone="warn">paused</Badge> : null}
        </h2>
        <p className="text-13 text-muted">
          {schedule ? (
            <>
              {`${scheduleInWords(schedule)}, to ${schedule.channels.length === 0 ? "no channel: it is kept here" : plural(schedule.channels.length, "channel")}.`}
              {schedule.next_at ? <>{" Next "}<RelativeTime at={schedule.next_at} />.</> : null}
              {schedule.last_report_id ? <>{" "}<TextLink to={`/analytics/reports/${schedule.last_report_id}`}>The last one</TextLink></> : null}
            </>
          ) : (
            "A report of the workspace every day or week, by e-mail, Slack or Teams."
          )}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        {schedule ? (
          <>
            <Button onClick={() => run.mutate({}, { onSuccess: () => toast("The digest is made"), onError: toastError })} busy={run.isPending} disabled={!may.admin} why={needs("admin")}>
              Make it now
            </Button>
            <Button
              onClick={() => remove.mutate({}, { onSuccess: (was) => toast("No digest comes any more", undo(() => change("put", PATH, { body: bodyOf(was) }), "The digest comes again")), onError: toastError })}
              busy={remove.isPending}
              disabled={!may.admin}
              why={needs("admin")}
            >
              Remove
            </Button>
          </>
        ) : null}
        <Button onClick={() => onOpenChange(true)} disabled={!may.admin} why={needs("admin")}>
          {schedule ? "Change" : "Set up"}
        </Button>
      </div>
      {open ? <Edit schedule={schedule} onOpenChange={onOpenChange} /> : null}
    </section>
  );
}

type Given = ReturnType<typeof bodyOf>;

function bodyOf({ every, weekday, hour, time_zone, channels, enabled }: Schedule) {
  return { every, weekday, hour, time_zone, channels, enabled };
}

function zoneHere(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function freshly(): Given {
  return { every: "weekly", weekday: "monday", hour: 8, time_zone: zoneHere(), channels: [], enabled: true };
}

/** Those that the browser knows, and UTC, which is none of them in some. */
function zones(): string[] {
  return [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])];
}

function Edit({ schedule, onOpenChange }: { schedule: Schedule | null; onOpenChange: (open: boolean) => void }) {
  const [first] = useState<Given>(() => (schedule ? bodyOf(schedule) : freshly()));
  const over = useFormOver(first, async () => {
    // One that was set up, or removed, meanwhile.
    const now = (await read(LIST)).data[0];
    return now ? bodyOf(now) : schedule ? freshly() : first;
  }, [LIST]);
  const { draft: given, set: setGiven } = over;
  const channels = usePages("/v1/alert-channels");
  const able = channels.rows.filter((one) => one.kind !== "pagerduty");
  const save = useChange("put", PATH, { invalidates: [LIST] });
  const send = (given: Given) =>
    save.mutate(
      { body: given },
      {
        onSuccess: () => {
          onOpenChange(false);
          toast("The digest is set up");
        },
      },
    );
  return (
    <FormDialog open onOpenChange={onOpenChange} title="Digest" description="Numbers and a link go out; words of your customers stay here." submit="Save" onSubmit={() => over.send(send)} over={schedule ? over : { ...over, what: "Somebody set the digest up meanwhile." }} busy={save.isPending} error={save.error}>
      <Segments
        label="How often"
        value={given.every}
        onChange={(every) => setGiven({ ...given, every })}
        options={[
          { value: "daily", label: "Every day" },
          { value: "weekly", label: "Every week" },
        ]}
      />
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        {given.every === "weekly" ? (
          <Field label="Day">
            <Select value={given.weekday} onChange={(weekday) => setGiven({ ...given, weekday })} options={WEEKDAYS.map((one) => ({ value: one, label: one[0]?.toUpperCase() + one.slice(1) }))} />
          </Field>
        ) : null}
        <Field label="Hour" error={errorFor(save.error, "hour")}>
          <Select value={String(given.hour)} onChange={(hour) => setGiven({ ...given, hour: Number(hour) })} options={Array.from({ length: 24 }, (_, hour) => ({ value: String(hour), label: `${String(hour).padStart(2, "0")}:00` }))} />
        </Field>
      </div>
      <Field label="Time zone" error={errorFor(save.error, "time_zone")}>
        <Combobox label="Time zone" value={given.time_zone} choices={zones().map((one) => ({ value: one, label: one }))} onChange={(zone) => setGiven({ ...given, time_zone: zone ?? "UTC" })} />
      </Field>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 text-13 font-medium">To</legend>
        {able.map((one) => (
          <Checkbox key={one.id} label={one.name} hint={one.kind} checked={given.channels.includes(one.id)} onChange={(event) => setGiven({ ...given, channels: event.target.checked ? [...given.channels, one.id] : given.channels.filter((id) => id !== one.id) })} />
        ))}
        {able.length === 0 && !channels.isPending && !channels.error ? (
          <p className="text-13 text-muted">
            No channel of this workspace takes it. <TextLink to="/alerts/channels">Set one up</TextLink>
          </p>
        ) : null}
      </fieldset>
      {schedule ? <Checkbox label="Paused" checked={!given.enabled} onChange={(event) => setGiven({ ...given, enabled: !event.target.checked })} /> : null}
    </FormDialog>
  );
}
