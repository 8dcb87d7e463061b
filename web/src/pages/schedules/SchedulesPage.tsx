import { CalendarClock, Plus } from "lucide-react";
import { usePromptChoices } from "@/api/choices";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, Combobox, EmptyState, Money, Page, PagedTable, RelativeTime, Toolbar } from "@/kit";
import { flag, over, text, useUrlState } from "@/lib/url-state";
import { NUSD_PER_CREDIT } from "@/lib/format";
import { ScheduleForm } from "./ScheduleForm";
import { type Schedule, rhythm } from "./model";

const shape = { prompt: text(), new: over(flag()) };
const CREATE = `curl $URL/v1/optimization-schedules -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"every": "daily", "hour": 3, "month_credits": 1000,
       "optimization": {"prompt": "tickets", "dataset_id": "…", "budget": {"evaluations": 2000, "credits": 100}}}'`;

export default function SchedulesPage() {
  const [{ prompt, new: isNew }, set] = useUrlState(shape);
  const may = useMay();
  const prompts = usePromptChoices(prompt);
  const pages = usePages("/v1/optimization-schedules", { query: { prompt } });
  const newButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.edit} why={needs("editor")}>
      New schedule
    </Button>
  );
  return (
    <Page title="Schedules" subtitle="Searches for better texts that begin by the clock, within a cap for each month." back={{ to: "/optimize", label: "Optimize" }} actions={newButton}>
      <Toolbar>
        <Combobox label="Prompt" value={prompt || null} onChange={(next) => set({ prompt: next ?? "" })} clear="All prompts" {...prompts} className="max-w-60" />
      </Toolbar>
      <PagedTable
        label="Schedules"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/optimize/schedules/${row.id}` })}
        empty={
          prompt ? (
            <EmptyState title="No schedule for this prompt" action={<Button onClick={() => set({ prompt: "" })}>Show all</Button>} />
          ) : (
            <EmptyState icon={<CalendarClock size={18} />} title="No schedules yet" action={newButton} code={CREATE}>
              A schedule looks for a better text every day or week. What it proves is suggested to you.
            </EmptyState>
          )
        }
      />
      <ScheduleForm key={String(isNew)} open={isNew && may.edit} onOpenChange={(on) => set({ new: on })} prompt={prompt} />
    </Page>
  );
}

const COLUMNS: Column<Schedule>[] = [
  {
    key: "prompt",
    head: "Schedule",
    cell: (row) => (
      <span className="block min-w-0 py-1">
        <span className="block font-mono font-medium wrap-anywhere">{row.prompt}</span>
        {row.name ? <span className="block text-12 text-muted wrap-anywhere">{row.name}</span> : null}
      </span>
    ),
  },
  {
    key: "when",
    head: "When",
    width: "w-48",
    cell: (row) => (
      <span className="block">
        {rhythm(row.cron)}
        <span className="block text-12 text-muted">{row.time_zone}</span>
      </span>
    ),
  },
  { key: "next", head: "Next", width: "w-32", hideBelow: "sm", cell: (row) => (row.paused ? <Badge tone="warn">paused</Badge> : <RelativeTime at={row.next_at[0]} />) },
  { key: "month", head: "A month, at most", align: "end", width: "w-36", hideBelow: "md", cell: (row) => <Money nusd={Number(row.month_credits) * NUSD_PER_CREDIT} /> },
];
