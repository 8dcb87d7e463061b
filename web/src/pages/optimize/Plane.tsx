import { Scatter } from "@/chart/Scatter";
import { compact, money, percent } from "@/lib/format";
import type { Plane as Drawn } from "./generations";

const NAMES = { chosen: "the best", base: "the version itself", plain: "others" };

/** Candidates by fitness and cost, with the front of those that nothing beats in both. */
export default function Plane({ plane: { by, dots }, onOpen }: { plane: Drawn; onOpen: (key: string) => void }) {
  return by === "cost" ? (
    <Scatter title="Score and cost" unit="fitness, and dollars for an answer" dots={dots} xLabel="cost per answer" yLabel="fitness" formatX={money} formatY={(value) => percent(value, 0)} names={NAMES} onOpen={onOpen} />
  ) : (
    <Scatter title="Score and length" unit="fitness, and characters of the text" dots={dots} xLabel="characters" yLabel="fitness" formatX={(value) => compact(value)} formatY={(value) => percent(value, 0)} names={NAMES} onOpen={onOpen} />
  );
}
