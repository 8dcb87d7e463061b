import { ConfusionMatrix } from "@/chart/ConfusionMatrix";
import { Section } from "@/kit";
import { useUrlState } from "@/lib/url-state";
import { type Result, cellsOf } from "./model";
import { shape } from "./shape";

/** What was expected against what came. A cell that holds wrong answers leaves only these below. */
export function Matrix({ result }: { result: Result }) {
  const [{ expected, got }, set] = useUrlState(shape);
  const cells = cellsOf(result.matrix);
  if (cells.length === 0) {
    // Where nothing is expected there are no categories to speak of.
    if (result.metrics?.total === 0 && result.metrics.without_right_answer) return null;
    return (
      <Section title="What came instead">
        <p className="text-13 text-muted">The expected answers are no categories, so there is no matrix.</p>
      </Section>
    );
  }
  const chosen = expected && got ? { expected, predicted: got } : null;
  return (
    <Section
      title="What came instead"
      description="Choose a cell to see its cases."
      className="max-w-full"
    >
      <ConfusionMatrix
        cells={cells}
        selected={chosen}
        onCell={(row, column) => set(chosen?.expected === row && chosen.predicted === column ? { expected: "", got: "", case: "" } : { expected: row, got: column, case: "", tab: "failed" })}
      />
    </Section>
  );
}
