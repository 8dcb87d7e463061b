import { Files, Layers, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, ButtonLink, type Column, EmptyState, Money, NavTabs, Page, PagedTable, RelativeTime, Select, SimulatedMark, Toolbar } from "@/kit";
import { Progress } from "@/kit/Progress";
import { count, plural } from "@/lib/format";
import { flag, maybeOneOf, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { RUNS_TABS } from "../runs/tabs";
import { NewBatch } from "./NewBatch";
import { BatchStatus } from "./BatchStatus";
import { type Batch, STATUSES, atOf, hasEnded, isMoving, nameOf, statusWord } from "./model";

// `file`, `dataset` and `prompt` come from other pages, and fill the form.
const shape = { status: maybeOneOf(STATUSES), new: over(flag()), file: text(), dataset: text(), prompt: text() };
const SOON_MS = 2_000;
const LATER_MS = 30_000;

const CODE = `curl $URL/v1/batches -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"request": {"prompt": "greeting"}, "inputs": [{"custom_id": "a", "variables": {"name": "Ada"}}]}'`;

/** Many calls that nobody waits for. */
export default function BatchesPage() {
  const [{ status, new: isNew, file, dataset, prompt }, set] = useUrlState(shape);
  const may = useMay();
  const [moving, setMoving] = useState(false);
  const pages = usePages("/v1/batches", { query: { status } }, { refetchInterval: moving ? SOON_MS : LATER_MS });
  const isAnyMoving = pages.rows.some(isMoving);
  if (isAnyMoving !== moving) setMoving(isAnyMoving);
  const begin = () => set({ new: true });
  useCommands(useMemo(() => (may.edit ? [{ id: "new-batch", label: "New batch", keys: "n", run: () => set({ new: true }) }] : []), [may.edit, set]));
  useHotkey("n", begin, may.edit);
  const button = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={begin} disabled={!may.edit} why={needs("editor")}>
      New batch
    </Button>
  );
  return (
    <Page
      title="Batches"
      subtitle="Many calls that nobody waits for: a file or a dataset through a prompt, or through several models."
      actions={
        <>
          <ButtonLink to="/batches/files" icon={<Files size={14} aria-hidden />}>
            Files
          </ButtonLink>
          {button}
        </>
      }
    >
      <NavTabs label="Runs" tabs={RUNS_TABS} />
      <Toolbar>
        <Select compact aria-label="Status" empty="Any status" value={status} onChange={(next) => set({ status: next || null })} options={STATUSES.map((one) => ({ value: one, label: statusWord(one) }))} />
      </Toolbar>
      <PagedTable
        label="Batches"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/batches/${row.id}` })}
        empty={
          status ? (
            <EmptyState title="No batch is like that" action={<Button onClick={() => set({ status: null })}>Show all</Button>} />
          ) : (
            <EmptyState icon={<Layers size={18} />} title="No batches yet" action={button} code={CODE}>
              You see what it may cost before it starts. It can be paused, and ends with a file of answers in the order of the input.
            </EmptyState>
          )
        }
      />
      {isNew && may.edit ? <NewBatch file={file} dataset={dataset} prompt={prompt} onClose={() => set({ new: false, file: "", dataset: "", prompt: "" })} /> : null}
    </Page>
  );
}

const COLUMNS: Column<Batch>[] = [
  {
    key: "name",
    head: "Batch",
    cell: (row) => (
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1 py-1">
        <span className="font-medium wrap-anywhere">{nameOf(row)}</span>
        <span className="sm:hidden">
          <BatchStatus batch={row} />
        </span>
        {row.simulated ? <SimulatedMark /> : null}
      </span>
    ),
  },
  { key: "status", head: "Status", width: "w-40", hideBelow: "sm", cell: (row) => <BatchStatus batch={row} /> },
  { key: "far", head: "Answered", width: "w-44", hideBelow: "sm", cell: (row) => <Far row={row} /> },
  { key: "cost", head: "Cost", align: "end", width: "w-24", cell: (row) => <Money nusd={row.cost_nusd} /> },
  { key: "at", head: "Made", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={atOf(row.created_at)} className="text-muted" /> },
];

function Far({ row }: { row: Batch }) {
  const { completed, failed, total } = row.request_counts;
  if (!hasEnded(row)) return <Progress label={`Calls of ${nameOf(row)}`} done={completed + failed} total={total} className="w-32" />;
  return (
    <span className="numeric text-13">
      {count(completed)} of {plural(total, "call")}
      {failed > 0 ? <span className="text-bad"> · {count(failed)} failed</span> : null}
    </span>
  );
}
