import { Badge, Prose, Section, TextLink } from "@/kit";
import type { Score } from "@/kit/execution/types";
import { decimal, money } from "@/lib/format";

/** What evaluators said. Apart from what people said, and never summed with it. */
export function Scores({ scores }: { scores: readonly Score[] }) {
  if (scores.length === 0) return null;
  return (
    <Section title="Evaluators" description="Said by evaluators of live traffic, not by people.">
      <ul className="flex flex-col overflow-hidden rounded-m border border-line bg-panel">
        {scores.map((one) => (
          <li key={`${one.evaluator_id} ${one.evaluator_version}`} className="flex flex-col gap-1 border-b border-line px-3 py-2 last:border-b-0">
            <span className="flex flex-wrap items-center gap-2 text-13">
              <TextLink to={`/evaluators/${one.evaluator_id}`} className="font-medium">{one.evaluator}</TextLink>
              <span className="text-12 text-muted">v{one.evaluator_version}</span>
              {one.score === null ? <Badge tone="warn">no score: {one.unavailable}</Badge> : <Badge tone={one.passed === false ? "bad" : one.passed ? "ok" : "neutral"}>{`${decimal(one.score, 2)}${one.passed === null ? "" : one.passed ? " passed" : " failed"}`}</Badge>}
              {one.uncertain ? <Badge tone="warn">uncertain</Badge> : null}
              <span className="numeric ml-auto text-12 text-muted">{one.cost_nusd > 0 ? money(one.cost_nusd) : ""}</span>
            </span>
            {one.reason ? <Prose text={one.reason} plain className="text-13" /> : null}
          </li>
        ))}
      </ul>
    </Section>
  );
}
