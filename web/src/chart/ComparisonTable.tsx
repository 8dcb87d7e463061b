import type { Schema } from "@/api/client";
import { Badge, type Column, Duration, Money, Percent, Section, SimulatedBadge, Table } from "@/kit";
import { count, money, percent, points } from "@/lib/format";
import { Intervals } from "./Intervals";

type Run = Schema<"ComparedRun">;

export const runName = (run: Pick<Run, "prompt" | "chain" | "version">) => `${run.prompt ?? run.chain ?? ""} v${run.version}`;

const columnsFor = (isAlone: boolean): Column<Run>[] => [
  {
    key: "run",
    head: "Version",
    cell: (run) => (
      <span className="block min-w-0">
        <span className="font-mono text-13 font-medium wrap-anywhere">{runName(run)}</span>
        <span className="block text-12 text-muted wrap-anywhere">{run.model ?? "a chain"}</span>
      </span>
    ),
  },
  { key: "score", head: "Right", align: "end", width: "w-36", cell: (run) => <Percent share={run.accuracy?.value} low={run.accuracy?.low} high={run.accuracy?.high} samples={run.total} show="below" className="items-end" /> },
  {
    key: "behind",
    head: "Behind the best",
    align: "end",
    width: "w-44",
    hideBelow: "md",
    cell: (run) =>
      run.behind_best ? (
        <span title={`95 % interval ${points(-run.behind_best.high)} to ${points(-run.behind_best.low)}`}>
          {points(-run.behind_best.value)} {run.could_be_best ? <Badge>could be chance</Badge> : null}
        </span>
      ) : (
        isAlone ? <span className="text-muted">–</span> : <Badge tone="ok">best</Badge>
      ),
  },
  { key: "cost", head: "Cost per answer", align: "end", width: "w-28", hideBelow: "sm", cell: (run) => <Money nusd={run.mean_cost_nusd} /> },
  { key: "p50", head: "p50", align: "end", width: "w-20", hideBelow: "lg", cell: (run) => <Duration ms={run.p50_ms} /> },
  { key: "p95", head: "p95", align: "end", width: "w-20", hideBelow: "lg", cell: (run) => <Duration ms={run.p95_ms} /> },
];

/** Versions side by side over the same items: an interval for each, and how far behind the best. */
export function ComparisonTable({ comparison, selected }: { comparison: Schema<"Comparison">; selected?: string }) {
  const { runs } = comparison;
  return (
    <Section
      title={
        <span className="flex flex-wrap items-center gap-2">
          {comparison.dataset} · {comparison.split}
          <span className="text-12 font-normal text-muted">
            {count(runs[0]?.total)} answers each, dataset version {comparison.dataset_version}
          </span>
          {runs.some((run) => run.simulated) ? <SimulatedBadge /> : null}
        </span>
      }
    >
      {runs.length > 1 ? (
        <Intervals
          title="Right answers"
          unit="%, with 95 % intervals"
          rows={runs.map((run, at) => ({ key: run.test_run_id, label: runName(run), value: run.accuracy?.value ?? null, low: run.accuracy?.low ?? null, high: run.accuracy?.high ?? null, color: at === 0 ? 4 : 2, note: money(run.mean_cost_nusd) }))}
          format={(value) => percent(value)}
          formatTick={(value) => percent(value, 0)}
        />
      ) : null}
      <Table label={`Versions on ${comparison.dataset}, ${comparison.split}`} columns={columnsFor(runs.length < 2)} rows={runs} rowKey={(run) => run.test_run_id} rowLink={(run) => ({ to: `/test-runs/${run.test_run_id}` })} selected={selected} />
    </Section>
  );
}
