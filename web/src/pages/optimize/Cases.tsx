import { useRead } from "@/api/hooks";
import { Badge, Button, Drawer, EmptyState, Facts, JsonView, Loaded, Part, Prose, Segments, Table, TextLink, Toolbar, type Column } from "@/kit";
import { count, plural } from "@/lib/format";
import { oneOf, over, text, useUrlState } from "@/lib/url-state";
import { filesNamed, filesNamedIn } from "@/lib/files-named";
import type { Schema } from "@/api/client";
import { type Evidence, type Suggestion, isRightOrWrong } from "./model";

type Case = Schema<"CaseAnswer">;

const shape = { change: oneOf(["all", "broken", "fixed"], "all"), case: over(text()) };

function words(input: Case["input"]): string {
  if (input === null || input === undefined) return "(not kept)";
  if (typeof input === "string") return filesNamed(input);
  const all = Object.entries(input as Record<string, unknown>);
  const one = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return filesNamed(all.length === 1 ? one(all[0]?.[1]) : all.map(([name, value]) => `${name}: ${one(value)}`).join("\n"));
}

const sentence = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** What is right; an item that is kept may have nothing that is. */
function rightOf(row: Case) {
  if (row.expected != null) return filesNamed(row.expected);
  return row.input == null ? null : "no right answer";
}

const Answer = ({ said }: { said: string | null | undefined }) => (said == null ? <span className="text-muted">(not kept)</span> : <span className="line-clamp-2 wrap-anywhere">{said.trim() || "(empty)"}</span>);

const COLUMNS: Column<Case>[] = [
  { key: "input", head: "Input", cell: (row) => <span className="line-clamp-2 min-w-40 wrap-anywhere">{words(row.input)}</span> },
  { key: "change", head: "Change", width: "w-24", cell: (row) => <Badge tone={row.change === "fixed" ? "ok" : "bad"}>{row.change}</Badge> },
  { key: "expected", head: "Expected", width: "w-44", hideBelow: "sm", cell: (row) => <Answer said={rightOf(row)} /> },
  { key: "before", head: "Before", hideBelow: "md", cell: (row) => <Answer said={row.before} /> },
  { key: "after", head: "After", width: "w-44", hideBelow: "md", cell: (row) => <Answer said={row.after} /> },
];

/** Test items that the two texts answer differently: those it breaks first. */
export function Cases({ suggestion, evidence }: { suggestion: Suggestion; evidence: Evidence }) {
  const [{ change, case: opened }, set] = useUrlState(shape);
  const found = useRead("/v1/suggestions/{suggestion_id}/cases", { path: { suggestion_id: suggestion.id } });
  const { fixed, broken } = evidence.test;
  const isPlain = isRightOrWrong(evidence.by_metric);
  const [ofBroken, ofFixed] = isPlain ? ["broken", "fixed"] : ["worse", "better"];
  const columns = COLUMNS.map((one) => (one.key === "change" && !isPlain ? { ...one, cell: (row: Case) => <Badge tone={row.change === "fixed" ? "ok" : "bad"}>{row.change === "fixed" ? ofFixed : ofBroken}</Badge> } : one));
  return (
    <Loaded of={found}>
      {({ data }) => {
        const rows = change === "all" ? data : data.filter((row) => row.change === change);
        const one = data.find((row) => row.item_id === opened);
        const listed = data.filter((row) => row.change === "fixed").length;
        return (
          <div className="flex flex-col gap-2">
            <Toolbar>
              <Segments
                label="Change"
                value={change}
                onChange={(next) => set({ change: next })}
                options={[
                  { value: "all", label: `All ${count(fixed + broken)}` },
                  { value: "broken", label: `${sentence(ofBroken)} ${count(broken)}` },
                  { value: "fixed", label: `${sentence(ofFixed)} ${count(fixed)}` },
                ]}
              />
            </Toolbar>
            {rows.length === 0 ? <EmptyState title="None of these" /> : <Table label="Cases that change" columns={columns} rows={rows} rowKey={(row) => row.item_id} onOpen={(row) => set({ case: row.item_id }, { push: true })} selected={opened || null} />}
            {listed < fixed ? <p className="text-12 text-muted">{plural(fixed - listed, `more ${ofFixed} case`)} were counted and are not listed.</p> : null}
            <Drawer open={Boolean(one)} onOpenChange={(open) => open || set({ case: "" })} title={`${sentence(one?.change === "fixed" ? ofFixed : ofBroken)} case`} actions={<Steps rows={rows} one={one} onGo={(id) => set({ case: id })} />}>
              {one ? <Detail one={one} isPlain={isPlain} suggestion={suggestion} dataset={evidence.dataset.id} /> : null}
            </Drawer>
          </div>
        );
      }}
    </Loaded>
  );
}

function Steps({ rows, one, onGo }: { rows: readonly Case[]; one: Case | undefined; onGo: (id: string) => void }) {
  const place = one ? rows.indexOf(one) : -1;
  const at = (step: number) => (place < 0 ? undefined : rows[place + step]);
  return (
    <>
      <Button size="s" ended={!at(-1)} onClick={() => onGo(at(-1)?.item_id ?? "")}>
        Previous
      </Button>
      <Button size="s" ended={!at(1)} onClick={() => onGo(at(1)?.item_id ?? "")}>
        Next
      </Button>
    </>
  );
}

function Detail({ one, isPlain, suggestion, dataset }: { one: Case; isPlain: boolean; suggestion: Suggestion; dataset: string }) {
  const isFixed = one.change === "fixed";
  const said = (answer: string | null | undefined, right: boolean) => <Prose text={answer == null ? "(not kept)" : answer || "(empty)"} className={`rounded-m px-3 py-2 ${right ? "bg-ok-soft" : "bg-bad-soft"}`} />;
  return (
    <div className="flex flex-col gap-5">
      <Part title="Input">{one.input !== null && typeof one.input === "object" && Object.keys(one.input).length > 1 ? <JsonView label="Variables" value={filesNamedIn(one.input)} /> : <Prose plain text={words(one.input)} />}</Part>
      <Part title="Expected">
        <Prose plain text={rightOf(one) ?? "(not kept)"} />
      </Part>
      <Part title={`Before (v${suggestion.base_version})${isPlain ? `, ${isFixed ? "wrong" : "right"}` : ""}`}>{said(one.before, !isFixed)}</Part>
      <Part title={`After${isPlain ? `, ${isFixed ? "right" : "wrong"}` : ""}`}>{said(one.after, isFixed)}</Part>
      <Facts
        facts={[
          Boolean(one.before_execution_id) && ["Run before", <TextLink key="b" to={`/runs/${one.before_execution_id}`}>messages, tokens</TextLink>],
          Boolean(one.after_execution_id) && ["Run after", <TextLink key="a" to={`/runs/${one.after_execution_id}`}>messages, tokens</TextLink>],
          ["Item", <TextLink key="i" to={`/datasets/${dataset}`} search={{ item: one.item_id }}>in its dataset</TextLink>],
        ]}
      />
    </div>
  );
}
