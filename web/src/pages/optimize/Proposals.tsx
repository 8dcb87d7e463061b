import { Badge, Button, type Column, EmptyState, Segments, Select, Table, Toolbar } from "@/kit";
import { count, points, pointsRange } from "@/lib/format";
import { integer, oneOf, useUrlState } from "@/lib/url-state";
import { type Edit, STATES, ranked } from "./model";

const shape = { state: oneOf(["all", ...STATES], "all"), shown: integer(20) };

const TONES = { chosen: "ok", alive: "neutral", dropped: "neutral", rejected: "bad" } as const;
const WORDS = { chosen: "chosen", alive: "not needed", dropped: "did not help", rejected: "rejected" } as const;

/** Its figures are what was supposed before: the budget was spent on others. */
const isUntried = (edit: Edit) => edit.state === "alive" && edit.observations === 0;

/** Of a search that was cut short nobody knows yet whether what is left was needed. */
const wordsOf = (isCut: boolean) => (isCut ? { ...WORDS, alive: "undecided" } : WORDS);

const columnsOf = (words: Record<Edit["state"], string>): Column<Edit>[] => [
  {
    key: "text",
    head: "Edit",
    cell: (edit) => (
      <span className="block min-w-0 py-1">
        <span className="block text-12 text-muted">
          {edit.operation} · {edit.section}
        </span>
        <span className="font-mono text-12 wrap-anywhere whitespace-pre-wrap">{edit.text || edit.line}</span>
        {edit.operation === "replace" && edit.line ? <span className="block font-mono text-12 wrap-anywhere text-muted line-through">{edit.line}</span> : null}
        {edit.rationale ? <span className="block text-12 text-muted">{edit.rationale}</span> : null}
        {edit.reason ? <span className="block text-12 text-bad">{edit.reason}</span> : null}
      </span>
    ),
  },
  { key: "state", head: "State", width: "w-32", cell: (edit) => <Badge tone={TONES[edit.state]}>{isUntried(edit) ? "not tried" : words[edit.state]}</Badge> },
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

/** All proposals, the rejected ones with their reasons. */
export function Proposals({ edits, alone, isCut = false }: { edits: readonly Edit[]; /** Those given are all chosen: no filter. */ alone?: boolean; /** The search was cut short. */ isCut?: boolean }) {
  const words = wordsOf(isCut);
  const [{ state: asked, shown }, set] = useUrlState(shape);
  const state = alone ? "all" : asked;
  const all = ranked(edits);
  const found = state === "all" ? all : all.filter((edit) => edit.state === state);
  const options = (["all", ...STATES] as const).map((one) => ({ value: one, label: `${one === "all" ? "All" : words[one][0]?.toUpperCase() + words[one].slice(1)} ${count(one === "all" ? all.length : all.filter((edit) => edit.state === one).length)}` }));
  return (
    <div className="flex flex-col gap-2">
      {alone ? null : (
      <Toolbar>
        <span className="sm:hidden">
          <Select compact aria-label="State" options={options} value={state} onChange={(next) => set({ state: next, shown: 20 })} />
        </span>
        <span className="whitespace-nowrap max-sm:hidden">
          <Segments label="State" options={options} value={state} onChange={(next) => set({ state: next, shown: 20 })} />
        </span>
      </Toolbar>
      )}
      {found.length === 0 ? <EmptyState title="None of these" /> : <Table label="Proposals" columns={columnsOf(words)} rows={found.slice(0, shown)} rowKey={(edit) => `${edit.state} ${edit.section} ${edit.operation} ${edit.text} ${edit.line ?? ""} ${edit.reason ?? ""}`} />}
      {found.length > shown ? (
        <div className="flex justify-center pt-2">
          <Button size="s" onClick={() => set({ shown: shown + 100 })}>
            Show more ({count(found.length - shown)})
          </Button>
        </div>
      ) : null}
    </div>
  );
}
