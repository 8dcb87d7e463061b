import { useState } from "react";
import type { Schema } from "@/api/client";
import { usePromptChoices } from "@/api/choices";
import { useFormOver } from "@/api/form-over";
import { read, useChange } from "@/api/hooks";
import { Checkbox, Field, FieldFault, FormDialog, Input, Select, Several, Textarea, errorFor, toast } from "@/kit";
import { CHANNEL_KINDS, CHANNEL_WORDS, type Channel, type Filters, TOLD, TOLD_WORDS, type Told } from "./channel";
import { SEVERITIES, type Severity } from "./words";

const HINTS: Record<Channel["kind"], string> = { email: "", slack: "The incoming webhook of your app in Slack.", teams: "The address of a workflow that posts when a webhook request is received.", pagerduty: "The integration key of Events API v2." };
const INVALIDATES = { invalidates: ["/v1/alert-channels"] };

type Draft = { kind: Channel["kind"]; name: string; recipients: string; address: string; region: "us" | "eu"; kinds: Told[]; least: Severity | null; prompts: string[] | null };

function draftOf(channel: Channel | null): Draft {
  const filters = (channel?.filters ?? {}) as Filters;
  return { kind: channel?.kind ?? "email", name: channel?.name ?? "", recipients: channel?.recipients?.join("\n") ?? "", address: "", region: channel?.region ?? "us", kinds: filters.kinds ?? [], least: filters.min_severity ?? null, prompts: filters.prompts ?? null };
}

/** Where to tell people. Addresses and keys are sealed: never shown again, and left as they are where the field stays empty. */
export function EditChannel({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
  const [first] = useState<Draft>(() => draftOf(channel));
  const over = useFormOver(first, channel && (async () => draftOf(await read("/v1/alert-channels/{channel_id}", { path: { channel_id: channel.id } }))), INVALIDATES.invalidates);
  const { draft, change } = over;
  const { kind, name, recipients, address, region, kinds, least, prompts } = draft;
  const known = usePromptChoices();
  const create = useChange("post", "/v1/alert-channels", INVALIDATES);
  const save = useChange("patch", "/v1/alert-channels/{channel_id}", INVALIDATES);
  const { error, isPending } = channel ? save : create;

  const people = recipients.split(/[\s,;]+/).filter(Boolean);
  const told: Schema<"ChannelFilters"> = { kinds: kinds.length > 0 ? kinds : null, prompts, min_severity: least };
  const where = kind === "email" ? { recipients: people } : kind === "pagerduty" ? { ...(address ? { routing_key: address.trim() } : {}), region } : address ? { url: address.trim() } : {};
  const done = {
    onSuccess: () => {
      onClose();
      toast(channel ? `${name.trim()} is changed` : `${name.trim()} is set up: try it with Test`);
    },
  };
  const send = () => {
    const body = { name: name.trim(), filters: told, ...where };
    if (channel) save.mutate({ path: { channel_id: channel.id }, body }, done);
    // A region is PagerDuty's alone: the others refuse it, although the description of the API has it for all.
    else create.mutate({ body: { ...body, kind } as Schema<"NewChannel"> }, done);
  };
  const isElsewhere = channel?.kind === "pagerduty" && !channel.url && region !== over.base.region;
  const isMissing = kind === "email" ? people.length === 0 : (!channel || isElsewhere) && !address.trim();

  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={channel ? `Change ${channel.name}` : "New channel"} submit={channel ? "Save" : "Set it up"} onSubmit={() => over.send(send)} over={over} busy={isPending} error={error} disabled={!name.trim() || isMissing}>
      {channel ? null : (
        <Field label="By">
          <Select
            value={kind}
            onChange={(next) => change({ kind: next, address: "" })}
            options={CHANNEL_KINDS.map((one) => ({ value: one, label: CHANNEL_WORDS[one] }))}
          />
        </Field>
      )}
      <Field label="Name" error={errorFor(error, "name")} required>
        <Input autoFocus value={name} onChange={(event) => change({ name: event.target.value })} placeholder="On call" />
      </Field>
      {kind === "email" ? (
        <Field label="To" hint="One address a line." error={errorFor(error, "recipients")} required>
          <Textarea value={recipients} onChange={(event) => change({ recipients: event.target.value })} placeholder="ann@example.com" />
        </Field>
      ) : (
        <Field label={kind === "pagerduty" ? "Integration key" : "Address"} hint={isElsewhere ? "The other region is another service: give its key." : channel ? "Empty: it stays as it is. It is never shown again." : HINTS[kind]} error={errorFor(error, kind === "pagerduty" ? "routing_key" : "url")} required={!channel || isElsewhere}>
          <Input mono data-secret type={kind === "pagerduty" ? "password" : "url"} value={address} onChange={(event) => change({ address: event.target.value })} placeholder={kind === "slack" ? "https://hooks.slack.com/services/…" : kind === "teams" ? "https://…logic.azure.com/workflows/…" : undefined} />
        </Field>
      )}
      {kind === "pagerduty" ? (
        <Field label="Region" error={errorFor(error, "region")}>
          <Select
            value={region}
            onChange={(next) => change({ region: next })}
            options={[
              { value: "us", label: "United States" },
              { value: "eu", label: "Europe" },
            ]}
          />
        </Field>
      ) : null}
      <Field label="Severity" error={errorFor(error, "filters.min_severity")}>
        <Select value={least} empty="Every severity" onChange={(next) => change({ least: next || null })} options={SEVERITIES.filter((one) => one !== "info").map((one) => ({ value: one, label: one === "critical" ? "Critical only" : `From ${one} on` }))} />
      </Field>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 text-13 font-medium">Only of these kinds</legend>
        <div className="grid grid-cols-1 gap-2 sm:grid-cols-2">
          {TOLD.filter((one) => kind !== "pagerduty" || one !== "experiment" || kinds.includes(one)).map((one) => (
            <Checkbox key={one} label={TOLD_WORDS[one]} checked={kinds.includes(one)} onChange={(event) => change({ kinds: event.target.checked ? [...kinds, one] : kinds.filter((other) => other !== one) })} />
          ))}
        </div>
      </fieldset>
      <div className="flex flex-col gap-1.5">
        <span className="text-13 font-medium">Only of these prompts</span>
        <Several label="Only of these prompts" add="Add a prompt" none="All prompts." values={prompts ?? []} onChange={(next) => change({ prompts: next.length > 0 ? next : null })} {...known} />
        <FieldFault text={errorFor(error, "filters.prompts")} />
      </div>
    </FormDialog>
  );
}
