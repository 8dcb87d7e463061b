import { Handshake } from "lucide-react";
import { usePromptChoices } from "@/api/choices";
import { useRead } from "@/api/hooks";
import { Intervals } from "@/chart/Intervals";
import { Button, ButtonLink, Combobox, EmptyState, Loaded, Section, Select, SimulatedBadge, TextLink, Toolbar } from "@/kit";
import { count, decimal, percent, plural } from "@/lib/format";
import { integer, text, useUrlState } from "@/lib/url-state";
import { type Agreement as Found, type Evaluator, agreementWords } from "./evaluator";

const shape = { of: integer(null), prompt: text() };

/** How often it says what people say: in a sentence, and in two pictures. */
export default function Agreement({ evaluator }: { evaluator: Evaluator }) {
  const [{ of, prompt }, set] = useUrlState(shape);
  const prompts = usePromptChoices(prompt);
  const found = useRead("/v1/evaluators/{evaluator_id}/agreement", { path: { evaluator_id: evaluator.id }, query: { version: of ?? undefined, prompt } });
  const versions = Array.from({ length: evaluator.version }, (_, at) => evaluator.version - at);
  return (
    <div className="flex flex-col gap-5">
      <Toolbar>
        <Select compact aria-label="Version" value={String(of ?? evaluator.version)} onChange={(next) => set({ of: Number(next) === evaluator.version ? null : Number(next) })} options={versions.map((one) => ({ value: String(one), label: `v${one}` }))} />
        <Combobox label="Prompt" value={prompt || null} clear="All prompts" {...prompts} onChange={(next) => set({ prompt: next ?? "" })} />
        {(found.data?.before ?? found.data)?.simulated ? <SimulatedBadge /> : null}
      </Toolbar>
      <Loaded of={found}>{(agreement) => <Shown agreement={agreement} isStale={found.isPlaceholderData} onVersion={(next) => set({ of: next })} />}</Loaded>
    </div>
  );
}

function Shown({ agreement, isStale, onVersion }: { agreement: Found; isStale: boolean; onVersion: (version: number) => void }) {
  const { n, confusion, kappa, split, agreement: same, scores_looked_at: seen } = agreement;
  const { before } = agreement;
  if (before) {
    return (
      <EmptyState icon={<Handshake size={18} />} title={`v${agreement.evaluator_version} has scored nothing yet`} action={<Button onClick={() => onVersion(before.evaluator_version)}>{`Look at v${before.evaluator_version}`}</Button>}>
        {`v${before.evaluator_version} scored ${before.n === 0 ? `${plural(before.scores_looked_at, "answer")} before it, and no person has said a word of them.` : `before it. ${agreementWords(before)}`} That says nothing of v${agreement.evaluator_version}.`}
      </EmptyState>
    );
  }
  if (n === 0) {
    return (
      <EmptyState icon={<Handshake size={18} />} title="Nobody can say yet" action={<ButtonLink to="/review">Review answers</ButtonLink>}>
        {agreementWords(agreement)} {seen === 0 ? "It has scored nothing yet: let it score live traffic, and people react." : `It has scored ${plural(seen, "answer")}; a thumb, a score, a correction or a reviewer’s verdict on some of them tells.`}
      </EmptyState>
    );
  }
  const cells = [
    { expected: "good", predicted: "passes", count: confusion.passed_good },
    { expected: "good", predicted: "fails", count: confusion.failed_good },
    { expected: "bad", predicted: "passes", count: confusion.passed_bad },
    { expected: "bad", predicted: "fails", count: confusion.failed_bad },
  ];
  return (
    <div aria-busy={isStale || undefined} className="flex flex-col gap-6">
      <p role="status" className="max-w-[72ch] text-16 text-pretty">
        {agreementWords(agreement)}
      </p>
      <div className="grid items-start gap-6 lg:grid-cols-2">
        <Section title="What both said" description="Answers that have a score of this version, and a word of people." framed>
          <Squares cells={cells} n={n} />
          <p className="text-12 text-muted">
            {plural(seen, "score")} looked at{split > 0 ? `; ${plural(split, "answer")} left out, on which people were of two minds` : ""}.
          </p>
        </Section>
        <Intervals
          title="How much of it is more than chance"
          rows={[
            ...(same ? [{ key: "same", label: "Says the same", value: same.value, low: same.low, high: same.high, color: 2 as const }] : []),
            ...(kappa ? [{ key: "kappa", label: "Beyond chance (κ)", value: kappa.value, low: kappa.low, high: kappa.high }] : []),
          ]}
          range={[Math.min(0, kappa?.low ?? 0), 1]}
          format={(value) => decimal(value, 2)}
          reference={{ value: 0, label: "As often as by chance" }}
        />
      </div>
      <p className="max-w-[72ch] text-12 text-muted">
        People react more often to bad answers: this is agreement on what people react to. A random share in the <TextLink to="/review">review queue</TextLink> tells how it is on all traffic.
      </p>
    </div>
  );
}

type Cell = { expected: string; predicted: string; count: number };

/** Two by two: what people called it, and what the evaluator did. */
function Squares({ cells, n }: { cells: readonly Cell[]; n: number }) {
  return (
    <table className="w-full max-w-md border-separate border-spacing-1 text-13">
      <thead>
        <tr>
          <th scope="col" className="text-left text-12 font-medium text-muted">
            Answers
          </th>
          {["passes", "fails"].map((one) => (
            <th key={one} scope="col" className="px-2 pb-1 text-center text-12 font-medium text-muted">
              it {one}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {["good", "bad"].map((row) => (
          <tr key={row}>
            <th scope="row" className="w-28 pr-2 text-left text-12 font-medium text-muted">
              people: {row}
            </th>
            {cells
              .filter((one) => one.expected === row)
              .map((one) => {
                const same = (row === "good") === (one.predicted === "passes");
                const shade = one.count === 0 ? 0 : 10 + Math.round((one.count / n) * 30);
                return (
                  <td key={one.predicted} style={{ background: `color-mix(in srgb, var(--${same ? "series-4" : "series-5"}) ${shade}%, var(--panel))` }} className="h-16 rounded-m text-center shadow-[inset_0_0_0_1px_var(--line)]">
                    <span className="numeric block text-20 font-semibold">{count(one.count)}</span>
                    <span className="block text-12">{same ? "the same" : "differ"}, {percent(one.count / n, 0)}</span>
                  </td>
                );
              })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
