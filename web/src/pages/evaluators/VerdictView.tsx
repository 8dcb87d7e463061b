import { Badge, Notice, SimulatedMark } from "@/kit";
import { decimal, duration, money } from "@/lib/format";
import type { Verdict } from "./evaluator";

/** What an evaluator said of one answer, with what each judge said. */
export function VerdictView({ verdict }: { verdict: Verdict }) {
  const { score, passed, votes = [] } = verdict;
  const cost = votes.reduce((sum, one) => sum + one.cost_nusd, 0);
  return (
    <div role="group" aria-label="Verdict" className="flex min-w-0 flex-col gap-3">
      {score === null ? (
        <Notice tone="warn" title={verdict.unavailable === "failed" ? "It failed, and gave no score." : "No score: its means are missing."}>
          {verdict.reason}
        </Notice>
      ) : (
        <Notice tone={passed ? "ok" : "bad"} title={`${passed ? "Passes" : "Fails"} with ${decimal(score, 2)}.`}>
          {verdict.reason && votes.length === 0 ? <span className="whitespace-break-spaces wrap-anywhere">{verdict.reason}</span> : null}
        </Notice>
      )}
      {verdict.uncertain ? <Notice title="Uncertain:">a person should look at such an answer.</Notice> : null}
      {votes.length > 0 ? (
        <ul className="flex flex-col overflow-hidden rounded-m border border-line bg-panel">
          {votes.map((one, at) => (
            <li key={at} className="flex flex-col gap-1 border-b border-line px-3 py-2 text-13 last:border-b-0">
              <span className="flex flex-wrap items-center gap-2">
                <code className="text-12">{one.model}</code>
                <Badge>{one.score === null ? "no mark" : decimal(one.score, 2)}</Badge>
                {one.simulated ? <SimulatedMark /> : null}
                <span className="numeric ml-auto text-12 text-muted">{money(one.cost_nusd)}</span>
              </span>
              {one.reason ? <p className="whitespace-break-spaces wrap-anywhere">{one.reason}</p> : null}
            </li>
          ))}
        </ul>
      ) : null}
      <p className="numeric text-12 text-muted">
        {duration(verdict.took_ms)}
        {votes.length > 0 ? ` · ${money(cost)}` : ""}
      </p>
    </div>
  );
}
