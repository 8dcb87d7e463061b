import { Archive, Database, Plus } from "lucide-react";
import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, type Column, EmptyState, NavTabs, NumberCell, Page, PagedTable, RelativeTime, SearchInput, Toolbar } from "@/kit";
import { flag, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { NewDataset } from "./NewDataset";
import { SplitBar } from "./SplitCounts";

type Dataset = Schema<"DatasetAnswer">;

const TABS = [
  { to: "/datasets", label: "Datasets", exact: true },
  { to: "/review", label: "Review queue" },
] as const;
const shape = { new: over(flag()), archived: flag(), q: text() };

const CREATE = `curl "$URL/v1/datasets?name=tickets" -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/x-ndjson" --data-binary @tickets.jsonl`;

export default function DatasetsPage() {
  const [{ new: creating, archived, q }, set] = useUrlState(shape);
  const may = useMay();
  const pages = usePages("/v1/datasets", { query: { archived: archived || undefined, q: q || undefined } });
  const open = (on: boolean) => set({ new: on });

  const commands = useMemo(() => [{ id: "new-dataset", label: "New dataset", keys: "n", run: () => set({ new: true }) }], [set]);
  useCommands(commands);
  useHotkey("n", () => open(true), may.edit);

  const newButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => open(true)} disabled={!may.edit} why={needs("editor")}>
      New dataset
    </Button>
  );
  return (
    <Page title="Datasets" subtitle="Cases with the right answer, on which versions are tested and improved." actions={newButton}>
      <NavTabs label="Datasets" tabs={TABS} />
      <Toolbar>
        <SearchInput label="Search datasets" placeholder="Part of the name" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
        <Button aria-pressed={archived} icon={<Archive size={14} aria-hidden />} onClick={() => set({ archived: !archived })} className={archived ? "border-accent! bg-accent-soft!" : undefined}>
          Archived
        </Button>
      </Toolbar>
      <PagedTable
        label="Datasets"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/datasets/${row.id}` })}
        empty={
          q ? (
            <EmptyState title="No dataset matches" action={<Button onClick={() => set({ q: "" })}>Show all</Button>}>
              {`No name holds “${q}”.`}
            </EmptyState>
          ) : archived ? (
            <EmptyState title="Nothing is archived" action={<Button onClick={() => set({ archived: false })}>Show all</Button>}>
              A dataset is put away from its own page, and can be restored.
            </EmptyState>
          ) : (
            <EmptyState icon={<Database size={18} />} title="No datasets yet" action={newButton} code={CREATE}>
              Paste or upload cases with their expected answers. They are split for training, validation and test, and never move.
            </EmptyState>
          )
        }
      />
      <NewDataset key={String(creating)} open={creating && may.edit} onOpenChange={open} />
    </Page>
  );
}

const items = (row: Dataset) => Object.values(row.counts).reduce((sum, one) => sum + one, 0);

const COLUMNS: Column<Dataset>[] = [
  { key: "name", head: "Dataset", cell: (row) => <span className="text-13 font-medium wrap-anywhere">{row.name}</span> },
  { key: "items", head: "Items", align: "end", width: "w-20", cell: (row) => <NumberCell value={items(row)} /> },
  { key: "bar", head: "Shares", width: "w-32", hideBelow: "md", cell: (row) => <SplitBar counts={row.counts} /> },
  { key: "train", head: "Train", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => <NumberCell value={row.counts["train"]} /> },
  { key: "validation", head: "Validation", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <NumberCell value={row.counts["validation"]} /> },
  { key: "test", head: "Test", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => <NumberCell value={row.counts["test"]} /> },
  { key: "version", head: "Version", align: "end", width: "w-20", hideBelow: "lg", cell: (row) => `v${row.version}` },
  { key: "changed", head: "Changed", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.updated_at} className="text-muted" /> },
];
