import { BellRing, CheckCheck } from "lucide-react";
import { usePromptChoices } from "@/api/choices";
import { usePages } from "@/api/hooks";
import { Badge, Button, ButtonLink, type Column, Combobox, EmptyState, PagedTable, RelativeTime, Segments, SimulatedBadge, StatusBadge, Toolbar } from "@/kit";
import { spaced } from "@/lib/format";
import { oneOf, text, useUrlState } from "@/lib/url-state";
import { Head } from "./Head";
import { type Alert, KIND_WORDS, SEVERITY_TONES, placeOf } from "./words";

const shape = { status: oneOf(["open", "acknowledged", "resolved", "all"], "open"), prompt: text() };

export default function AlertsPage() {
  const [{ status, prompt }, set] = useUrlState(shape);
  const prompts = usePromptChoices();
  const pages = usePages("/v1/alerts", { query: { status: status === "all" ? null : status, prompt } });
  return (
    <Head title="Alerts" subtitle="What got worse, since when, and what changed at about that time.">
      <Toolbar>
        <Segments
          label="Status"
          value={status}
          onChange={(next) => set({ status: next })}
          options={[
            { value: "open", label: "Open" },
            { value: "acknowledged", label: "Seen" },
            { value: "resolved", label: "Past" },
            { value: "all", label: "All" },
          ]}
        />
        <Combobox label="Prompt" value={prompt || null} clear="All prompts" {...prompts} onChange={(next) => set({ prompt: next ?? "" })} className="max-w-60" />
        {pages.rows.some((row) => row.simulated) ? (
          <span className="sm:ml-auto">
            <SimulatedBadge />
          </span>
        ) : null}
      </Toolbar>
      <PagedTable
        label="Alerts"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/alerts/${row.id}` })}
        empty={
          status === "open" ? (
            <EmptyState icon={<CheckCheck size={18} />} title={prompt ? `Nothing is wrong with ${prompt}` : "Nothing is wrong"} action={<Button onClick={() => set({ status: "all" })}>Show past alerts</Button>}>
              Every prompt that is served is watched. Alerts come here, and to your channels.
            </EmptyState>
          ) : (
            <EmptyState icon={<BellRing size={18} />} title="No such alert" action={<ButtonLink to="/alerts/rules">See the rules</ButtonLink>}>
              Nothing of this kind was raised so far.
            </EmptyState>
          )
        }
      />
    </Head>
  );
}

const COLUMNS: Column<Alert>[] = [
  {
    key: "summary",
    head: "Alert",
    cell: (row) => (
      <span className="block min-w-0 py-1">
        <span className="block max-w-[100ch] font-medium text-pretty wrap-anywhere">{spaced(row.summary)}</span>
        <span className="mt-0.5 flex flex-wrap gap-x-2 text-12 text-muted">
          {KIND_WORDS[row.kind]}
          {placeOf(row) ? <span className="font-mono">{placeOf(row)}</span> : null}
        </span>
      </span>
    ),
  },
  { key: "severity", head: "Severity", width: "w-24", hideBelow: "sm", cell: (row) => <Badge tone={SEVERITY_TONES[row.severity]}>{row.severity}</Badge> },
  {
    key: "status",
    head: "Status",
    width: "w-36",
    hideBelow: "md",
    cell: (row) => (
      <span className="flex flex-wrap gap-1">
        {row.status === "open" ? <Badge tone="bad">open</Badge> : <StatusBadge status={row.status} />}
        {row.muted ? <Badge>muted</Badge> : null}
      </span>
    ),
  },
  { key: "raised", head: "Raised", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.raised_at} className="text-muted" /> },
];
