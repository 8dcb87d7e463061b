import { useMemo } from "react";
import { useRead } from "@/api/hooks";
import { Badge, Breaking, Button, Drawer, Duration, EmptyState, Facts, JsonView, Loaded, Money, Part, Prose, SearchInput, Table, TextLink, Toolbar, type Column } from "@/kit";
import { count, plural, spaced } from "@/lib/format";
import { useUrlState } from "@/lib/url-state";
import { filesNamed, filesNamedIn } from "@/lib/files-named";
import { type FailedCase, type FailedItem, type Result, type Run, byItem, filterCases, keyOf, wordsOf } from "./model";
import { shape } from "./shape";

/** What a judged case holds in the place of an answer: its own, or else the criteria that it was judged by. */
const expectedOf = (run: Run) => (run.judge ? "Expected, or criteria" : "Expected");

/** "2 of 3": of the times that the item was asked. */
const failedOf = ({ failed, isLeast }: FailedItem, run: Run) => `${isLeast ? "at least " : ""}${count(failed)} of ${count(run.repeats)}`;

const columnsOf = (run: Run): Column<FailedItem>[] => [
  { key: "input", head: "Input", cell: ({ cases: [one] }) => <span className="line-clamp-2 min-w-28 wrap-anywhere">{wordsOf(one.input)}</span> },
  { key: "expected", head: expectedOf(run), width: "sm:w-44", cell: ({ cases: [one] }) => (one.expected === null ? <span className="text-muted">no right answer</span> : <Breaking text={filesNamed(one.expected)} className="line-clamp-2 min-w-20 wrap-break-word" />) },
  ...(run.repeats > 1 ? [{ key: "failed", head: "Failed", width: "w-24", cell: (row: FailedItem) => <span className="numeric">{failedOf(row, run)}</span> }] : []),
  { key: "got", head: "Got", cell: ({ cases }) => <AllGot cases={cases} /> },
  { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "md", cell: ({ cases }) => <Money nusd={costOf(cases)} /> },
];

function costOf(cases: readonly FailedCase[]): number | undefined {
  const known = cases.flatMap((one) => (one.cost_nusd === undefined ? [] : [one.cost_nusd]));
  return known.length > 0 ? known.reduce((sum, one) => sum + one, 0) : undefined;
}

/** What came, each once with how often. */
function AllGot({ cases }: { cases: readonly FailedCase[] }) {
  const found = new Map<string, { one: FailedCase; times: number }>();
  for (const one of cases) {
    const words = one.output === null ? `error ${one.error?.code ?? ""}` : `text ${one.output.trim()}`;
    found.set(words, { one, times: (found.get(words)?.times ?? 0) + 1 });
  }
  return (
    <span className="flex flex-col gap-0.5">
      {[...found].slice(0, GOT_MOST).map(([words, { one, times }]) => (
        <span key={words} className="flex items-baseline gap-1.5">
          <Got one={one} />
          {times > 1 ? <span className="numeric text-12 whitespace-nowrap text-muted">× {count(times)}</span> : null}
        </span>
      ))}
      {found.size > GOT_MOST ? <span className="text-12 text-muted">{plural(found.size - GOT_MOST, "more answer")}</span> : null}
    </span>
  );
}

/** Of one item; opened, all are told. */
const GOT_MOST = 3;

function Got({ one }: { one: FailedCase }) {
  if (one.output === null) return <Badge tone="bad">{one.error?.code ?? "no answer"}</Badge>;
  return <span className="line-clamp-2 min-w-20 wrap-anywhere text-muted">{one.output.trim() || "(empty)"}</span>;
}

/** Answers that were not what was expected, or that an evaluator did not let pass where nothing was, as the matrix and the words leave them. */
export function FailedCases({ run, result }: { run: Run; result: Result }) {
  const [{ expected, got, q, case: opened }, set] = useUrlState(shape);
  const labels = useMemo(() => new Set(Object.keys(result.matrix ?? {})), [result.matrix]);
  const cases = useMemo(() => filterCases(result.failed, { expected, got, q }, labels), [result.failed, expected, got, q, labels]);
  const items = useMemo(() => byItem(cases, result.failed, result.leftOut), [cases, result.failed, result.leftOut]);
  // A link may lead to any of an item's answers, also to one that the filter leaves out.
  const id = result.failed.find((known) => keyOf(known) === opened)?.item_id;
  const all = useMemo(() => byItem(result.failed, result.failed, result.leftOut), [result.failed, result.leftOut]);
  const one = id === undefined ? undefined : all.find((known) => known.cases[0].item_id === id);
  const place = items.findIndex((known) => known.cases[0].item_id === id);
  const right = expected && expected === got ? (result.matrix?.[expected]?.[got] ?? 0) : 0;
  const go = (step: number) => {
    const next = items[place + step];
    if (next) set({ case: next.key });
  };
  return (
    <div className="flex flex-col gap-2">
      {result.failed.length === 0 ? (
        <EmptyState title="None">{result.metrics?.without_right_answer ? "Each answer was what was expected, or passed by each evaluator." : "Each answer was what was expected."}</EmptyState>
      ) : (
        <>
          <Toolbar>
            <SearchInput label="Search failed cases" placeholder="Search input or answer" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
            {run.repeats > 1 ? <span className="numeric text-13 text-muted">{`${plural(cases.length, "answer")} to ${plural(items.length, "item")}`}</span> : null}
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
            <Table label="Failed cases" columns={columnsOf(run)} rows={items} rowKey={(row) => row.key} onOpen={(row) => set({ case: row.key }, { push: true })} selected={items[place]?.key ?? null} />
          )}
          {result.leftOut > 0 ? <p className="text-12 text-muted">{plural(result.leftOut, "more failed case")} were counted and are not listed.</p> : null}
        </>
      )}
      <Drawer
        open={Boolean(one)}
        onOpenChange={(open) => open || set({ case: "" })}
        title="Failed case"
        description={place >= 0 ? `${place + 1} of ${items.length}` : undefined}
        actions={
          <>
            <Button size="s" onClick={() => go(-1)} ended={place <= 0}>
              Previous
            </Button>
            <Button size="s" onClick={() => go(1)} ended={place < 0 || place >= items.length - 1}>
              Next
            </Button>
          </>
        }
      >
        {one ? <Item item={one} run={run} result={result} /> : null}
      </Drawer>
    </div>
  );
}

function Item({ item, run, result }: { item: FailedItem; run: Run; result: Result }) {
  const [one] = item.cases;
  return (
    <div className="flex flex-col gap-5">
      <Part title="Input">{typeof one.input === "string" || Object.keys(one.input).length === 1 ? <Prose plain text={wordsOf(one.input)} /> : <JsonView label="Variables" value={filesNamedIn(one.input)} />}</Part>
      <Part title={expectedOf(run)}>
        {one.expected === null ? <p className="text-14 text-muted">There is no right answer; evaluators judged.</p> : <Prose plain text={filesNamed(one.expected)} className="rounded-m bg-ok-soft px-3 py-2" />}
      </Part>
      {run.repeats > 1 ? <p className="text-13 text-muted">{`Failed ${failedOf(item, run)} times that it was asked.`}</p> : null}
      {item.cases.map((answer, at) => (
        <Answer key={keyOf(answer)} one={answer} title={item.cases.length > 1 ? `Got, ${at + 1} of ${item.cases.length}` : "Got"} run={run} result={result} />
      ))}
    </div>
  );
}

/** One wrong answer to an item. */
function Answer({ one, title, run, result }: { one: FailedCase; title: string; run: Run; result: Result }) {
  const names = new Map(result.evaluators.map((evaluator) => [evaluator.id, evaluator.name]));
  return (
    <>
      <Part title={title}>{one.output === null ? <p className="rounded-m bg-bad-soft px-3 py-2 text-14">{spaced(one.error?.message ?? "No answer came.")}</p> : <Prose text={one.output || "(empty)"} className="rounded-m bg-bad-soft px-3 py-2" />}</Part>
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
    </>
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
