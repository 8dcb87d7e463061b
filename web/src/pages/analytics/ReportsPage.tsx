import { FileChartColumn, Plus } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, EmptyState, PagedTable, RelativeTime, Select, Toolbar } from "@/kit";
import { spaced } from "@/lib/format";
import { flag, maybeOneOf, over, useUrlState } from "@/lib/url-state";
import { endedWords } from "@/pages/experiments/model";
import { Digest } from "./Digest";
import { Head } from "./Head";
import { NewReport } from "./NewReport";
import { KINDS, KIND_WORDS, daysOf, kindWords } from "./report";

type Report = Schema<"ReportHead">;
const shape = { kind: maybeOneOf(KINDS), new: over(flag()) };

export default function ReportsPage() {
  const [{ kind, new: creating }, set] = useUrlState(shape);
  const [digestOpen, setDigestOpen] = useState(false);
  const may = useMay();
  const pages = usePages("/v1/reports", { query: { kind } });
  const make = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.edit} why={needs("editor")}>
      New report
    </Button>
  );
  return (
    <Head title="Reports" actions={make}>
      <Digest open={digestOpen} onOpenChange={setDigestOpen} />
      <Toolbar>
        <Select compact aria-label="About" empty="About anything" value={kind} onChange={(next) => set({ kind: next || null })} options={KINDS.map((one) => ({ value: one, label: KIND_WORDS[one] }))} />
      </Toolbar>
      <PagedTable
        label="Reports"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/analytics/reports/${row.id}` })}
        empty={
          <EmptyState icon={<FileChartColumn size={18} />} title={kind ? "No report is about this" : "No reports yet"} action={kind ? <Button onClick={() => set({ kind: null })}>Show all</Button> : make} code={kind ? undefined : MAKE}>
            A report keeps the figures of a week as they were, to read again or to send.
          </EmptyState>
        }
      />
      <NewReport key={String(creating)} open={creating} onOpenChange={(open) => set({ new: open })} />
    </Head>
  );
}

const MAKE = `curl $URL/v1/reports -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d '{"kind": "workspace"}'`;

const COLUMNS: Column<Report>[] = [
  {
    key: "title",
    head: "Report",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="flex flex-wrap items-center gap-2">
          <span className="font-medium wrap-anywhere">{row.title}</span>
          {row.schedule ? <Badge>{row.schedule}</Badge> : null}
          {row.simulated ? <Badge tone="warn">simulated</Badge> : null}
        </span>
        <span className="block max-w-[90ch] truncate text-12 text-muted max-sm:hidden">{spaced(endedWords(row.summary))}</span>
      </span>
    ),
  },
  { key: "about", head: "About", width: "w-32", hideBelow: "md", cell: (row) => kindWords(row.kind) },
  { key: "time", head: "Time", width: "w-56", hideBelow: "lg", cell: (row) => <span className="numeric whitespace-nowrap">{daysOf(row.from, row.to)}</span> },
  { key: "made", head: "Made", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
];
