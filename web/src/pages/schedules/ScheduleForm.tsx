import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { FEEDBACK, useDatasets, usePromptChoices } from "@/api/choices";
import { useFormOver } from "@/api/form-over";
import { read, useChange, useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Button, Combobox, Field, FieldFault, FormDialog, Input, Segments, Select, errorFor, toast } from "@/kit";
import { ofSearch } from "@/pages/optimize/asked";
import { MethodFields } from "@/pages/optimize/MethodFields";
import { MoreFields } from "@/pages/optimize/MoreFields";
import { type Search, whyNot } from "@/pages/optimize/search";
import { type Asked, type Draft, type Schedule, askedOf, bodyOf, changeOf, draftOf, emptyDraft, isComplete } from "./model";

const OLD = ["/v1/optimization-schedules"];

/** `kept`: what it asks for, also what the form has no field for. */
type Form = Draft & { kept: Asked };
const formOf = (one: Schedule): Form => ({ ...draftOf(one), kept: askedOf(one) });

/** A search that begins again and again, with what it may cost each time and each month. */
export function ScheduleForm({ open, onOpenChange, prompt = "", schedule }: { open: boolean; onOpenChange: (open: boolean) => void; prompt?: string; schedule?: Schedule }) {
  const [first] = useState<Form>(() => (schedule ? formOf(schedule) : { ...emptyDraft(prompt, "", Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"), kept: {} }));
  const over = useFormOver(first, schedule ? async () => formOf(await read("/v1/optimization-schedules/{schedule_id}", { path: { schedule_id: schedule.id } })) : null, OLD);
  const { draft, change: set } = over;
  const prompts = usePromptChoices(draft.prompt);
  const datasets = useDatasets();
  const navigate = useNavigate();
  const create = useChange("post", "/v1/optimization-schedules", { invalidates: OLD });
  const change = useChange("patch", "/v1/optimization-schedules/{schedule_id}", { invalidates: OLD });
  const error = create.error ?? change.error;
  const searched = ofSearch(error, "optimization.");
  const [hasMore, setMore] = useState(false);
  const { choices: models } = useModels();
  const found = useRead("/v1/prompts/{slug}", { path: { slug: draft.prompt } }, { enabled: open && draft.prompt !== "" });
  const latest = found.data?.latest_version ?? 0;
  const live = (found.data?.labels as Record<string, number> | undefined)?.["production"];
  const versions = Array.from({ length: Math.min(100, latest) }, (_, at) => String(latest - at));
  const put = (changes: Partial<Search>) => set({ search: { ...draft.search, ...changes } });
  const send = (draft: Form) => {
    if (schedule) {
      change.mutate({ path: { schedule_id: schedule.id }, body: changeOf(draft, draft.kept) as never }, { onSuccess: () => { onOpenChange(false); toast("The schedule is changed"); } }); // prettier-ignore
      return;
    }
    create.mutate({ body: bodyOf(draft) as never }, { onSuccess: (made) => { toast("The schedule is set"); void navigate({ to: `/optimize/schedules/${made.id}`, replace: true }); } }); // prettier-ignore
  };
  return (
    <FormDialog wide open={open} onOpenChange={onOpenChange} title={schedule ? "Change the schedule" : "New schedule"} description="It looks for a better text by the clock. What it finds is suggested; nothing goes live by itself." submit={schedule ? "Save" : "Set the schedule"} onSubmit={() => over.send(send)} over={over} busy={create.isPending || change.isPending} error={error} disabled={!isComplete(draft)} missing={whyNot(draft.search) ?? undefined}>
      <Field label="Name" error={errorFor(error, "name")}>
        <Input autoFocus value={draft.name} onChange={(event) => set({ name: event.target.value })} maxLength={200} placeholder="Every Monday" />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-1">
          <span className="text-13 font-medium">Prompt</span>
          <Combobox label="Prompt" value={draft.prompt || null} onChange={(next) => set({ prompt: next ?? "", version: "", search: { ...draft.search, chain: "", step: "" } })} placeholder="Choose a prompt" disabled={schedule !== undefined} className="w-full" {...prompts} />
          <FieldFault text={errorFor(error, "optimization.prompt")} />
        </div>
        <div className="flex min-w-0 flex-col gap-1">
          <span className="text-13 font-medium">Dataset</span>
          <Combobox label="Dataset" value={draft.dataset || null} onChange={(next) => set({ dataset: next ?? "", search: { ...draft.search, anchors: [] } })} placeholder="Choose a dataset" choices={[...datasets.choices, FEEDBACK]} className="w-full" />
          <FieldFault text={errorFor(error, "optimization.dataset_id") ?? errorFor(error, "optimization.source") ?? errorFor(error, "source")} />
        </div>
      </div>
      <MethodFields search={draft.search} error={searched} onChange={put} />
      <span>
        <Button size="s" variant="ghost" aria-expanded={hasMore} icon={hasMore ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />} onClick={() => setMore(!hasMore)}>
          Version, models, what counts, limits
        </Button>
      </span>
      {hasMore ? (
        <>
          <div className="grid items-start gap-4 sm:grid-cols-3">
            <Field label="From version" error={errorFor(searched, "version")}>
              <Select value={draft.version} onChange={(version) => set({ version })} empty={live ? `the live one (now v${live})` : "the live one"} options={versions.map((one) => ({ value: one, label: `v${one}` }))} />
            </Field>
            <div className="flex min-w-0 flex-col gap-1">
              <span className="text-13 font-medium">Model that answers</span>
              {draft.search.chain ? <p className="text-13 text-muted">That of the chain’s step.</p> : <Combobox label="Model that answers" value={draft.task} onChange={(task) => set({ task })} clear="The version’s own" choices={models} className="w-full" />}
              <FieldFault text={errorFor(searched, "models.task")} />
            </div>
            <div className="flex min-w-0 flex-col gap-1">
              <span className="text-13 font-medium">Model that proposes edits</span>
              <Combobox label="Model that proposes edits" value={draft.reflect} onChange={(reflect) => set({ reflect })} clear="The usual one" choices={models} className="w-full" />
              <FieldFault text={errorFor(searched, "models.reflect")} />
            </div>
          </div>
          <MoreFields prompt={draft.prompt || null} dataset={draft.dataset || null} search={draft.search} error={searched} onChange={put} />
        </>
      ) : null}
      {schedule ? null : (
        <div>
          <Segments label="How often" value={draft.every} onChange={(every) => set({ every })} options={[{ value: "hourly", label: "Hourly" }, { value: "daily", label: "Daily" }, { value: "cron", label: "By a cron line" }]} />
        </div>
      )}
      <div className="grid items-end gap-4 sm:grid-cols-2">
        {draft.every === "cron" ? (
          <Field label="Cron line" hint="Minute, hour, day of month, month, day of week." error={errorFor(error, "cron")}>
            <Input mono value={draft.cron} onChange={(event) => set({ cron: event.target.value })} />
          </Field>
        ) : (
          <Field label={draft.every === "hourly" ? "At minute" : "At"} error={errorFor(error, "hour") ?? errorFor(error, "minute")}>
            {draft.every === "hourly" ? (
              <Input type="number" min={0} max={59} value={Number(draft.time.slice(3))} onChange={(event) => set({ time: `03:${event.target.value.padStart(2, "0")}` })} />
            ) : (
              <Input type="time" value={draft.time} onChange={(event) => set({ time: event.target.value })} />
            )}
          </Field>
        )}
        <Field label="Time zone" error={errorFor(error, "time_zone")}>
          <Input value={draft.zone} onChange={(event) => set({ zone: event.target.value })} placeholder="Europe/Vienna" />
        </Field>
      </div>
      <div className="grid items-end gap-4 sm:grid-cols-2 md:grid-cols-4">
        <Field label="Evaluations each time" error={errorFor(searched, "budget.evaluations")}>
          <Input type="number" min={50} max={100_000} step={1} value={draft.evaluations} onChange={(event) => set({ evaluations: event.target.value })} />
        </Field>
        <Field label="At most each time, $" error={errorFor(searched, "budget.credits")}>
          <Input type="number" min={0} step="any" value={draft.runUsd} onChange={(event) => set({ runUsd: event.target.value })} />
        </Field>
        <Field label="Minutes, at most" error={errorFor(searched, "budget.seconds")}>
          <Input type="number" min={1} step="any" placeholder="no limit" value={draft.minutes} onChange={(event) => set({ minutes: event.target.value })} />
        </Field>
        <Field label="At most a month, $" error={errorFor(error, "month_credits")}>
          <Input type="number" min={0} step="any" value={draft.monthUsd} onChange={(event) => set({ monthUsd: event.target.value })} />
        </Field>
      </div>
    </FormDialog>
  );
}
