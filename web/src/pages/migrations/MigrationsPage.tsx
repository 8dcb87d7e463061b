import { ArrowRightLeft, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, EmptyState, Money, Notice, Page, PagedTable, RelativeTime, SimulatedMark } from "@/kit";
import { Progress } from "@/kit/Progress";
import { plural, utc } from "@/lib/format";
import { flag, over, text, useUrlState } from "@/lib/url-state";
import { NewMigration } from "./NewMigration";
import { type Ending, type Migration, ending, farOf } from "./model";

// `model` and `successor` come from offers, and fill the form.
const shape = { new: over(flag()), model: text(), successor: text() };
const START = `curl $URL/v1/model-migrations -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"model": "small-2025", "successor": "small-2026"}'`;

export default function MigrationsPage() {
  const [{ new: isNew, model, successor }, set] = useUrlState(shape);
  const may = useMay();
  const [moving, setMoving] = useState(false);
  const pages = usePages("/v1/model-migrations", {}, { refetchInterval: moving ? 2_000 : false });
  useEffect(() => setMoving(pages.rows.some((one) => one.status === "running")), [pages.rows]);
  const newButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.editPrompts} why={needs(may.edit ? "admin" : "editor")}>
      Move prompts
    </Button>
  );
  return (
    <Page title="Model moves" subtitle="All prompts of a model, measured with its successor, and moved where that is as good." back={{ to: "/optimize", label: "Optimize" }} actions={newButton}>
      <Offers onTake={(one) => set({ new: true, model: one.id, successor: one.successor ?? "" })} />
      <PagedTable
        label="Model moves"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/optimize/migrations/${row.id}` })}
        empty={
          <EmptyState icon={<ArrowRightLeft size={18} />} title="No moves yet" action={newButton} code={START}>
            When a model ends or a better one comes: each prompt is tested with it, item by item, and gets a version for it where it is as good.
          </EmptyState>
        }
      />
      <NewMigration key={`${isNew} ${model} ${successor}`} open={isNew && may.editPrompts} onOpenChange={(on) => set(on ? { new: true } : { new: false, model: "", successor: "" })} model={model} successor={successor} />
    </Page>
  );
}

/** Models that end and name who takes their place. */
function Offers({ onTake }: { onTake: (model: Ending) => void }) {
  const may = useMay();
  const found = useRead("/v1/models", { query: { retired: true } }, { staleTime: 60_000 });
  const models = ending(((found.data as { data?: Ending[] } | undefined)?.data ?? []).filter((one) => one.successor));
  return models.map((one) => (
    <Notice
      key={one.id}
      tone="warn"
      title={`${one.id} ${one.retired_at ? "has ended" : one.sunset_at ? `ends on ${utc(one.sunset_at)}` : "is not to be used any more"}.`}
      action={
        <Button size="s" onClick={() => onTake(one)} disabled={!may.editPrompts} why={needs(may.edit ? "admin" : "editor")}>
          Move its prompts to {one.successor}
        </Button>
      }
    >
      {one.successor} takes its place.
    </Notice>
  ));
}

const COLUMNS: Column<Migration>[] = [
  {
    key: "what",
    head: "Move",
    cell: (row) => (
      <span className="flex flex-wrap items-center gap-x-2 py-1">
        <span className="font-mono font-medium wrap-anywhere">
          {row.model} → {row.successor}
        </span>
        {row.simulated ? <SimulatedMark /> : null}
      </span>
    ),
  },
  {
    key: "far",
    head: "Prompt versions",
    width: "w-44",
    cell: (row) => {
      const { done, total } = farOf(row.progress);
      if (row.status === "running") return <Progress label={`Steps of ${row.model}`} done={done} total={total} className="w-32" />;
      return <Badge tone={row.status === "completed" ? "ok" : "neutral"}>{row.status === "completed" ? plural(total, "version") : "cancelled"}</Badge>;
    },
  },
  { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Money nusd={row.cost_nusd} /> },
  { key: "started", head: "Started", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
];
