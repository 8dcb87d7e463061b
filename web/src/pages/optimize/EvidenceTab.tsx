import { Intervals } from "@/chart/Intervals";
import { Breaking, type Column, Facts, Section, Table, TextLink } from "@/kit";
import { count, money, percent, percentRange, points } from "@/lib/format";
import { type Evidence, level } from "./model";
import { Proposals } from "./Proposals";

type Category = Evidence["per_category"][number];

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

function Change({ from, to }: { from: number | null; to: number | null }) {
  if (from === null || to === null) return <span className="text-muted">–</span>;
  return <span className={to < from ? "text-bad" : undefined}>{points(to - from)}</span>;
}

/** What speaks for it: the measurement, by answer, the edits that made it. Everything of it is counted, nothing estimated by a model. */
export default function EvidenceTab({ evidence }: { evidence: Evidence }) {
  const { test, validation } = evidence;
  return (
    <div className="flex min-w-0 flex-col gap-8">
      <Section title="On untouched test items" description={`${count(test.n)} items that the search never saw, each answered by both texts. Look ${test.look} at this test split, so the interval is at ${level(test.confidence)}.`}>
        <Intervals title="Gain" unit={`points, with its ${level(test.confidence)} interval`} rows={[{ key: "gain", label: "Gain on test", value: test.delta, low: test.ci_low, high: test.ci_high, color: 4 }]} reference={{ value: 0, label: "no difference" }} format={(value) => points(value)} formatTick={(value) => points(value, 0)} />
        <Facts
          facts={[
            ["Fixed", `${count(test.fixed)} of ${count(test.n)} were wrong and are right`],
            ["Broken", `${count(test.broken)} of ${count(test.n)} were right and are wrong`],
            ["p-value", `${test.p_value < 0.0001 ? "< 0.0001" : test.p_value.toFixed(4)} (exact McNemar, must be at most ${Number(test.alpha.toPrecision(2))})`],
            ["Power", `${percent(test.power.power, 0)} for a gain of ${points(test.power.for_gain, 0)}`],
            ["Cost per answer", `${money(evidence.cost.baseline_nusd)} → ${money(evidence.cost.candidate_nusd)}`],
            validation.n > 0 && ["On validation", `${percent(validation.baseline)} → ${percent(validation.candidate)} of ${count(validation.n)}: chosen on these, so rather too kind`],
          ]}
        />
      </Section>
      <Section title="By expected answer">
        <Table label="By expected answer" columns={COLUMNS} rows={evidence.per_category} rowKey={(row) => row.category} />
      </Section>
      <Section title="Edits in it" description="What each did on the train items it was tried on, with 95 % intervals.">
        <Proposals edits={evidence.edits} alone />
      </Section>
      <Section title="How it was found">
        <Facts
          facts={[
            ["Answers by", evidence.models.task],
            ["Edits proposed by", evidence.models.reflect],
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
