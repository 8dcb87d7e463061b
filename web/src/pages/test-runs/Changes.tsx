import { type ReactNode, useMemo } from "react";
import type { Schema } from "@/api/client";
import { usePages, useRead } from "@/api/hooks";
import { Badge, Breaking, Button, type Column, DiffSides, Drawer, EmptyState, Facts, JsonView, Loaded, Money, PagedTable, Part, Prose, Segments, Select, Table, TextLink } from "@/kit";
import { count, duration, percent, points } from "@/lib/format";
import { useUrlState } from "@/lib/url-state";
import { filesNamed, filesNamedIn } from "@/lib/files-named";
import { CHANGES, type Change, type Comparison, type Score, type Sides, countsOf, kept, scoresOf, wordsOf } from "./model";
import { shape } from "./shape";

type Item = Schema<"ComparedItem">;

const PATH = "/v1/test-runs/{run_id}/compare/{base_id}/items";
const WORDS: Record<Change, string> = { broken: "Broken", fixed: "Fixed", same: "Same" };
const TONES = { broken: "bad", fixed: "ok", same: "neutral" } as const;
const ALL = "all";

function ChangeBadge({ change }: { change: Change }) {
  return <Badge tone={TONES[change]}>{WORDS[change].toLowerCase()}</Badge>;
}

function Short({ text }: { text: string | null }) {
  return text === null ? <span className="text-muted">no text</span> : <Breaking text={filesNamed(text).trim() || "(empty)"} className="line-clamp-2 min-w-20 wrap-break-word" />;
}

/** Every item that both runs answered: by what changed and by category, and one of them with both answers. */
export function Changes({ run, base, comparison, names }: { run: string; base: string; comparison: Comparison; names: Sides }) {
  const [{ change, category, pair }, set] = useUrlState(shape);
  const path = { run_id: run, base_id: base };
  const pages = usePages(PATH, { path, query: { change: change === ALL ? undefined : change, category: category || undefined } });
  const counts = countsOf(comparison, category);
  const columns = useMemo<Column<Item>[]>(
    () => [
      { key: "input", head: "Input", cell: (one) => <span className="line-clamp-2 min-w-28 wrap-anywhere">{one.input === null ? "its text is not kept" : filesNamed(one.input)}</span> },
      { key: "change", head: "Change", width: "w-20", cell: (one) => <ChangeBadge change={one.change} /> },
      { key: "expected", head: "Expected", width: "sm:w-36", hideBelow: "sm", cell: (one) => <Short text={one.expected} /> },
      { key: "there", head: names.base, width: "sm:w-44", hideBelow: "sm", cell: (one) => <Short text={one.base_output} /> },
      { key: "here", head: names.run, width: "sm:w-44", hideBelow: "md", cell: (one) => <Short text={one.run_output} /> },
    ],
    [names],
  );
  const place = pages.rows.findIndex((one) => one.item_id === pair);
  const go = (step: number) => {
    const next = pages.rows[place + step];
    if (next) set({ pair: next.item_id, repeat: 0 });
  };
  return (
    <section aria-label="Item by item" className="flex min-w-0 flex-col gap-2">
      <h3 className="text-14 font-semibold">Item by item</h3>
      <div className="flex flex-wrap items-center gap-2">
        <div className="max-w-full overflow-x-auto">
          <Segments label="What changed" value={change} onChange={(next) => set({ change: next })} options={([ALL, ...CHANGES] as const).map((one) => ({ value: one, label: `${one === ALL ? "All" : WORDS[one]} ${count(counts[one])}` }))} />
        </div>
        {comparison.categories.length > 1 || category ? (
          <Select aria-label="Category" compact className="max-w-full sm:max-w-72" value={category} onChange={(next) => set({ category: next })} options={[{ value: "", label: "All categories" }, ...categoriesOf(comparison, category)]} />
        ) : null}
      </div>
      <PagedTable
        label="Items that both runs answered"
        columns={columns}
        pages={pages}
        rowKey={(one) => one.item_id}
        onOpen={(one) => set({ pair: one.item_id, repeat: 0 }, { push: true })}
        selected={pair || null}
        empty={
          <EmptyState title={change === ALL ? "No such item" : `None ${change === "same" ? "the same" : change}`} action={<Button onClick={() => set({ change: ALL, category: "" })}>Show all items</Button>}>
            {category ? "No item of this category is so." : "No item that both runs answered is so."}
          </EmptyState>
        }
      />
      <Drawer
        wide
        open={pair !== ""}
        onOpenChange={(open) => open || set({ pair: "", repeat: 0 })}
        title="Both answers"
        description={place >= 0 ? `${count(place + 1)} of ${count(pages.rows.length)}${pages.hasMore ? " that are listed" : ""}` : undefined}
        actions={
          <>
            <Button size="s" onClick={() => go(-1)} ended={place <= 0}>
              Previous
            </Button>
            <Button size="s" onClick={() => go(1)} ended={place < 0 || place >= pages.rows.length - 1}>
              Next
            </Button>
          </>
        }
      >
        {pair ? <Pair key={pair} path={{ ...path, item_id: pair }} names={names} /> : null}
      </Drawer>
    </section>
  );
}

function categoriesOf({ categories }: Comparison, chosen: string) {
  const names = categories.map((one) => one.category).sort();
  return (chosen && !names.includes(chosen) ? [chosen, ...names] : names).map((one) => ({ value: one, label: one.length > 60 ? `${one.slice(0, 60)}…` : one }));
}

type Compared = Schema<"ComparedAnswers">;

function Pair({ path, names }: { path: { run_id: string; base_id: string; item_id: string }; names: Sides }) {
  const [{ repeat }, set] = useUrlState(shape);
  const found = useRead("/v1/test-runs/{run_id}/compare/{base_id}/items/{item_id}", { path, query: { repeat } }, { staleTime: 60_000 });
  return (
    <Loaded of={found}>
      {(one) => (
        <div className="flex flex-col gap-5">
          <div className="flex flex-wrap items-center gap-3">
            <ChangeBadge change={one.change} />
            <Repeats one={one} onChange={(next) => set({ repeat: next })} />
          </div>
          <Part title="Input">
            {one.input === null ? (
              <p className="text-14 text-muted">This item was erased.</p>
            ) : typeof one.input === "string" || Object.keys(one.input).length === 1 ? (
              <Prose plain text={wordsOf(one.input)} />
            ) : (
              <JsonView label="Variables" value={filesNamedIn(one.input)} />
            )}
          </Part>
          {one.expected === null ? null : (
            <Part title="Expected">
              <Prose plain text={filesNamed(one.expected)} className="rounded-m bg-sunken px-3 py-2" />
            </Part>
          )}
          <Part title="Answers">
            <DiffSides before={{ name: names.base, ...kept(one.base.answer) }} after={{ name: names.run, ...kept(one.run.answer) }} />
          </Part>
          <Measures one={one} names={names} />
        </div>
      )}
    </Loaded>
  );
}

function Repeats({ one, onChange }: { one: Compared; onChange: (repeat: number) => void }) {
  const most = Math.max(one.base.asked, one.run.asked);
  if (most < 2) return null;
  return <Select aria-label="Repeat" compact value={String(one.repeat)} onChange={(next) => onChange(Number(next))} options={Array.from({ length: most }, (_, at) => ({ value: String(at), label: `Repeat ${at + 1} of ${most}` }))} />;
}

type Measure = { key: string; name: string; base: ReactNode; run: ReactNode; change: string };

/** What is known of both answers, a line each, with the change from the base to this run. */
function Measures({ one, names }: { one: Compared; names: Sides }) {
  const [base, run] = [one.base.answer, one.run.answer];
  const both = base !== null && run !== null;
  const right = (side: Compared["base"]) => (side.answer === null ? "–" : `${side.answer.correct === null ? "no right answer" : side.answer.correct ? "right" : "wrong"}${side.asked > 1 ? `; ${count(side.right)} of ${count(side.asked)}` : ""}`);
  const rows: Measure[] = [
    { key: "right", name: "Right", base: right(one.base), run: right(one.run), change: one.base.asked > 1 || one.run.asked > 1 ? points(one.run.right / one.run.asked - one.base.right / one.base.asked) : "" },
    ...scoresOf(one).map((score): Measure => ({ key: score.id, name: score.name, base: <Said score={score.base} />, run: <Said score={score.run} />, change: "" })),
    { key: "cost", name: "Cost", base: <Money nusd={base?.cost_nusd} />, run: <Money nusd={run?.cost_nusd} />, change: both ? relative(base.cost_nusd, run.cost_nusd) : "" },
    { key: "latency", name: "Latency", base: duration(base?.latency_ms), run: duration(run?.latency_ms), change: both ? relative(base.latency_ms, run.latency_ms) : "" },
    { key: "log", name: "Run", base: <Log of={base} name={names.base} />, run: <Log of={run} name={names.run} />, change: "" },
  ];
  return (
    <div className="flex flex-col gap-3">
      <Table
        label="Scores, cost and latency of both answers"
        rows={rows}
        rowKey={(row) => row.key}
        columns={[
          { key: "name", head: "Measure", cell: (row) => row.name },
          { key: "base", head: names.base, align: "end", cell: (row) => row.base },
          { key: "run", head: names.run, align: "end", cell: (row) => row.run },
          { key: "change", head: "Change", align: "end", hideBelow: "sm", cell: (row) => row.change },
        ]}
      />
      {one.metadata && Object.keys(one.metadata).length > 0 ? <JsonView label="Metadata" value={one.metadata} /> : null}
      <Facts facts={[["Item", <span key="i" className="font-mono text-12 break-all">{one.item_id}</span>]]} />
    </div>
  );
}

function relative(before: number | null, after: number | null): string {
  if (!before || after === null) return "";
  const share = after / before - 1;
  return `${share < 0 ? "−" : "+"}${percent(Math.abs(share), 0)}`;
}

function Said({ score }: { score: Score | undefined }) {
  if (!score) return <span className="text-muted">not kept</span>;
  return <span title={score.reason ?? undefined}>{score.score === null ? (score.unavailable ?? "no score") : `${score.score.toFixed(2)}, ${score.passed ? "passed" : "not passed"}`}</span>;
}

function Log({ of, name }: { of: Compared["base"]["answer"]; name: string }) {
  return of === null || of.execution_id === null ? (
    "–"
  ) : (
    <TextLink to={`/runs/${of.execution_id}`}>
      {of.trace_id ? "the last call" : "messages"}<span className="sr-only"> of {name}</span>
    </TextLink>
  );
}
