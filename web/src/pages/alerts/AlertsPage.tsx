import { BellRing, CheckCheck } from "lucide-react";
import { usePromptChoices } from "@/api/choices";
import { usePages, useRead } from "@/api/hooks";
import { Badge, Button, ButtonLink, type Column, Combobox, EmptyState, PagedTable, RelativeTime, Segments, Select, SimulatedBadge, StatusBadge, Toolbar } from "@/kit";
import { spaced } from "@/lib/format";
import { maybeOneOf, oneOf, text, useUrlState } from "@/lib/url-state";
import { Head } from "./Head";
import { type Alert, KINDS, KIND_WORDS, SEVERITIES, SEVERITY_TONES, placeOf } from "./words";

const shape = { status: oneOf(["open", "acknowledged", "resolved", "all"], "open"), prompt: text(), severity: maybeOneOf(SEVERITIES), kind: maybeOneOf(KINDS) };
const WORST_FIRST = SEVERITIES.toReversed();

export default function AlertsPage() {
  const [{ status, prompt, severity, kind }, set] = useUrlState(shape);
  const prompts = usePromptChoices(prompt);
  const pages = usePages("/v1/alerts", { query: { status: status === "all" ? null : status, prompt, severity, kind } });
  // What somebody has seen goes on until its cause is over.
  const seen = useRead("/v1/alerts", { query: { status: "acknowledged", prompt, severity, kind, limit: 1 } }, { enabled: status === "open" });
  const goesOn = (seen.data?.data.length ?? 0) > 0;
  const isPart = severity !== null || kind !== null;
  return (
    <Head title="Alerts" subtitle="What got worse, since when, and what changed at about that time.">
      <Toolbar>
        <Segments
          label="Status"
          value={status}
          onChange={(next) => set({ status: next })}
          options={[
            { value: "open", label: "Open" },
            { value: "acknowledged", label: "Acknowledged" },
            { value: "resolved", label: "Past" },
            { value: "all", label: "All" },
          ]}
        />
        <Combobox label="Prompt" value={prompt || null} clear="All prompts" {...prompts} onChange={(next) => set({ prompt: next ?? "" })} className="max-w-60" />
        <Select compact aria-label="Severity" empty="Every severity" value={severity} onChange={(next) => set({ severity: next || null })} options={WORST_FIRST.map((one) => ({ value: one, label: one.charAt(0).toUpperCase() + one.slice(1) }))} />
        <Select compact aria-label="Kind" empty="Every kind" value={kind} onChange={(next) => set({ kind: next || null })} options={KINDS.map((one) => ({ value: one, label: KIND_WORDS[one] }))} />
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
          status === "open" && seen.isPending ? null : status === "open" && (goesOn || seen.error) ? (
            <EmptyState icon={<CheckCheck size={18} />} title="Nothing new is wrong" action={<Button onClick={() => set({ status: "acknowledged" })}>Show what was seen</Button>}>
              {goesOn ? "What somebody has seen goes on: it stays until its cause is over." : "What somebody has seen may go on: it could not be read."}
            </EmptyState>
          ) : status === "open" && isPart ? (
            <EmptyState icon={<CheckCheck size={18} />} title="Nothing of this kind is wrong" action={<Button onClick={() => set({ severity: null, kind: null })}>Show every kind</Button>}>
              Of another kind or severity something may be.
            </EmptyState>
          ) : status === "open" ? (
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

function Standing({ of: { status, muted } }: { of: Alert }) {
  return (
    <>
      {status === "open" ? <Badge tone="bad">open</Badge> : <StatusBadge status={status} />}
      {muted ? <Badge>muted</Badge> : null}
    </>
  );
}

const COLUMNS: Column<Alert>[] = [
  {
    key: "summary",
    head: "Alert",
    cell: (row) => (
      <span className="block min-w-0 py-1">
        <span className="block max-w-[100ch] font-medium text-pretty wrap-anywhere">{spaced(row.summary)}</span>
        <span className="mt-0.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-12 text-muted">
          <span className="inline-flex flex-wrap gap-1 md:hidden">
            <Badge tone={SEVERITY_TONES[row.severity]}>{row.severity}</Badge>
            <Standing of={row} />
          </span>
          {KIND_WORDS[row.kind]}
          {placeOf(row) ? <span className="font-mono">{placeOf(row)}</span> : null}
        </span>
      </span>
    ),
  },
  { key: "severity", head: "Severity", width: "w-24", hideBelow: "md", cell: (row) => <Badge tone={SEVERITY_TONES[row.severity]}>{row.severity}</Badge> },
  {
    key: "status",
    head: "Status",
    width: "w-36",
    hideBelow: "md",
    cell: (row) => (
      <span className="flex flex-wrap gap-1">
        <Standing of={row} />
      </span>
    ),
  },
  { key: "raised", head: "Raised", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.raised_at} className="text-muted" /> },
];
