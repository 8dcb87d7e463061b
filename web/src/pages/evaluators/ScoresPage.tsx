import { Suspense } from "react";
import { usePromptChoices } from "@/api/choices";
import type { Schema } from "@/api/client";
import { useAll, usePages } from "@/api/hooks";
import { After, Badge, Breaking, Button, ButtonLink, type Column, Combobox, EmptyState, PagedTable, RelativeTime, Section, Select, SkeletonText, Toolbar } from "@/kit";
import { decimal } from "@/lib/format";
import { later } from "@/lib/later";
import { maybeOneOf, text, useUrlState } from "@/lib/url-state";
import { Head } from "./Head";

// The chart comes when it is looked at.
const ScoresOver = later(() => import("./ScoresOver"));

type Score = Schema<"ScoreAnswer">;
const SAID = { passed: "Passed", failed: "Failed", uncertain: "Uncertain", none: "Without a score" } as const;
type Said = keyof typeof SAID;
const SAID_NAMES = Object.keys(SAID) as Said[];
const QUERIES: Record<Said, Record<string, boolean>> = { passed: { passed: true }, failed: { passed: false }, uncertain: { uncertain: true }, none: { scored: false } };
const shape = { evaluator: text(), prompt: text(), said: maybeOneOf(SAID_NAMES) };

/** What evaluators said of live traffic: over time, and one by one. */
export default function ScoresPage() {
  const [{ evaluator, prompt, said }, set] = useUrlState(shape);
  const prompts = usePromptChoices(prompt);
  const known = useAll("/v1/evaluators", { query: { archived: true } }, { staleTime: 60_000 });
  const choices = (known.rows ?? []).map((one) => ({ value: one.id, label: one.name, hint: one.archived_at ? "archived" : undefined }));
  const pages = usePages("/v1/scores", { query: { evaluator_id: evaluator || undefined, prompt: prompt || undefined, ...(said ? QUERIES[said] : {}), limit: 50 } });
  const isFiltered = Boolean(evaluator || prompt || said);
  return (
    <Head title="Scores" subtitle="What evaluators said of live traffic. Satisfaction is what people said; neither moves the other.">
      <Toolbar>
        <Combobox label="Evaluator" value={evaluator || null} clear="All evaluators" choices={choices} onChange={(next) => set({ evaluator: next ?? "" })} />
        <Combobox label="Prompt" value={prompt || null} clear="All prompts" {...prompts} onChange={(next) => set({ prompt: next ?? "" })} />
      </Toolbar>
      <Suspense fallback={<SkeletonText lines={8} />}>
        <ScoresOver evaluator={evaluator || null} prompt={prompt || null} />
      </Suspense>
      <After>
        <Section title="One by one" actions={<Select compact aria-label="What was said" empty="Any verdict" value={said} onChange={(next) => set({ said: next || null })} options={SAID_NAMES.map((one) => ({ value: one, label: SAID[one] }))} />}>
          <PagedTable
            label="Scores"
            columns={COLUMNS}
            pages={pages}
            rowKey={(row) => `${row.execution_id} ${row.evaluator_id} ${row.evaluator_version}`}
            rowLink={(row) => ({ to: `/runs/${row.execution_id}` })}
            empty={
              isFiltered ? (
                <EmptyState title="No score matches" action={<Button onClick={() => set({ evaluator: "", prompt: "", said: null })}>Show all</Button>} />
              ) : (
                <EmptyState title="Nothing is scored yet" action={<ButtonLink to="/evaluators/live">Live evaluations</ButtonLink>}>
                  A live evaluation says which share of your traffic an evaluator looks at.
                </EmptyState>
              )
            }
          />
        </Section>
      </After>
    </Head>
  );
}

const COLUMNS: Column<Score>[] = [
  {
    key: "evaluator",
    head: "Evaluator",
    width: "w-48",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="font-medium wrap-anywhere">{row.evaluator}</span> <span className="text-12 text-muted">v{row.evaluator_version}</span>
      </span>
    ),
  },
  {
    key: "score",
    head: "Score",
    width: "w-36",
    cell: (row) => (
      <span className="flex flex-wrap gap-1">
        {row.score === null ? <Badge tone="warn">{`none: ${row.unavailable ?? "unknown"}`}</Badge> : <Badge tone={row.passed ? "ok" : "bad"}>{`${decimal(row.score, 2)} ${row.passed ? "passed" : "failed"}`}</Badge>}
        {row.uncertain ? <Badge tone="warn">uncertain</Badge> : null}
      </span>
    ),
  },
  { key: "why", head: "Why", hideBelow: "sm", cell: (row) => <span className="line-clamp-2 text-13 wrap-anywhere">{row.reason || "–"}</span> },
  { key: "prompt", head: "Prompt", width: "w-48", hideBelow: "md", cell: (row) => (row.prompt ? <span className="flex flex-wrap items-center gap-x-2"><Breaking text={row.prompt} className="font-mono text-12" />{row.version ? <Badge>v{row.version}</Badge> : null}</span> : <span className="text-muted">messages</span>) },
  { key: "at", head: "Scored", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <RelativeTime at={row.scored_at} className="text-muted" /> },
];
