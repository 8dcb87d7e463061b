import { XYChart } from "@/chart/XYChart";
import { count, percent } from "@/lib/format";
import { type Figures, courseOf } from "./generations";

/** The best and the mean fitness of each generation. */
export default function Course({ generations, snapshots }: { generations: readonly Figures[]; snapshots?: readonly { name: string; number: number }[] }) {
  const { best, mean } = courseOf(generations);
  return (
    <XYChart
      title="Fitness by generation"
      unit="each on its own items, so later ones may have had harder ones"
      xAxis="number"
      xName="generation"
      zero={false}
      series={[{ name: "Best", points: best, color: 4 }, { name: "Mean", points: mean, color: 2, dashed: true }]}
      annotations={(snapshots ?? []).map((one) => ({ x: one.number, label: one.name }))}
      format={(value) => percent(value)}
      formatTick={(value) => percent(value, 0)}
      formatX={(x) => `generation ${count(x)}`}
      formatXTick={(x) => (Number.isInteger(x) ? count(x) : "")}
    />
  );
}
