import { Plus, Scale } from "lucide-react";
import { useMemo } from "react";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, Checkbox, type Column, EmptyState, PagedTable, RelativeTime, Select, Toolbar } from "@/kit";
import { count, plural } from "@/lib/format";
import { flag, maybeOneOf, over, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { EditEvaluator } from "./EditEvaluator";
import { type Evaluator, KINDS, KIND_NAMES, type Kind, NEED_EXPECTED, asksModels } from "./evaluator";
import { Head } from "./Head";

const shape = { new: over(flag()), archived: flag(), kind: maybeOneOf(KINDS.map((one) => one.kind)) };

const CREATE = `curl $URL/v1/evaluators -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"name": "short", "settings": {"kind": "expression", "expression": "len(output) < 400"}}'`;

export default function EvaluatorsPage() {
  const [{ new: making, archived, kind }, set] = useUrlState(shape);
  const may = useMay();
  const pages = usePages("/v1/evaluators", { query: { archived, limit: 200 } });
  const add = () => set({ new: true });
  useCommands(useMemo(() => (may.edit ? [{ id: "new-evaluator", label: "New evaluator", keys: "n", run: () => set({ new: true }) }] : []), [may.edit, set]));
  useHotkey("n", add, may.edit && !making);
  const button = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={add} disabled={!may.edit} why={needs("editor")}>
      New evaluator
    </Button>
  );
  const rows = pages.rows.filter((row) => kind === null || row.kind === kind);
  return (
    <Head title="Evaluators" subtitle="What answers are scored by: rules that cost nothing, your code, or models that judge." actions={button}>
      <Toolbar>
        <Select compact aria-label="Kind" empty="Any kind" value={kind} onChange={(next) => set({ kind: next || null })} options={KINDS.map((one) => ({ value: one.kind, label: one.name }))} />
        <Checkbox label="Archived ones too" checked={archived} onChange={(event) => set({ archived: event.target.checked })} />
      </Toolbar>
      {kind && pages.hasMore && rows.length > 0 ? <p role="status" className="text-13 text-muted">{plural(rows.length, "evaluator")} of this kind among the newest {count(pages.rows.length)}; older ones are not looked through yet.</p> : null}
      <PagedTable
        label="Evaluators"
        columns={COLUMNS}
        pages={{ ...pages, rows }}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/evaluators/${row.id}` })}
        empty={
          kind ? (
            pages.hasMore ? (
              <EmptyState title={`None of this kind among the newest ${count(pages.rows.length)}`} action={<Button onClick={pages.loadMore} busy={pages.isLoadingMore}>Look among older ones</Button>} />
            ) : (
              <EmptyState title="No evaluator of this kind" action={<Button onClick={() => set({ kind: null })}>Show all</Button>} />
            )
          ) : (
            <EmptyState icon={<Scale size={18} />} title="No evaluators yet" action={button} code={CREATE}>
              An evaluator says of each answer whether it is good, and why: in test runs, and on a share of live traffic.
            </EmptyState>
          )
        }
      />
      {making && may.edit ? <EditEvaluator evaluator={null} onClose={() => set({ new: false })} /> : null}
    </Head>
  );
}

const COLUMNS: Column<Evaluator>[] = [
  {
    key: "name",
    head: "Evaluator",
    cell: (row) => (
      <span className="flex min-w-0 flex-wrap items-center gap-2">
        <span className="font-medium wrap-anywhere">{row.name}</span>
        {row.archived_at ? <Badge>archived</Badge> : null}
      </span>
    ),
  },
  { key: "kind", head: "Kind", width: "w-52", cell: (row) => <span className="text-muted">{KIND_NAMES[row.kind as Kind] ?? row.kind}</span> },
  { key: "asks", head: "Costs", width: "w-36", hideBelow: "sm", cell: (row) => (asksModels(row) ? <Badge tone="accent">asks models</Badge> : <span className="text-muted">nothing</span>) },
  { key: "where", head: "Scores", width: "w-48", hideBelow: "md", cell: (row) => <span className="text-muted">{NEED_EXPECTED.has(row.kind) ? "test runs" : "test runs, live traffic"}</span> },
  { key: "version", head: "Version", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => `v${row.version}` },
  { key: "made", head: "Made", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
];
