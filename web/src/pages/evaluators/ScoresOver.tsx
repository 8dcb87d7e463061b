import { ChartLine } from "lucide-react";
import { useMemo } from "react";
import { useAll, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { XYChart } from "@/chart/XYChart";
import { ButtonLink, type Column, EmptyState, Loaded, Money, NumberCell, Percent, Segments, Select, SimulatedBadge, SkeletonText, Table, TextLink, Toolbar } from "@/kit";
import { decimal, percent } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";
import { type Figures, RANGES, RANGE_NAMES, evaluatorName, seriesOf, windowOf } from "./scores";

const GROUPS = ["evaluator", "prompt", "version", "label", "model"] as const;
type Group = (typeof GROUPS)[number];
const GROUP_NAMES: Record<Group, string> = { evaluator: "By version of the evaluator", prompt: "By prompt", version: "By version of the prompt", label: "By label", model: "By model" };
const shape = { range: oneOf(RANGE_NAMES, "7d"), by: oneOf(GROUPS, "evaluator"), measure: oneOf(["mean", "pass_rate"], "pass_rate") };

/** What scores were over time, as lines with their intervals and as sums; of one evaluator, or of all. */
export default function ScoresOver({ evaluator, prompt, isOver = false }: { evaluator: string | null; prompt: string | null; /** The evaluator is archived. */ isOver?: boolean }) {
  const [{ range, by, measure }, set] = useUrlState(shape);
  const { from, fromMs, toMs, grain } = useMemo(() => windowOf(range, Date.now()), [range]);
  const query = { from, grain, group_by: by, evaluator_id: evaluator ?? undefined, prompt: prompt ?? undefined };
  const may = useMay();
  const sums = useRead("/v1/scores/summary", { query });
  const steps = useRead("/v1/scores/summary", { query: { ...query, steps: true } });
  const known = useAll("/v1/evaluators", { query: { archived: true } }, { staleTime: 60_000 });
  const names = useMemo(() => new Map(known.rows?.map((one) => [one.id, one.name])), [known.rows]);
  const nameOf = (group: string) => (by === "evaluator" ? evaluatorName(group, names) : group === "" || group === "@" ? "no prompt" : group.replace(/@(\d+)$/, " v$1"));
  const columns: Column<Figures>[] = [
    { key: "group", head: GROUP_NAMES[by].replace("By ", "").replace(/^./, (letter) => letter.toUpperCase()), cell: (row) => <span className="font-medium wrap-anywhere">{nameOf(row.group)}</span> },
    { key: "pass", head: "Pass", align: "end", width: "w-40", cell: (row) => <Percent share={row.pass_rate?.value} low={row.pass_rate?.low} high={row.pass_rate?.high} samples={row.scores} show="below" className="items-end" /> },
    { key: "mean", head: "Mean", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => decimal(row.mean?.value, 2) },
    { key: "scores", head: "Scores", align: "end", width: "w-24", cell: (row) => <NumberCell value={row.scores} /> },
    { key: "none", head: "Without one", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <NumberCell value={row.no_scores} /> },
    { key: "uncertain", head: "Uncertain", align: "end", width: "w-24", hideBelow: "md", cell: (row) => <NumberCell value={row.uncertain} /> },
    { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Money nusd={row.cost_nusd} /> },
  ];
  return (
    <div className="flex min-w-0 flex-col gap-5">
      <Toolbar>
        <Select compact aria-label="Range" value={range} onChange={(next) => set({ range: next })} options={RANGE_NAMES.map((one) => ({ value: one, label: RANGES[one].label }))} />
        <Select compact aria-label="Grouped" value={by} onChange={(next) => set({ by: next })} options={GROUPS.map((one) => ({ value: one, label: GROUP_NAMES[one] }))} />
        <Segments label="What is drawn" value={measure} onChange={(next) => set({ measure: next })} options={[{ value: "pass_rate", label: "Share that passes" }, { value: "mean", label: "Mean score" }]} />
        {sums.data?.data.some((row) => row.simulated) ? <SimulatedBadge /> : null}
      </Toolbar>
      <Loaded of={sums} skeleton={<SkeletonText lines={8} />}>
        {({ data }) =>
          data.length === 0 ? (
            <EmptyState icon={<ChartLine size={18} />} title="Nothing was scored in this time" action={isOver ? undefined : <ButtonLink to="/evaluators/live" search={evaluator ? { new: "1", evaluator } : { new: "1" }} off={!may.edit && needs("editor")}>Score live traffic</ButtonLink>}>
              Scores of live traffic are drawn here, apart from what people said. Those of test runs stand with their run.
            </EmptyState>
          ) : (
            <>
              <h2 className="sr-only">Over time</h2>
              <XYChart
                title={measure === "mean" ? "Mean score" : "Share that passes"}
                unit={`by ${grain}, with 95 % intervals`}
                series={seriesOf(steps.data?.data ?? [], { measure, nameOf, range, fromMs, toMs })}
                format={measure === "mean" ? (value) => decimal(value, 2) : (value) => percent(value)}
                formatTick={measure === "mean" ? (value) => decimal(value, 2) : (value) => percent(value, 0)}
                range={[0, 1]}
                clock={grain === "day" ? "utc" : "local"}
                isStale={steps.isPlaceholderData}
                keepsLegend
              />
              <Table label="Sums of scores" columns={columns} rows={data} rowKey={(row) => row.group} isStale={sums.isPlaceholderData} />
              {evaluator ? (
                <p className="text-13">
                  <TextLink to="/evaluators/scores" search={{ evaluator }}>
                    Each of its scores
                  </TextLink>
                </p>
              ) : null}
            </>
          )
        }
      </Loaded>
    </div>
  );
}
