import { Intervals } from "@/chart/Intervals";
import { Badge, Breaking, type Column, Facts, Section, Table, TextLink } from "@/kit";
import { count, duration, money, percent, percentRange, plural, points, pointsRange } from "@/lib/format";
import { type Evidence, type Variant, isRightOrWrong, level, methodName, sumOf } from "./model";
import { Chosen } from "./Proposals";

type Category = Evidence["per_category"][number];
type ByMetric = NonNullable<Evidence["by_metric"]>[number];

const COLUMNS: Column<Category>[] = [
  { key: "category", head: "Expected answer", cell: (row) => <Breaking text={row.category || "(empty)"} /> },
  { key: "n", head: "Items", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => count(row.n) },
  { key: "before", head: "Before", align: "end", width: "w-24", cell: (row) => percent(row.baseline) },
  {
    key: "after",
    head: "After",
    align: "end",
    width: "sm:w-40",
    cell: (row) => (
      <span className="inline-flex flex-col items-end">
        {percent(row.candidate)}
        <span className="text-12 text-muted">{percentRange(row.candidate_low, row.candidate_high, 0)}</span>
      </span>
    ),
  },
  { key: "change", head: "Change", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <Change from={row.baseline} to={row.candidate} /> },
];

/** Costs in dollars, times in milliseconds, lengths in characters; the others are shares. */
const measured = (metric: string, value: number | null) => (value === null ? "not taken" : metric === "cost" ? money(value) : metric === "latency" ? duration(value) : metric === "length" ? plural(Math.round(value), "character") : percent(value));

const METRICS: Column<ByMetric>[] = [
  { key: "metric", head: "Metric", cell: (row) => row.metric },
  { key: "before", head: "Before", align: "end", width: "w-32", cell: (row) => measured(row.metric, row.baseline) },
  { key: "after", head: "After", align: "end", width: "w-32", cell: (row) => measured(row.metric, row.candidate) },
];

const variantsOf = (suggestion: string): Column<Variant>[] => [
  { key: "model", head: "Model", cell: (row) => <Breaking text={row.model} /> },
  { key: "outcome", head: "Outcome", width: "w-36", cell: (row) => <Badge tone={row.outcome === "improved" ? "ok" : "neutral"}>{row.outcome.replaceAll("_", " ")}</Badge> },
  { key: "score", head: "On test", align: "end", width: "w-40", hideBelow: "sm", cell: (row) => (row.test ? `${percent(row.test.baseline)} → ${percent(row.test.candidate)}` : <span className="text-muted">not measured</span>) },
  { key: "gain", head: "Gain", align: "end", width: "w-40", cell: (row) => (row.test ? <span className="inline-flex flex-col items-end">{points(row.test.delta)}<span className="text-12 text-muted">{pointsRange(row.test.ci_low, row.test.ci_high)}</span></span> : <span className="text-muted">–</span>) },
  {
    key: "proposals",
    head: "Proposals",
    align: "end",
    width: "w-28",
    cell: (row) => (
      <TextLink to={`/optimize/suggestions/${suggestion}`} search={{ tab: "proposals", model: row.model }}>
        {count(sumOf(row.counts))}
      </TextLink>
    ),
  },
];

function Change({ from, to }: { from: number | null; to: number | null }) {
  if (from === null || to === null) return <span className="text-muted">–</span>;
  return <span className={to < from ? "text-bad" : undefined}>{points(to - from)}</span>;
}

/** What speaks for it: the measurement, by answer, the edits that made it. Everything of it is counted, nothing estimated by a model. */
export default function EvidenceTab({ evidence, suggestion }: { evidence: Evidence; /** Its id. */ suggestion: string }) {
  const { test, validation, by_metric: metrics = [], variants = [] } = evidence;
  const isPlain = isRightOrWrong(metrics);
  // Scores between right and wrong are tested otherwise.
  const isExact = test.by === undefined ? metrics.length <= 1 : test.by === "mcnemar";
  return (
    <div className="flex min-w-0 flex-col gap-8">
      <Section title="On untouched test items" description={`${count(test.n)} items that the search never saw, each answered by both texts. Look ${test.look} at this test split, so the interval is at ${level(test.confidence)}.`}>
        <Intervals title="Gain" unit={`points, with its ${level(test.confidence)} interval`} rows={[{ key: "gain", label: "Gain on test", value: test.delta, low: test.ci_low, high: test.ci_high, color: 4 }]} reference={{ value: 0, label: "no difference" }} format={(value) => points(value)} formatTick={(value) => points(value, 0)} />
        <Facts
          facts={[
            isPlain ? ["Fixed", `${count(test.fixed)} of ${count(test.n)} were wrong and are right`] : ["Better", `${count(test.fixed)} of ${count(test.n)} have a higher score`],
            isPlain ? ["Broken", `${count(test.broken)} of ${count(test.n)} were right and are wrong`] : ["Worse", `${count(test.broken)} of ${count(test.n)} have a lower score`],
            ["p-value", `${test.p_value < 0.0001 ? "< 0.0001" : test.p_value.toFixed(4)} (${isExact ? "exact McNemar" : "sign flips"}, must be at most ${Number(test.alpha.toPrecision(2))})`],
            ["Power", `${percent(test.power.power, 0)} for a gain of ${points(test.power.for_gain, 0)}`],
            ["Cost per answer", `${money(evidence.cost.baseline_nusd)} → ${money(evidence.cost.candidate_nusd)}`],
            test.margin !== undefined && ["May be worse by", `${points(test.margin).replace("+", "")}: a shorter text was asked for`],
            validation.n > 0 && ["On validation", `${percent(validation.baseline)} → ${percent(validation.candidate)} of ${count(validation.n)}: chosen on these, so rather too kind${validation.expected == null ? "" : `; ${percent(validation.expected)} without that luck`}`],
          ]}
        />
      </Section>
      {metrics.length > 1 || !isPlain ? (
        <Section title="By metric" description="Means over the test items in which each could be taken.">
          <Table label="By metric" columns={METRICS} rows={metrics} rowKey={(row) => row.metric} />
        </Section>
      ) : null}
      {variants.length > 0 ? (
        <Section title="For other models" description={`The same job made a text of its own for each. All else on this page is about ${evidence.model ?? evidence.models.task}.`}>
          <Table label="For other models" columns={variantsOf(suggestion)} rows={variants} rowKey={(row) => row.model} />
        </Section>
      ) : null}
      {evidence.per_category.length > 0 ? (
        <Section title="By expected answer" description={isPlain ? undefined : "Mean scores."}>
          <Table label="By expected answer" columns={COLUMNS} rows={evidence.per_category} rowKey={(row) => row.category} />
        </Section>
      ) : null}
      {evidence.edits.length > 0 ? (
        <Section title="Edits in it" description="What each did on the train items it was tried on, with 95 % intervals.">
          <Chosen edits={evidence.edits} />
        </Section>
      ) : null}
      <Section title="How it was found">
        <Facts
          facts={[
            evidence.method !== undefined && ["Method", methodName(evidence.method)],
            ["Answers by", evidence.models.task],
            ["Edits proposed by", evidence.models.reflect],
            evidence.models.judge !== undefined && ["Judged by", evidence.models.judge],
            ["Evaluations", count(evidence.evaluations)],
            ["Rounds", count(evidence.rounds)],
            ["Proposals", `${count(evidence.proposals)}, ${count(evidence.rejected)} of them refused`],
            ["Spent", money(evidence.spent_nusd)],
            ["Seed", String(evidence.seed)],
            ["Dataset", <TextLink key="d" to={`/datasets/${evidence.dataset.id}`}>{`version ${evidence.dataset.version}`}</TextLink>],
          ]}
        />
      </Section>
    </div>
  );
}
