import { History, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, Combobox, EmptyState, Money, PagedTable, RelativeTime, SimulatedMark, StatusBadge, Toolbar } from "@/kit";
import { Progress } from "@/kit/Progress";
import { count } from "@/lib/format";
import { flag, over, text, useUrlState } from "@/lib/url-state";
import { Head } from "./Head";
import { StartBacktest } from "./StartBacktest";
import { type Backtest, armsOf, isGoingOn } from "./backtest";

const shape = { prompt: text(), new: over(flag()), experiment: text() };
const START = `curl $URL/v1/experiments/backtests -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"prompt": "tickets", "versions": [1, 2], "days": 7, "inputs": 200, "max_cost_nusd": 1000000000}'`;

export default function BacktestsPage() {
  const [{ prompt, new: isNew }, set] = useUrlState(shape);
  const may = useMay();
  const prompts = usePromptChoices();
  const [moving, setMoving] = useState(false);
  const pages = usePages("/v1/experiments/backtests", { query: { prompt } }, { refetchInterval: moving ? 2_000 : false });
  useEffect(() => setMoving(pages.rows.some((one) => isGoingOn(one.status))), [pages.rows]);
  const startButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.edit} why={needs("editor")}>
      New backtest
    </Button>
  );
  return (
    <Head title="Backtests" subtitle="Other versions or models on what was asked before, unseen by anybody." actions={startButton}>
      <Toolbar>
        <Combobox label="Prompt" value={prompt || null} onChange={(next) => set({ prompt: next ?? "" })} clear="All prompts" {...prompts} className="max-w-60" />
      </Toolbar>
      <PagedTable
        label="Backtests"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/experiments/backtests/${row.id}` })}
        empty={
          prompt ? (
            <EmptyState title="No backtest of this prompt" action={<Button onClick={() => set({ prompt: "" })}>Show all</Button>} />
          ) : (
            <EmptyState icon={<History size={18} />} title="No backtests yet" action={startButton} code={START}>
              A backtest asks what was asked last week once more, of other versions or models: cost, speed and length before anybody gets them.
            </EmptyState>
          )
        }
      />
      <StartBacktest key={`${isNew} ${prompt}`} open={isNew && may.edit} onOpenChange={(on) => set({ new: on })} prompt={prompt} />
    </Head>
  );
}

const COLUMNS: Column<Backtest>[] = [
  {
    key: "prompt",
    head: "Prompt",
    cell: (row) => (
      <span className="block min-w-0 py-1">
        <span className="flex flex-wrap items-center gap-x-2">
          <span className="font-mono font-medium wrap-anywhere">{row.prompt}</span>
          {row.simulated ? <SimulatedMark /> : null}
        </span>
        <span className="block text-12 text-muted wrap-anywhere">{armsOf(row.arms)}</span>
      </span>
    ),
  },
  { key: "status", head: "Standing", width: "w-40", cell: (row) => (row.status === "pending" ? <Badge>waiting to begin</Badge> : isGoingOn(row.status) ? <Progress label={`Answers for ${row.prompt}`} done={row.done} total={row.total} className="w-32" /> : <StatusBadge status={row.status} />) },
  { key: "inputs", head: "Inputs", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => count(row.inputs) },
  { key: "cost", head: "Cost", align: "end", width: "w-24", cell: (row) => <Money nusd={row.cost_nusd} /> },
  { key: "made", head: "Started", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
];
