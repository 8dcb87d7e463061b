import { useAuthors } from "@/api/authors";
import type { Schema } from "@/api/client";
import { Badge, type Column, Facts, Section, Table, TextLink } from "@/kit";
import { NONE, count, day, percent } from "@/lib/format";
import { type Figure, ending, isByHand, saysOfKind } from "@/pages/experiments/model";
import { DecidedBy, FigureName } from "@/pages/experiments/useMetricNames";

type Told = NonNullable<Schema<"ReportContent">["experiment"]>;
type Line = Told["figures"][number];

/** What a report of an experiment says of it: how it ended, and every figure of every arm. */
export function OfExperiment({ experiment: one }: { experiment: Told }) {
  const nameOf = useAuthors();
  const found = ending(one);
  const byHand = isByHand(one);
  return (
    <>
      <Section title="How it ended" actions={<TextLink to={`/experiments/${one.experiment_id}`}>The experiment</TextLink>}>
        <Facts
          facts={[
            ["Outcome", <Badge key="outcome" tone={found.tone}>{found.word}</Badge>],
            ["Winner", one.winner ? <span key="winner" className="font-mono">{one.winner}</span> : "none"],
            byHand ? ["Ended by", nameOf(one.decided_by)] : ["Decided by", <span key="by"><DecidedBy metric={one.metric} />, {percent(one.confidence)} sure</span>],
            byHand ? ["Metric", <DecidedBy key="metric" metric={one.metric} />] : null,
            ["Ended", day(one.completed_at)],
            one.reason ? ["Reason", one.reason] : null,
          ]}
        />
      </Section>
      <Section title="All figures" description="Of each arm, with what it surely lies between.">
        <Table label="All figures" columns={COLUMNS} rows={one.figures} rowKey={(row) => `${row.metric} ${row.arm}`} />
      </Section>
      <h2 className="text-16 font-semibold">{one.prompt} in that time</h2>
    </>
  );
}

const COLUMNS: Column<Line>[] = [
  { key: "figure", head: "Figure", cell: (row) => <span className="font-medium"><FigureName metric={row.metric} /></span> },
  { key: "arm", head: "Arm", width: "min-w-24", cell: (row) => <span className="font-mono wrap-anywhere">{row.arm}</span> },
  { key: "seen", head: "Units", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => count(row.units) },
  { key: "calls", head: "Calls", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => count(row.calls) },
  { key: "value", head: "Value", align: "end", width: "w-44", cell: (row) => <Pair value={saysOfKind(row.kind as Figure["kind"]).value(row.value)} range={saysOfKind(row.kind as Figure["kind"]).between(row.low, row.high)} /> },
  { key: "difference", head: "From the control", align: "end", width: "w-48", cell: (row) => (row.control ? <span className="text-muted">the control</span> : <Pair value={saysOfKind(row.kind as Figure["kind"]).difference(row.difference)} range={saysOfKind(row.kind as Figure["kind"]).range(row.difference_low, row.difference_high)} />) },
];

function Pair({ value, range }: { value: string; range: string }) {
  return (
    <span className="inline-flex flex-col items-end">
      {value}
      {range === NONE ? null : <span className="text-12 text-muted">{range}</span>}
    </span>
  );
}
