import { Pause, Pencil, Play, Trash2 } from "lucide-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { FEEDBACK, useDatasetNames } from "@/api/choices";
import { change, useChange, usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, ConfirmDialog, EmptyState, Facts, Loaded, Money, Page, PagedTable, Section, StatusBadge, TextLink, toast, toastError, useUndo } from "@/kit";
import { Progress } from "@/kit/Progress";
import { usePathParam } from "@/lib/pages";
import { NUSD_PER_CREDIT, count, moment, money, plural } from "@/lib/format";
import { METHODS } from "@/pages/optimize/model";
import { METRICS, type MetricName } from "@/pages/optimize/search";
import { ScheduleForm } from "./ScheduleForm";
import { type Run, type WholeSchedule, askedOf, rhythm } from "./model";

const OLD = ["/v1/optimization-schedules"];
const LOOK_AGAIN_MS = 15_000;

export default function SchedulePage() {
  const id = usePathParam("id");
  const found = useRead("/v1/optimization-schedules/{schedule_id}", { path: { schedule_id: id } }, { refetchInterval: LOOK_AGAIN_MS });
  const one = found.data;
  return (
    <Page
      title={one ? `Schedule for ${one.prompt}` : "Schedule"}
      back={{ to: "/optimize/schedules", label: "Schedules" }}
      heading={
        one ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span>
              Schedule for <span className="font-mono text-20">{one.prompt}</span>
            </span>
            {one.paused ? <Badge tone="warn">paused</Badge> : null}
          </span>
        ) : undefined
      }
      subtitle={one ? <span className="text-13">{[one.name, rhythm(one.cron), one.time_zone].filter(Boolean).join(" · ")}</span> : undefined}
      actions={one ? <Acts schedule={one} /> : null}
    >
      <Loaded of={found}>{(schedule) => <Content schedule={schedule} />}</Loaded>
    </Page>
  );
}

function Acts({ schedule }: { schedule: WholeSchedule }) {
  const [asking, setAsking] = useState<"change" | "remove" | null>(null);
  const may = useMay();
  const undo = useUndo(OLD);
  const navigate = useNavigate();
  const path = { schedule_id: schedule.id };
  const set = useChange("patch", "/v1/optimization-schedules/{schedule_id}", { invalidates: OLD });
  const remove = useChange("delete", "/v1/optimization-schedules/{schedule_id}", { invalidates: OLD, removes: "/v1/optimization-schedules/{schedule_id}" });
  const turn = (paused: boolean) => set.mutate({ path, body: { paused } }, { onSuccess: () => toast(paused ? "Paused: what is under way goes on" : "It goes on with its next time", undo(() => change("patch", "/v1/optimization-schedules/{schedule_id}", { path, body: { paused: !paused } }), paused ? "It goes on" : "It is paused")), onError: toastError }); // prettier-ignore
  const submit = () => remove.mutate({ path }, { onSuccess: () => { toast("The schedule is removed"); void navigate({ to: "/optimize/schedules" }); } }); // prettier-ignore
  return (
    <>
      <Button icon={<Trash2 size={14} aria-hidden />} onClick={() => setAsking("remove")} disabled={!may.edit} why={needs("editor")}>
        Remove
      </Button>
      <Button icon={schedule.paused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />} busy={set.isPending} onClick={() => turn(!schedule.paused)} disabled={!may.edit} why={needs("editor")}>
        {schedule.paused ? "Resume" : "Pause"}
      </Button>
      <Button icon={<Pencil size={14} aria-hidden />} onClick={() => setAsking("change")} disabled={!may.edit} why={needs("editor")}>
        Change
      </Button>
      <ScheduleForm key={String(asking === "change")} open={asking === "change"} onOpenChange={(on) => on || setAsking(null)} schedule={schedule} />
      <ConfirmDialog open={asking === "remove"} onOpenChange={(on) => on || setAsking(null)} title="Remove this schedule?" submit="Remove it" onSubmit={submit} busy={remove.isPending} error={remove.error}>
        With its list of runs. Searches that it began stay, also one that is under way.
      </ConfirmDialog>
    </>
  );
}

function Content({ schedule }: { schedule: WholeSchedule }) {
  const nameOf = useDatasetNames();
  const pages = usePages("/v1/optimization-schedules/{schedule_id}/runs", { path: { schedule_id: schedule.id } }, { refetchInterval: LOOK_AGAIN_MS });
  const asked = askedOf(schedule);
  const most = Number(schedule.month_credits) * NUSD_PER_CREDIT;
  return (
    <div className="flex min-w-0 flex-col gap-8">
      <div className="grid gap-8 lg:grid-cols-2">
        <Section title="This month">
          <Progress label="Spent this month" done={schedule.spent_this_month_nusd} total={most} words={`${money(schedule.spent_this_month_nusd)} of at most ${money(most)}`} />
          <Facts
            facts={[
              ["Each time", `${count(asked.budget?.evaluations)} evaluations, at most ${money((asked.budget?.credits ?? 0) * NUSD_PER_CREDIT)}`],
              ["Dataset", asked.dataset_id ? <TextLink key="d" to={`/datasets/${asked.dataset_id}`}>{nameOf(asked.dataset_id) ?? "a dataset"}</TextLink> : asked.source === FEEDBACK.value ? FEEDBACK.label : "–"],
              ["Method", METHODS[asked.method ?? "racing"].name],
              asked.chain != null && ["Tried in a chain", `${asked.chain.slug}, as its step ${asked.chain.step}`],
              (asked.metrics ?? []).length > 0 && ["What counts", (asked.metrics ?? []).map((one) => METRICS[one.metric as MetricName]).join(", ")],
              (asked.constraints?.anchors ?? []).length > 0 && ["Must stay right", plural(asked.constraints?.anchors?.length ?? 0, "item")],
              ["From version", asked.version ? `v${asked.version}` : "the live one"],
            ]}
          />
        </Section>
        <Section title="Next times">
          {schedule.paused ? (
            <p className="text-13 text-muted">None while it is paused. What passes meanwhile is not made up for.</p>
          ) : (
            <ol className="numeric flex flex-col gap-1 text-13">
              {schedule.next_at.map((at) => (
                <li key={at}>{moment(at)}</li>
              ))}
            </ol>
          )}
        </Section>
      </div>
      <Section title="Runs" description="What came of each time, also where nothing was started.">
        <PagedTable label="Runs" columns={COLUMNS} pages={pages} rowKey={(row) => row.due_at} empty={<EmptyState title="No runs yet">The first comes at its next time.</EmptyState>} />
      </Section>
    </div>
  );
}

const COLUMNS: Column<Run>[] = [
  {
    key: "due",
    head: "Due",
    width: "w-52",
    cell: (row) => (
      <span className="block">
        {row.job_id ? <TextLink to={`/optimize/${row.job_id}`}>{moment(row.due_at)}</TextLink> : moment(row.due_at)}
        {row.missed > 0 ? <span className="block text-12 text-muted">also for {plural(row.missed, "time")} that passed</span> : null}
      </span>
    ),
  },
  { key: "came", head: "What came of it", cell: (row) => (row.refused ? <span className="wrap-anywhere text-muted">Left out: {row.refused.replace(/^\w+: /u, "")}</span> : row.outcome ? <Badge tone={row.outcome === "improved" ? "ok" : "neutral"}>{row.outcome.replaceAll("_", " ")}</Badge> : <StatusBadge status={row.status ?? "pending"} />) },
  { key: "spent", head: "Spent", align: "end", width: "w-24", cell: (row) => <Money nusd={row.spent_nusd} /> },
];
