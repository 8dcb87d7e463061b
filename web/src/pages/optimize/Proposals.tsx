import { type ReactNode, useMemo, useState } from "react";
import { type Pages, usePages } from "@/api/hooks";
import { Badge, Button, type Column, EmptyState, PagedTable, Segments, Select, Table, Toolbar } from "@/kit";
import { count, points, pointsRange } from "@/lib/format";
import { oneOf, text, useUrlState } from "@/lib/url-state";
import { type Edit, type Job, STATES, heardOf, isCutShort, isTried, listsOf, ranked, sumOf } from "./model";

const shape = { state: oneOf(["all", ...STATES], "all"), model: text() };

const TONES = { chosen: "ok", alive: "neutral", dropped: "neutral", rejected: "bad" } as const;
const WORDS = { chosen: "chosen", alive: "not needed", dropped: "did not help", rejected: "rejected" } as const;

/** Its figures are what was supposed before: the budget was spent on others. */
const isUntried = (edit: Edit) => edit.state === "alive" && edit.observations === 0;

/** Of a search that was cut short nobody knows yet whether what is left was needed. */
const wordsOf = (isCut: boolean) => (isCut ? { ...WORDS, alive: "undecided" } : WORDS);

/** A whole text or a choice of settings, not an edit of one: what it is called. */
const TRIED: Record<string, string> = { whole: "whole text", settings: "settings", examples: "examples" };

/** What is said of one. A whole text was taken or not; an edit helps or does not. */
const stateOf = (edit: Edit, words: Record<Edit["state"], string>) => (isUntried(edit) ? "not tried" : isTried(edit) && edit.state === "dropped" ? "not taken" : isTried(edit) && edit.state === "alive" ? "undecided" : words[edit.state]);

const LINES_SHOWN = 6;
const CHARS_SHOWN = 1_000;

/** A proposed text; of a long one the beginning, until somebody wants the rest. */
function Proposed({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const lines = text.split("\n");
  const begin = (lines.length > LINES_SHOWN + 1 ? lines.slice(0, LINES_SHOWN).join("\n") : text).slice(0, CHARS_SHOWN);
  const isLong = begin.length < text.length;
  return (
    <>
      <span className="font-mono text-12 wrap-anywhere whitespace-break-spaces">{whole ? text : begin}</span>
      {isLong ? (
        <span className="block py-1">
          <Button size="s" variant="ghost" aria-expanded={whole} onClick={() => setWhole(!whole)}>
            {whole ? "Show less" : begin.length === CHARS_SHOWN ? `Show ${count(text.length - begin.length)} more characters` : `Show ${count(lines.length - LINES_SHOWN)} more lines`}
          </Button>
        </span>
      ) : null}
    </>
  );
}

const columnsOf = (words: Record<Edit["state"], string>): Column<Edit>[] => [
  {
    key: "text",
    head: "Proposal",
    cell: (edit) => (
      <span className="block min-w-0 py-1">
        <span className="block text-12 text-muted">
          {TRIED[edit.section] ?? `${edit.operation} · ${edit.section}`}
        </span>
        <Proposed text={edit.text || edit.line || ""} />
        {edit.operation === "replace" && edit.line ? <span className="block font-mono text-12 wrap-anywhere text-muted line-through">{edit.line}</span> : null}
        {edit.rationale ? <span className="block text-12 text-muted">{edit.rationale}</span> : null}
        {heardOf(edit) ? <span className="block text-12 wrap-anywhere text-muted">{heardOf(edit)}</span> : null}
        {edit.reason ? <span className={`block text-12 ${edit.state === "rejected" ? "text-bad" : "text-muted"}`}>{edit.reason}</span> : null}
      </span>
    ),
  },
  { key: "state", head: "State", width: "w-32", cell: (edit) => <Badge tone={TONES[edit.state]}>{stateOf(edit, words)}</Badge> },
  {
    key: "effect",
    head: "Effect on train",
    align: "end",
    width: "w-44",
    hideBelow: "sm",
    cell: (edit) =>
      edit.effect === undefined || isUntried(edit) ? (
        <span className="text-muted">–</span>
      ) : (
        <span className="inline-flex flex-col items-end">
          {points(edit.effect)}
          <span className="text-12 text-muted">
            {pointsRange(edit.effect_low, edit.effect_high)}
          </span>
        </span>
      ),
  },
  { key: "tried", head: "Answers", align: "end", width: "w-20", hideBelow: "md", cell: (edit) => (edit.observations === undefined ? <span className="text-muted">–</span> : count(edit.observations)) },
];

/** Edits that were all chosen, as a table. */
export function Chosen({ edits }: { edits: readonly Edit[] }) {
  return <Table label="Proposals" columns={columnsOf(WORDS)} rows={ranked(edits)} rowKey={keyOf} />;
}

const keyOf = (edit: Edit) => `${edit.state} ${edit.section} ${edit.operation} ${edit.text} ${edit.line ?? ""} ${edit.reason ?? ""}`;

const PATH = "/v1/optimizations/{job_id}/proposals";

/** All proposals of a search that ended: edits, and whole texts and choices that were tried; those that were not taken with the reason. Of a search for several models those for one of
 * them. */
export function Proposals({ job, plane }: { job: Job; /** What is drawn of the edits that the job itself lists. */ plane?: ReactNode }) {
  const isCut = isCutShort(job);
  const words = useMemo(() => wordsOf(isCut), [isCut]);
  const columns = useMemo(() => columnsOf(words), [words]);
  const [{ state, model }, set] = useUrlState(shape);
  const lists = listsOf(job);
  const list = lists.find((one) => one.model === model) ?? lists.find((one) => one.main) ?? lists[0]!;
  const pages = usePages(PATH, { path: { job_id: job.id }, query: { model: list.main ? undefined : list.model, state: state === "all" ? undefined : state } });
  const named = (job.edits as unknown as Edit[] | null)?.some((edit) => isTried(edit) && edit.state === "dropped") ? { ...words, dropped: "not taken" } : words;
  const all = sumOf(list.counts);
  const options = (["all", ...STATES] as const).map((one) => ({ value: one, label: `${one === "all" ? "All" : named[one][0]?.toUpperCase() + named[one].slice(1)} ${count(one === "all" ? all : list.counts[one])}` }));
  return (
    <div className="flex flex-col gap-2">
      {list.main ? plane : null}
      <Toolbar>
        {lists.length > 1 ? (
          <Select compact aria-label="Model" className="max-w-full sm:max-w-72" value={list.model} onChange={(next) => set({ model: next, state: "all" })} options={lists.map((one) => ({ value: one.model, label: `${one.model}${one.outcome === "improved" ? " (improved)" : ""}` }))} />
        ) : null}
        <span className="sm:hidden">
          <Select compact aria-label="State" options={options} value={state} onChange={(next) => set({ state: next })} />
        </span>
        <span className="whitespace-nowrap max-sm:hidden">
          <Segments label="State" options={options} value={state} onChange={(next) => set({ state: next })} />
        </span>
      </Toolbar>
      <PagedTable label="Proposals" columns={columns} pages={pages as unknown as Pages<Edit>} rowKey={keyOf} empty={<EmptyState title={all === 0 ? "Nothing was proposed for this model" : "None of these"} />} />
    </div>
  );
}
