import { XYChart } from "@/chart";
import { Badge, type Column, EmptyState, Facts, Section, Table, TextLink } from "@/kit";
import { Progress } from "@/kit/Progress";
import { NONE, count, decimal, percent, plural, relative } from "@/lib/format";
import { ArmFigures } from "./Figures";
import { type Arm, type Experiment, GUARD_TONES, GUARD_WORDS, type Guard, type Results as Found, allowance, controlOf, curveRange, curves, epochWords, gives, isScored, liveArms, nothingToDraw, outsideWords, saysDeciding, saysOf, unitsOf, wholeSplit } from "./model";
import { useMetricNames } from "./useMetricNames";

/** What came of it: arms, differences with their intervals, guardrails, and how much is still to come. */
export default function Results({ experiment, results, goesOn }: { experiment: Experiment; results: Found | null; goesOn: boolean }) {
  if (!results) return <EmptyState title="Nothing to show yet">It was not started, or nobody came.</EmptyState>;
  return (
    <div className="flex min-w-0 flex-col gap-8">
      <Arms experiment={experiment} results={results} />
      <OverTime experiment={experiment} results={results} />
      <Differences experiment={experiment} results={results} />
      <Guardrails experiment={experiment} results={results} />
      <ArmFigures experiment={experiment} results={results} />
      <Shadows experiment={experiment} results={results} />
      {goesOn ? <ToCome experiment={experiment} results={results} /> : null}
      <Outside experiment={experiment} />
    </div>
  );
}

type ArmRow = { arm: Arm; planned: number | null; seen: number | null; units: number; observations: number; value: number | null };

function Arms({ experiment, results }: { experiment: Experiment; results: Found }) {
  const says = saysDeciding(experiment.metric, results.is_share);
  const { decidedOf } = useMetricNames([experiment.metric]);
  const scored = isScored(experiment.metric);
  const calls = new Map(results.arms.map((one) => [one.arm, one.calls]));
  const shares = wholeSplit(results.sample_ratio);
  const anybody = [...shares.values()].some((one) => one.units > 0);
  const figures = new Map(results.arms.map((one) => [one.arm, one]));
  const rows: ArmRow[] = liveArms(experiment).map((arm) => {
    const of = figures.get(arm.name);
    const share = shares.get(arm.name);
    return { arm, planned: anybody ? (share?.planned ?? null) : arm.share, seen: share?.seen ?? null, units: of?.units ?? 0, observations: of?.observations ?? 0, value: of?.value ?? null };
  });
  const columns: Column<ArmRow>[] = [
    {
      key: "arm",
      head: "Arm",
      width: "min-w-28",
      cell: ({ arm }) => (
        <span className="block min-w-0 py-1">
          <span className="flex flex-wrap items-center gap-x-2">
            <span className="font-mono font-medium wrap-anywhere">{arm.name}</span>
            {arm.control ? <Badge>control</Badge> : null}
            {experiment.winner === arm.name ? <Badge tone="ok">winner</Badge> : null}
          </span>
          <span className="block text-12 text-muted wrap-anywhere">{gives(arm)}</span>
          <RunsOf experiment={experiment.id} arm={arm.name} />
        </span>
      ),
    },
    { key: "planned", head: "Planned", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => (row.planned === null ? NONE : percent(row.planned)) },
    {
      key: "seen",
      head: "Came",
      align: "end",
      width: "w-28",
      cell: (row) => (
        <span className="inline-flex flex-col items-end">
          {row.seen === null ? NONE : percent(row.seen)}
          <span className="text-12 text-muted">{count(shares.get(row.arm.name)?.units ?? 0)}</span>
          {row.planned === null ? null : <span className="text-12 text-muted sm:hidden">planned {percent(row.planned)}</span>}
        </span>
      ),
    },
    {
      key: "heard",
      head: experiment.metric === "satisfaction" ? "Reacted" : scored ? "Scored" : "Counted",
      align: "end",
      width: "w-28",
      ...(scored ? {} : { hideBelow: "sm" as const }),
      cell: (row) => (
        <span className="inline-flex flex-col items-end">
          {count(row.units)}
          {scored ? <span className="text-12 text-muted">{`${count(row.observations)} of ${plural(calls.get(row.arm.name) ?? 0, "answer")}`}</span> : null}
        </span>
      ),
    },
    { key: "value", head: scored ? <span className="inline-block max-w-32 whitespace-normal wrap-anywhere">{decidedOf(experiment.metric)}</span> : decidedOf(experiment.metric), align: "end", width: "w-28", cell: (row) => says.value(row.value) },
  ];
  return (
    <Section title="Arms" description={`Who came is counted in ${unitsOf(2, experiment.unit).slice(2)}. ${!anybody ? "Nobody came yet." : results.sample_ratio.is_sound ? "The split is as planned." : "The split is not as planned."}`}>
      <Table label="Arms" columns={columns} rows={rows} rowKey={(row) => row.arm.name} />
    </Section>
  );
}

function RunsOf({ experiment, arm }: { experiment: string; arm: string }) {
  return (
    <TextLink to="/runs" search={{ experiment, arm }} className="text-12 wrap-anywhere">
      Runs of {arm}
    </TextLink>
  );
}

function OverTime({ experiment, results }: { experiment: Experiment; results: Found }) {
  const says = saysDeciding(experiment.metric, results.is_share);
  const series = curves(results.over_time ?? []);
  const control = controlOf(experiment)?.name ?? "control";
  const sure = percent(1 - (results.rule?.alpha ?? 1 - experiment.deciding.confidence), 0);
  const annotations = (experiment.epochs ?? []).slice(1).map((one) => ({ x: Date.parse(one.started_at), label: epochWords(one) }));
  if (series.length === 0) {
    const fewest = Math.min(...results.differences.map((one) => Math.min(one.units, one.control_units)));
    const nothing = nothingToDraw(experiment, Number.isFinite(fewest) ? fewest : 0);
    return (
      <Section title="Difference over time">
        <EmptyState title={nothing.title}>{nothing.words}</EmptyState>
      </Section>
    );
  }
  return (
    <XYChart
      title="Difference over time"
      unit={`from ${control}, with its ${sure} interval${experiment.deciding.method === "sequential" ? "; look as often as you like" : ""}`}
      series={series}
      keepsLegend
      zero={false}
      range={curveRange(series)}
      reference={{ value: 0, label: "no difference" }}
      annotations={annotations}
      format={says.difference}
      formatTick={says.difference}
    />
  );
}

function Differences({ experiment, results }: { experiment: Experiment; results: Found }) {
  const says = saysDeciding(experiment.metric, results.is_share);
  const columns: Column<Found["differences"][number]>[] = [
    { key: "arm", head: "Arm", width: "min-w-24", cell: (row) => <span className="font-mono wrap-anywhere">{row.arm}</span> },
    { key: "value", head: "Difference", align: "end", width: "w-28", cell: (row) => says.difference(row.value) },
    { key: "interval", head: "Surely", align: "end", width: "w-44", cell: (row) => says.range(row.low, row.high) },
    { key: "relative", head: "Relative", align: "end", width: "w-24", hideBelow: "md", cell: (row) => relative(row.relative, 1) },
    { key: "p", head: "p, any time", align: "end", width: "w-24", hideBelow: "md", cell: (row) => (row.p_value === null ? NONE : row.p_value < 0.001 ? "<0.001" : decimal(row.p_value)) },
  ];
  const doubts = results.differences.map((one) => one.missing_feedback).filter(Boolean);
  return (
    <Section title="Differences" description="From the control, put together within the times of equal shares.">
      <Table label="Differences" columns={columns} rows={results.differences} rowKey={(row) => row.arm} />
      {doubts.map((one) => (
        <p key={one} className="text-12 text-muted">
          {one}
        </p>
      ))}
    </Section>
  );
}

function Guardrails({ experiment, results }: { experiment: Experiment; results: Found }) {
  const several = liveArms(experiment).length > 2;
  const { nameOf } = useMetricNames(results.guardrails.map((one) => one.metric));
  const share = (metric: string) => metric === "satisfaction" || isScored(metric);
  const columns: Column<Guard>[] = [
    {
      key: "metric",
      head: "Guardrail",
      cell: (row) => (
        <span className="block min-w-0 py-1">
          <span className="block font-medium">{nameOf(row.metric)}</span>
          <span className="block text-12 text-muted">
            {allowance(row)}
            {several ? ` · ${row.arm}` : ""}
          </span>
        </span>
      ),
    },
    { key: "control", head: "Control", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => saysOf(row.metric, share(row.metric)).value(row.control) },
    { key: "arm", head: "Candidate", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => saysOf(row.metric, share(row.metric)).value(row.treatment) },
    {
      key: "state",
      head: "Standing",
      width: "w-44",
      cell: (row) => (
        <span className="block py-1">
          <Badge tone={GUARD_TONES[row.state]}>{GUARD_WORDS[row.state]}</Badge>
          {row.why ? <span className="mt-0.5 block text-12 text-muted">{row.why}</span> : null}
          {row.against === "baseline" ? <span className="mt-0.5 block text-12 text-muted">beside the days before the start</span> : null}
        </span>
      ),
    },
  ];
  return (
    <Section title="Guardrails" description="What no arm may harm. One that is surely broken ends the arm.">
      {results.guardrails.length > 0 ? <Table label="Guardrails" columns={columns} rows={results.guardrails} rowKey={(row) => `${row.metric} ${row.arm}`} /> : <p className="text-13 text-muted">This experiment has none.</p>}
    </Section>
  );
}

type Shadow = { arm: string; answered: number; successes: number; mean_cost_nusd: number | null; live_mean_cost_nusd: number | null; mean_latency_ms: number | null; live_mean_latency_ms: number | null; compared: number; same_answer: number };

function Shadows({ experiment, results }: { experiment: Experiment; results: Found }) {
  const rows = (results.shadows ?? []) as unknown as Shadow[];
  if (rows.length === 0) return null;
  const [cost, latency] = [saysOf("cost_nusd", false), saysOf("latency_ms", false)];
  const columns: Column<Shadow>[] = [
    {
      key: "arm",
      head: "Arm",
      cell: (row) => (
        <span className="flex min-w-0 flex-col items-start">
          <span className="font-mono wrap-anywhere">{row.arm}</span>
          <RunsOf experiment={experiment.id} arm={row.arm} />
        </span>
      ),
    },
    { key: "answered", head: "Copies", align: "end", width: "w-24", cell: (row) => count(row.answered) },
    { key: "cost", head: "Cost, live → copy", align: "end", width: "w-44", hideBelow: "sm", cell: (row) => `${cost.value(row.live_mean_cost_nusd)} → ${cost.value(row.mean_cost_nusd)}` },
    { key: "latency", head: "Latency, live → copy", align: "end", width: "w-44", hideBelow: "md", cell: (row) => `${latency.value(row.live_mean_latency_ms)} → ${latency.value(row.mean_latency_ms)}` },
    { key: "same", head: "Same answer", align: "end", width: "w-28", cell: (row) => (row.compared > 0 ? percent(row.same_answer / row.compared) : NONE) },
  ];
  return (
    <Section title="Unseen copies" description="What the same calls would have got. They count for no one.">
      <Table label="Unseen copies" columns={columns} rows={rows} rowKey={(row) => row.arm} />
    </Section>
  );
}

function ToCome({ experiment, results }: { experiment: Experiment; results: Found }) {
  const known = (results.outlook ?? []).filter((one) => one.needed !== null);
  if (known.length === 0) return null;
  return (
    <Section title="Still to come" description={`Until an effect worth finding would be found in four cases of five${experiment.deciding.smallest_effect ? "" : " (the usual effect)"}.`}>
      {known.map((one) => (
        <Progress
          key={one.arm}
          label={`Known of ${one.arm}`}
          done={Math.round(Math.min(1, one.share_done) * (one.needed ?? 0))}
          total={one.needed ?? 1}
          words={`${known.length > 1 ? `${one.arm}: ` : ""}${percent(Math.min(1, one.share_done), 0)} of ${unitsOf(one.needed ?? 0, experiment.unit)}${one.nobody_new ? "; lately nobody new came: at that pace there are never so many" : one.days_left === null ? "" : one.days_left < 1 ? "; less than a day left" : `; about ${plural(Math.round(one.days_left), "day")} left`}`}
        />
      ))}
    </Section>
  );
}

function Outside({ experiment }: { experiment: Experiment }) {
  const found = Object.entries(experiment.outside ?? {}).filter(([, calls]) => calls > 0);
  if (found.length === 0) return null;
  return (
    <Section title="Calls outside" description="They got what the label names.">
      <Facts facts={found.map(([reason, calls]) => [outsideWords(reason), count(calls)] as const)} />
    </Section>
  );
}
