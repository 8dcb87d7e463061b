import { Gauge, Plus } from "lucide-react";
import { useMemo } from "react";
import { useAuthors } from "@/api/authors";
import { change as send, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, type Column, EmptyState, Loaded, Menu, RelativeTime, SearchInput, SkeletonTable, Table, Toolbar, toast, toastError, useUndo } from "@/kit";
import { Head } from "@/pages/analytics/Head";
import { over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { EditMetric } from "./EditMetric";
import { type Metric, TYPES, bodyOf, boundsOf, draftOf } from "./metric";

/** `edit`: "" nothing, "*new*", or the name of one. */
const shape = { q: text(), edit: over(text()) };
const NEW = "*new*";
const INVALIDATES = { invalidates: ["/v1/metrics"] };

const DECLARE = `curl -X PUT $URL/v1/metrics/converted -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"type": "binary", "direction": "higher"}'`;

/** What the names mean that feedback may carry. */
export default function MetricsPage() {
  const [{ q, edit }, set] = useUrlState(shape);
  const may = useMay();
  const nameOf = useAuthors();
  const found = useRead("/v1/metrics");
  const remove = useChange("delete", "/v1/metrics/{metric}", INVALIDATES);
  const undo = useUndo(INVALIDATES.invalidates);
  const add = () => set({ edit: NEW });
  useCommands(useMemo(() => (may.edit ? [{ id: "new-metric", label: "New metric", keys: "n", run: () => set({ edit: NEW }) }] : []), [may.edit, set]));
  useHotkey("n", add, may.edit && edit === "");
  const forget = (metric: Metric) =>
    remove.mutate(
      { path: { metric: metric.name } },
      { onSuccess: () => toast(`${metric.name} is not declared any more; its values stay`, undo(() => send("put", "/v1/metrics/{metric}", { path: { metric: metric.name }, body: bodyOf(draftOf(metric)) }), `${metric.name} is declared again`)), onError: toastError },
    );
  const button = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={add} disabled={!may.edit} why={needs("editor")}>
      New metric
    </Button>
  );
  const columns: Column<Metric>[] = [
    { key: "name", head: "Metric", cell: (row) => <span className="font-mono text-13 font-medium wrap-anywhere">{row.name}</span> },
    { key: "type", head: "Kind", width: "w-32", cell: (row) => TYPES[row.type].name },
    { key: "direction", head: "Better", width: "w-28", hideBelow: "sm", cell: (row) => (row.direction === "higher" ? "↑ higher" : "↓ lower") },
    { key: "bounds", head: "Values", width: "w-48", hideBelow: "sm", cell: (row) => <span className="numeric text-muted">{boundsOf(row)}</span> },
    { key: "by", head: "Declared by", width: "w-36", hideBelow: "lg", cell: (row) => <span className="wrap-anywhere text-muted">{nameOf(row.updated_by)}</span> },
    { key: "changed", head: "Changed", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.updated_at} className="text-muted" /> },
    {
      key: "act",
      head: <span className="sr-only">Act</span>,
      align: "end",
      width: "w-12",
      cell: (row) => (
        <Menu
          label={`What to do with ${row.name}`}
          items={[
            { label: may.edit ? "Change" : "Look at it", onSelect: () => set({ edit: row.name }) },
            { label: "Delete", danger: true, disabled: !may.edit, hint: may.edit ? undefined : needs("editor"), onSelect: () => forget(row) },
          ]}
        />
      ),
    },
  ];
  const known = edit === "" || edit === NEW ? null : found.data?.data.find((one) => one.name === edit);
  return (
    <Head title="Metrics" subtitle="Your own figures, which feedback carries by name and experiments may be decided by." actions={button}>
      <Loaded of={found} skeleton={<SkeletonTable columns={4} />}>
        {({ data }) => {
          const rows = data.filter((one) => one.name.toLowerCase().includes(q.trim().toLowerCase()));
          if (data.length === 0)
            return (
              <EmptyState icon={<Gauge size={18} />} title="No metric is declared" action={button} code={DECLARE}>
                Feedback may carry any number under any name. Declare one, and values that do not fit are refused, and it is known whether more is better.
              </EmptyState>
            );
          return (
            <>
              {data.length > 8 || q ? (
                <Toolbar>
                  <SearchInput label="Search metrics" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-64" />
                </Toolbar>
              ) : null}
              {rows.length > 0 ? <Table label="Metrics" columns={columns} rows={rows} rowKey={(row) => row.name} onOpen={(row) => set({ edit: row.name })} /> : <EmptyState title="No metric matches" action={<Button onClick={() => set({ q: "" })}>Show all</Button>} />}
              <p className="max-w-[72ch] text-12 text-muted">A name that is not declared is taken too, as any number of which nobody knows whether more is better.</p>
            </>
          );
        }}
      </Loaded>
      {edit === "" || known === undefined ? null : <EditMetric key={edit} metric={known} onClose={() => set({ edit: "" })} />}
    </Head>
  );
}
