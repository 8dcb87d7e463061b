import { Intervals, type IntervalRow } from "@/chart";
import { Badge, type Column, DownloadButton, Section, Table } from "@/kit";
import { NONE, count, percent, plural } from "@/lib/format";
import { type Experiment, type Figure, type Results, controlOf, liveArms, saysOfKind } from "./model";
import { useMetricNames } from "./useMetricNames";

/** Every figure of every arm: a drawing of how far each is from the control, in per cent of it, and a table of all there is. */
export function ArmFigures({ experiment, results }: { experiment: Experiment; results: Results }) {
  const figures = results.figures ?? [];
  const { figureOf, saidOf } = useMetricNames([experiment.metric, ...figures.map((one) => one.metric)]);
  if (figures.length === 0) return null;
  const control = controlOf(experiment)?.name ?? "control";
  const sure = percent(experiment.deciding.confidence, 0);
  return (
    <Section
      title="All figures"
      description={`Of each arm, with what it surely lies between. Each holds by itself at ${sure}, at any moment: of so many some may be wrong. The verdict goes by ${saidOf(experiment.metric)} and the guardrails.`}
      actions={
        <DownloadButton path={`/v1/experiments/${experiment.id}?format=csv`} name="experiment.csv" size="s">
          CSV
        </DownloadButton>
      }
    >
      <Beside figures={figures} control={control} sure={sure} several={liveArms(experiment).length > 2} figureOf={figureOf} />
      <Table label="All figures" columns={columnsOf(results, control, figureOf)} rows={rowsOf(figures, liveArms(experiment).map((one) => one.name))} rowKey={(row) => `${row.figure.metric} ${row.arm}`} />
    </Section>
  );
}

const COLORS = [1, 2, 3, 4, 5] as const;
/** Intervals that reach beyond three times the control, or below nothing of it by as much, say little and would flatten all others. */
const MOST = 2;

function Beside({ figures, control, sure, several, figureOf }: { figures: readonly Figure[]; control: string; sure: string; several: boolean; figureOf: (metric: string) => string }) {
  const rows: IntervalRow[] = figures.flatMap((figure) =>
    figure.differences.map((one, at) => {
      const of = figure.arms.find((arm) => arm.arm === control)?.value;
      const part = (value: number | null) => (value === null || !of ? null : value / Math.abs(of));
      return { key: `${figure.metric} ${one.arm}`, label: several ? `${figureOf(figure.metric)}, ${one.arm}` : figureOf(figure.metric), value: part(one.value), low: part(one.low), high: part(one.high), color: COLORS[at % COLORS.length] };
    }),
  );
  const known = rows.filter((row) => row.low !== null && row.high !== null);
  const drawn = known.filter((row) => Math.abs(row.low ?? 0) <= MOST && Math.abs(row.high ?? 0) <= MOST);
  if (drawn.length === 0) return null;
  const signed = (value: number) => `${value > 0 ? "+" : ""}${percent(value)}`;
  const left = known.length - drawn.length;
  return (
    <>
      <Intervals title={`Beside ${control}`} unit={`in per cent of it, ${sure} intervals`} rows={drawn} format={signed} formatTick={(value) => `${value > 0 ? "+" : ""}${percent(value, 0)}`} reference={{ value: 0, label: "as the control" }} sure={sure} />
      {left > 0 ? <p className="text-12 text-muted">{plural(left, "figure")} not drawn: still unsure by more than twice the control.</p> : null}
    </>
  );
}

type Row = { figure: Figure; arm: string; isFirst: boolean };

function rowsOf(figures: readonly Figure[], arms: readonly string[]): Row[] {
  return figures.flatMap((figure) => arms.filter((arm) => figure.arms.some((one) => one.arm === arm)).map((arm, at) => ({ figure, arm, isFirst: at === 0 })));
}

const ROLES: Partial<Record<Figure["role"], string>> = { decides: "decides", guardrail: "guardrail" };

function columnsOf(results: Results, control: string, figureOf: (metric: string) => string): Column<Row>[] {
  const calls = new Map(results.arms.map((one) => [one.arm, one.calls]));
  const of = ({ figure, arm }: Row) => figure.arms.find((one) => one.arm === arm);
  const moved = ({ figure, arm }: Row) => figure.differences.find((one) => one.arm === arm);
  return [
    {
      key: "metric",
      head: "Figure",
      width: "sm:min-w-36",
      cell: (row) => (
        <>
          <span className={row.isFirst ? "flex flex-wrap items-center gap-x-2 font-medium" : "sr-only"}>
            {figureOf(row.figure.metric)}
            {row.isFirst && ROLES[row.figure.role] ? <Badge tone={row.figure.role === "decides" ? "accent" : "neutral"}>{ROLES[row.figure.role]}</Badge> : null}
          </span>
          <span className="font-mono text-12 wrap-anywhere sm:hidden">{row.arm}</span>
        </>
      ),
    },
    { key: "arm", head: "Arm", width: "min-w-24", hideBelow: "sm", cell: (row) => <span className="font-mono wrap-anywhere">{row.arm}</span> },
    {
      key: "seen",
      head: "Seen",
      align: "end",
      width: "w-32",
      hideBelow: "md",
      cell: (row) => (
        <span className="inline-flex flex-col items-end">
          {count(of(row)?.units ?? 0)}
          <span className="text-12 text-muted">{calls.get(row.arm) === undefined ? "" : `of ${plural(calls.get(row.arm) ?? 0, "call")}`}</span>
        </span>
      ),
    },
    {
      key: "value",
      head: "Value",
      align: "end",
      width: "w-44",
      cell: (row) => {
        const says = saysOfKind(row.figure.kind);
        return <Pair value={says.value(of(row)?.value ?? null)} range={says.between(of(row)?.low ?? null, of(row)?.high ?? null)} />;
      },
    },
    {
      key: "difference",
      head: <span className="inline-block max-w-44 whitespace-normal wrap-anywhere">From {control}</span>,
      align: "end",
      width: "w-48",
      cell: (row) => {
        const one = moved(row);
        if (!one) return row.arm === control ? <span className="text-muted">the control</span> : NONE;
        const says = saysOfKind(row.figure.kind);
        return <Pair value={says.difference(one.value)} range={says.range(one.low, one.high)} />;
      },
    },
  ];
}

function Pair({ value, range }: { value: string; range: string }) {
  return (
    <span className="inline-flex flex-col items-end">
      {value}
      {range === NONE ? null : <span className="text-12 text-muted max-sm:whitespace-normal">{range}</span>}
    </span>
  );
}
