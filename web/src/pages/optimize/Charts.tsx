import { Intervals } from "@/chart/Intervals";
import { XYChart } from "@/chart/XYChart";
import { Figures, Section } from "@/kit";
import { count, money, percent, points, pointsRange } from "@/lib/format";
import { type Progress as Far, type Test, curveOf, endsOfBest, level } from "./model";

/** What was proven, and how the search came there. */
export default function Charts({ test, isPlain, far, goesOn }: { test: Test | null; isPlain: boolean; far: Far; goesOn: boolean }) {
  return (
    <>
      {test ? <Proof test={test} isPlain={isPlain} /> : null}
      <Curves far={far} goesOn={goesOn} />
    </>
  );
}

/** The one measurement on items that the search never saw. */
function Proof({ test, isPlain }: { test: Test; isPlain: boolean }) {
  return (
    <Section title="On untouched test items" description={`${count(test.n)} items that the search never saw, each answered by both texts.`}>
      <Figures
        label="On untouched test items"
        figures={[
          { label: "Before", value: percent(test.baseline), note: isPlain ? "right" : "mean score" },
          { label: "After", value: percent(test.candidate), note: isPlain ? "right" : "mean score" },
          { label: "Gain", value: points(test.delta), note: `${pointsRange(test.ci_low, test.ci_high)}` },
          { label: isPlain ? "Fixed · broken" : "Better · worse", value: `${count(test.fixed)} · ${count(test.broken)}`, note: "cases" },
        ]}
      />
      <Intervals title="Gain" unit={`points, with its ${level(test.confidence)} interval`} rows={[{ key: "gain", label: "Gain", value: test.delta, low: test.ci_low, high: test.ci_high, color: test.ci_low > 0 ? 4 : 3 }]} reference={{ value: 0, label: "no difference" }} format={(value) => points(value)} formatTick={(value) => points(value, 0)} />
      {test.underpowered ? <p className="text-12 text-muted">With fewer than 100 test items only large gains can be proven.</p> : null}
    </Section>
  );
}

const NUSD_PER_USD = 1e9;

/** Which text leads, and by how much, is estimated anew with every answer: its line may fall, so it is not called the best so far. */
function Curves({ far, goesOn }: { far: Far; goesOn: boolean }) {
  const { best, spent } = curveOf(far);
  const ends = endsOfBest(best);
  const lowest = Math.min(0, ...best.map((one) => one.value ?? 0));
  if (best.length === 0 && !goesOn) return null;
  return (
    <Section title={goesOn ? "The search so far" : "The search"}>
      <div className="grid min-w-0 gap-6 lg:grid-cols-2">
      <XYChart title="The best new text so far" unit={`points above the version that is there, on train; more answers may lower it${ends ? `; its beginning, as low as ${points(lowest)}, is drawn at the edge` : ""}`} xAxis="number" xName="evaluations" topOfNothing={0.05} {...(ends ? { range: ends } : {})} reference={{ value: 0, label: "the version that is there" }} series={[{ name: "The best new text", points: best, color: (best.at(-1)?.value ?? 0) > 0 ? 4 : 2 }]} format={(value) => points(value)} formatTick={(value) => points(value, 0)} formatX={(x) => `${count(x)} evaluations`} formatXTick={count} />
      <XYChart title="Spent" unit="dollars" kind="area" xAxis="number" xName="evaluations" topOfNothing={NUSD_PER_USD} series={[{ name: "Spent", points: spent, color: 1 }]} format={money} formatTick={money} formatX={(x) => `${count(x)} evaluations`} formatXTick={count} />
      </div>
    </Section>
  );
}
