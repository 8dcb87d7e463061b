import { useMemo } from "react";
import { useRead } from "@/api/hooks";
import { Badge, Breaking, Button, Drawer, Duration, EmptyState, Facts, JsonView, Loaded, Money, Part, Prose, SearchInput, Table, TextLink, Toolbar, type Column } from "@/kit";
import { count, plural, spaced } from "@/lib/format";
import { useUrlState } from "@/lib/url-state";
import { type FailedCase, type Result, type Run, filterCases, keyOf, wordsOf } from "./model";
import { shape } from "./shape";

/** What a judged case holds in the place of an answer: its own, or else the criteria that it was judged by. */
const expectedOf = (run: Run) => (run.judge ? "Expected, or criteria" : "Expected");

const columnsOf = (run: Run): Column<FailedCase>[] => [
  { key: "input", head: "Input", cell: (one) => <span className="line-clamp-2 min-w-28 wrap-anywhere">{wordsOf(one.input)}</span> },
  { key: "expected", head: expectedOf(run), width: "sm:w-44", cell: (one) => (one.expected === null ? <span className="text-muted">no right answer</span> : <Breaking text={one.expected} className="line-clamp-2 min-w-20 wrap-break-word" />) },
  { key: "got", head: "Got", cell: (one) => <Got one={one} /> },
  { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "md", cell: (one) => <Money nusd={one.cost_nusd} /> },
];

function Got({ one }: { one: FailedCase }) {
  if (one.output === null) return <Badge tone="bad">{one.error?.code ?? "no answer"}</Badge>;
  return <span className="line-clamp-2 min-w-20 wrap-anywhere text-muted">{one.output.trim() || "(empty)"}</span>;
}

/** Answers that were not what was expected, or that an evaluator did not let pass where nothing was, as the matrix and the words leave them. */
export function FailedCases({ run, result }: { run: Run; result: Result }) {
  const [{ expected, got, q, case: opened }, set] = useUrlState(shape);
  const labels = useMemo(() => new Set(Object.keys(result.matrix ?? {})), [result.matrix]);
  const cases = useMemo(() => filterCases(result.failed, { expected, got, q }, labels), [result.failed, expected, got, q, labels]);
  const one = result.failed.find((known) => keyOf(known) === opened);
  const place = one ? cases.indexOf(one) : -1;
  const right = expected && expected === got ? (result.matrix?.[expected]?.[got] ?? 0) : 0;
  const go = (step: number) => {
    const next = cases[place + step];
    if (next) set({ case: keyOf(next) });
  };
  return (
    <div className="flex flex-col gap-2">
      {result.failed.length === 0 ? (
        <EmptyState title="None">{result.metrics?.without_right_answer ? "Each answer was what was expected, or passed by each evaluator." : "Each answer was what was expected."}</EmptyState>
      ) : (
        <>
          <Toolbar>
            <SearchInput label="Search failed cases" placeholder="Search input or answer" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
            {cases.length < result.failed.length ? <span className="numeric text-13 text-muted">{count(cases.length)} of {count(result.failed.length)}</span> : null}
            {expected ? (
              <Button size="s" onClick={() => set({ expected: "", got: "" })}>
                expected {expected}, came {got || "(empty)"} ×
              </Button>
            ) : null}
          </Toolbar>
          {cases.length === 0 ? (
            <EmptyState title={right > 0 ? `${plural(right, "right answer")}` : "No case matches"} action={<Button onClick={() => set({ expected: "", got: "", q: "" })}>Show all failed cases</Button>}>
              {right > 0 ? "Right answers are counted here; the file of all answers lists them." : "Nothing has these words in this cell."}
            </EmptyState>
          ) : (
            <Table label="Failed cases" columns={columnsOf(run)} rows={cases} rowKey={keyOf} onOpen={(row) => set({ case: keyOf(row) }, { push: true })} selected={opened || null} />
          )}
          {result.leftOut > 0 ? <p className="text-12 text-muted">{plural(result.leftOut, "more failed case")} were counted and are not listed.</p> : null}
        </>
      )}
      <Drawer
        open={Boolean(one)}
        onOpenChange={(open) => open || set({ case: "" })}
        title="Failed case"
        description={place >= 0 ? `${place + 1} of ${cases.length}` : undefined}
        actions={
          <>
            <Button size="s" onClick={() => go(-1)} ended={place <= 0}>
              Previous
            </Button>
            <Button size="s" onClick={() => go(1)} ended={place < 0 || place >= cases.length - 1}>
              Next
            </Button>
          </>
        }
      >
        {one ? <Case one={one} run={run} result={result} /> : null}
      </Drawer>
    </div>
  );
}

function Case({ one, run, result }: { one: FailedCase; run: Run; result: Result }) {
  const names = new Map(result.evaluators.map((evaluator) => [evaluator.id, evaluator.name]));
  return (
    <div className="flex flex-col gap-5">
      <Part title="Input">{typeof one.input === "string" || Object.keys(one.input).length === 1 ? <Prose plain text={wordsOf(one.input)} /> : <JsonView label="Variables" value={one.input} />}</Part>
      <Part title={expectedOf(run)}>
        {one.expected === null ? <p className="text-14 text-muted">There is no right answer; evaluators judged.</p> : <Prose plain text={one.expected} className="rounded-m bg-ok-soft px-3 py-2" />}
      </Part>
      <Part title="Got">{one.output === null ? <p className="rounded-m bg-bad-soft px-3 py-2 text-14">{spaced(one.error?.message ?? "No answer came.")}</p> : <Prose text={one.output || "(empty)"} className="rounded-m bg-bad-soft px-3 py-2" />}</Part>
      {Object.entries(one.scores ?? {}).map(([id, score]) => (
        <Part key={id} title={names.get(id) ?? (id === "criteria" ? "By its criteria" : "Evaluator")}>
          <p className="text-14">
            {score.score === null ? (score.unavailable ?? "no score") : `${score.score.toFixed(2)}, ${score.passed ? "passed" : "not passed"}`}
            {score.reason ? <span className="block text-13 text-muted">{score.reason}</span> : null}
          </p>
        </Part>
      ))}
      {one.trace_id ? <Calls trace={one.trace_id} steps={run.chain?.prompts ?? {}} /> : null}
      <Facts
        facts={[
          one.cost_nusd !== undefined && ["Cost", <Money key="c" nusd={one.cost_nusd} />],
          one.latency_ms != null && ["Latency", <Duration key="l" ms={one.latency_ms} />],
          !one.trace_id && ["Run", <TextLink key="r" to={`/runs/${one.execution_id}`}>messages, tokens, attempts</TextLink>],
          ["Item", <TextLink key="i" to={`/datasets/${run.dataset_id}`} search={{ item: one.item_id }}>in its dataset</TextLink>],
        ]}
      />
    </div>
  );
}

type Call = { id: string; prompt: string | null; version: number | null; status: string; cost_nusd: number; latency_ms: number | null };

/** The trace of an item: each call that the steps of the chain made for it, in the order in which they were made. */
function Calls({ trace, steps }: { trace: string; /** Step → SLUG@VERSION. */ steps: Record<string, string> }) {
  const found = useRead("/v1/executions", { query: { trace_id: trace, limit: 200 } });
  const names = (call: Call) => Object.entries(steps).flatMap(([step, prompt]) => (prompt === `${call.prompt}@${call.version}` ? [step] : []));
  return (
    <Part title="Steps">
      <Loaded of={found}>
        {(page) => {
          const calls = [...((page as { data: Call[] }).data)].reverse();
          if (calls.length === 0) return <p className="text-14 text-muted">No step asked a model.</p>;
          return (
            <ol aria-label="Calls of the steps" className="flex flex-col gap-2">
              {calls.map((call) => (
                <li key={call.id} className="flex flex-wrap items-center gap-2 rounded-m border border-line px-3 py-2 text-13">
                  <span className="font-mono font-medium wrap-anywhere">{names(call).join(" or ") || call.prompt || "a judge"}</span>
                  {call.prompt ? <span className="text-muted wrap-anywhere">{`${call.prompt} v${call.version ?? "?"}`}</span> : null}
                  <Badge tone={call.status === "success" ? "ok" : "bad"}>{call.status}</Badge>
                  <span className="ml-auto flex items-center gap-3">
                    <Money nusd={call.cost_nusd} />
                    {call.latency_ms === null ? null : <Duration ms={call.latency_ms} />}
                    <TextLink to={`/runs/${call.id}`}>What it said</TextLink>
                  </span>
                </li>
              ))}
            </ol>
          );
        }}
      </Loaded>
    </Part>
  );
}
