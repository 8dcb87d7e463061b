import { useNavigate } from "@tanstack/react-router";
import { Layers, ListChecks, Plus, Wand } from "lucide-react";
import { Suspense, useMemo, useState } from "react";
import type { Schema } from "@/api/client";
import { usePages, useRead } from "@/api/hooks";
import { Held, needs, useMay } from "@/api/session";
import { Badge, Breaking, Button, ButtonLink, type Column, DownloadMenu, EmptyState, Figures, Loaded, Menu, Notice, Page, PagedTable, SearchInput, Segments, SkeletonText, Tabs } from "@/kit";
import { Here } from "@/kit/Here";
import { later } from "@/lib/later";
import { usePathParam } from "@/lib/pages";
import { filesNamed } from "@/lib/files-named";
import { count } from "@/lib/format";
import { integer, oneOf, over, text, useUrlState } from "@/lib/url-state";
import { MarkFilters, marksOf } from "./MarkFilters";
import { AddFromRuns } from "./AddFromRuns";
import { AddItems } from "./AddItems";
import { ItemDrawer } from "./ItemDrawer";
import { Leaks } from "./Leaks";
import { ArchivedNotice, LifeMenu } from "./Life";
import { fileOf } from "./file";
import { MakeItems } from "./MakeItems";
import { SPLITS, inputWords } from "./items";
import { SplitBar, SplitDot } from "./SplitCounts";
import { Versions } from "./Versions";

// Charts come when they are looked at.
const Results = later(() => import("./Results"));

type Dataset = Schema<"DatasetAnswer">;
type Item = Schema<"ItemAnswer">;

const ARCHIVED = "An archived dataset is restored first.";
const shape = { tab: oneOf(["items", "versions", "leaks", "results"], "items"), version: integer(null), split: oneOf(["all", "train", "validation", "test"], "all"), item: over(text()), q: text(), category: text(), tag: text(), made: oneOf(["", "up", "real"], "") };

export default function DatasetPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/datasets/{dataset_id}", { path: { dataset_id: id } });
  const [shown] = useUrlState(shape);
  const [adding, setAdding] = useState<"items" | "runs" | "made" | null>(null);
  const may = useMay();
  const navigate = useNavigate();
  const isArchived = found.data?.archived_at != null;
  const total = found.data ? Object.values(found.data.counts).reduce((sum, one) => sum + one, 0) : 0;
  return (
    <Page
      title={found.data?.name ?? "Dataset"}
      back={{ to: "/datasets", label: "Datasets" }}
      actions={
        found.data ? (
          <>
            <Here place={`datasets/${id}`} />
            {total > 0 || shown.version !== null ? (
              <DownloadMenu label="Download" path={`/v1/datasets/${id}/file`} {...fileOf(shown)} name="dataset" />
            ) : null}
            {may.edit && total > 0 && !isArchived ? (
              <>
                <ButtonLink to="/test-runs" search={{ new: "1", dataset: id }} icon={<ListChecks size={14} aria-hidden />}>
                  Test a version
                </ButtonLink>
                <ButtonLink to="/optimize" search={{ new: "1", dataset: id }} icon={<Wand size={14} aria-hidden />}>
                  Optimize
                </ButtonLink>
                <ButtonLink to="/batches" search={{ new: "1", dataset: id }} icon={<Layers size={14} aria-hidden />}>
                  Batch
                </ButtonLink>
              </>
            ) : null}
            {may.edit && !isArchived ? (
              <Menu
                label="Add items"
                trigger={
                  <Button variant="primary" icon={<Plus size={14} aria-hidden />}>
                    Add items
                  </Button>
                }
                items={[
                  { label: "Paste or upload", hint: "CSV, JSON lines, JSON", onSelect: () => setAdding("items") },
                  { label: "From runs", hint: "Answers you have checked", onSelect: () => setAdding("runs") },
                  { label: "From the log", hint: "Many runs at once, by what the log is filtered by", onSelect: () => void navigate({ to: "/runs", search: { to: id } as never }) },
                  { label: "Made up", hint: "By a model, marked, and never for test", onSelect: () => setAdding("made") },
                ]}
              />
            ) : (
              <Button variant="primary" icon={<Plus size={14} aria-hidden />} disabled why={may.edit ? ARCHIVED : needs("editor")}>
                Add items
              </Button>
            )}
            <LifeMenu dataset={found.data} />
          </>
        ) : null
      }
    >
      <Loaded of={found}>
        {(dataset) => (
          <>
            {dataset.archived_at ? <ArchivedNotice dataset={dataset} /> : null}
            <Held value={dataset.archived_at ? ARCHIVED : null}>
              <Content dataset={dataset} total={total} onAdd={() => setAdding("items")} />
            </Held>
          </>
        )}
      </Loaded>
      <AddItems id={id} open={adding === "items"} onOpenChange={(open) => setAdding(open ? "items" : null)} />
      <AddFromRuns id={id} open={adding === "runs"} onOpenChange={(open) => setAdding(open ? "runs" : null)} />
      {adding === "made" ? <MakeItems id={id} onClose={() => setAdding(null)} /> : null}
    </Page>
  );
}

function Content({ dataset, total, onAdd }: { dataset: Dataset; total: number; onAdd: () => void }) {
  const [{ tab }, set] = useUrlState(shape);
  const share = (split: string) => (total === 0 ? "none" : `${Math.round((100 * (dataset.counts[split] ?? 0)) / total)} % of all`);
  return (
    <>
      <div className="flex flex-col gap-2">
        <Figures
          label="Items by split"
          figures={[
            { label: "Items", value: count(total), note: `version ${dataset.version}` },
            { label: "Train", value: count(dataset.counts["train"]), note: share("train") },
            { label: "Validation", value: count(dataset.counts["validation"]), note: share("validation") },
            { label: "Test", value: count(dataset.counts["test"]), note: share("test") },
          ]}
        />
        <SplitBar counts={dataset.counts} />
        {dataset.archived_at ? null : <Enough counts={dataset.counts} />}
      </div>
      <Tabs
        label="Parts of this dataset"
        value={tab}
        onChange={(next) => set({ tab: next, item: "" }, { push: true })}
        tabs={[
          { id: "items", label: "Items", content: <Items dataset={dataset} onAdd={onAdd} /> },
          { id: "versions", label: "Versions", content: <Versions id={dataset.id} newest={dataset.version} onOpen={(version) => set({ tab: "items", item: "", version: version === dataset.version ? null : version }, { push: true })} /> },
          { id: "results", label: "Results", content: <Suspense fallback={<SkeletonText />}><Results id={dataset.id} /></Suspense> },
          { id: "leaks", label: "Leaks", count: dataset.near_duplicates.length || undefined, content: <Leaks id={dataset.id} onItem={(item) => set({ tab: "items", item, version: null }, { push: true })} /> },
        ]}
      />
    </>
  );
}

const TEST_LEAST = 20;
const TEST_GOOD = 100;
const SEARCH_LEAST = 10;

/** What this dataset is too small for; nothing where it is large enough. */
function Enough({ counts }: { counts: Readonly<Record<string, number>> }) {
  const [train, validation, test] = SPLITS.map((split) => counts[split] ?? 0) as [number, number, number];
  if (train < SEARCH_LEAST || validation < SEARCH_LEAST || test < TEST_LEAST) {
    return (
      <Notice tone="warn" title="Too small to optimize on.">
        It takes {SEARCH_LEAST} train, {SEARCH_LEAST} validation and {TEST_LEAST} test items to begin, each with a right answer; {TEST_GOOD} test items to be sure of small gains.
      </Notice>
    );
  }
  return test < TEST_GOOD ? <Notice>With {TEST_GOOD} test items and more, gains of a few points can be proven; here are {test}.</Notice> : null;
}

function Expected({ of }: { of: string | null }) {
  return of === null ? <span className="text-13 text-muted">no right answer</span> : <Breaking text={filesNamed(of)} className="line-clamp-2 max-w-40 text-13 wrap-break-word sm:max-w-72" />;
}

const COLUMNS: Column<Item>[] = [
  { key: "input", head: "Input", cell: (row) => <span className="flex items-start gap-2"><span className="line-clamp-2 min-w-0 text-13 wrap-anywhere">{inputWords(row.input)}</span>{row.synthetic ? <Badge>made up</Badge> : null}</span> },
  { key: "expected", head: "Expected", width: "w-28 sm:w-56", cell: (row) => <Expected of={row.expected} /> },
  { key: "split", head: "Split", width: "w-28", hideBelow: "sm", cell: (row) => <SplitDot split={row.split} /> },
  { key: "version", head: "Since", align: "end", width: "w-20", hideBelow: "md", cell: (row) => `v${row.added_version}` },
];

function Items({ dataset, onAdd }: { dataset: Dataset; onAdd: () => void }) {
  const [{ split, item, q, version, ...marks }, set] = useUrlState(shape);
  const may = useMay();
  const isMarked = marks.category !== "" || marks.tag !== "" || marks.made !== "";
  const pages = usePages("/v1/datasets/{dataset_id}/items", { path: { dataset_id: dataset.id }, query: { split: split === "all" ? "" : split, q, ...marksOf(marks), ...(version === null ? {} : { version }) } }, { more: 200 });
  const options = useMemo(() => (["all", ...SPLITS] as const).map((one) => ({ value: one, label: one === "all" ? "All" : one[0]?.toUpperCase() + one.slice(1) })), []);
  return (
    <div className="flex flex-col gap-2">
      {version === null ? null : (
        <Notice title={`Items as they were in version ${version}.`} action={<Button size="s" onClick={() => set({ version: null })}>Show the newest</Button>}>
          Now it is version {dataset.version}.
        </Notice>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <SearchInput label="Search items" placeholder="Search input or answer" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
        <div className="overflow-x-auto">
          <Segments label="Split" options={options} value={split} onChange={(next) => set({ split: next })} />
        </div>
        <MarkFilters category={marks.category} tag={marks.tag} made={marks.made} onChange={set} />
      </div>
      <PagedTable
        label="Items"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={(row) => set({ item: row.id }, { push: true })}
        selected={item || null}
        empty={
          isMarked ? (
            <EmptyState title="Nothing found" action={<Button onClick={() => set({ category: "", tag: "", made: "", q: "" })}>Clear the filters</Button>}>
              No {split === "all" ? "" : `${split} `}item is so{q ? " and has these words" : ""}.
            </EmptyState>
          ) : q ? (
            <EmptyState title="Nothing found" action={<Button onClick={() => set({ q: "" })}>Clear the search</Button>}>
              No {split === "all" ? "" : `${split} `}item has these words in its input or its answer.
            </EmptyState>
          ) : split === "all" && version !== null ? (
            <EmptyState title={`Version ${version} holds no items`} action={<Button onClick={() => set({ version: null })}>Show the newest</Button>} />
          ) : split === "all" ? (
            <EmptyState title="No items" action={<Button onClick={onAdd} disabled={!may.edit || may.held !== undefined} why={may.held ?? needs("editor")}>Add items</Button>}>
              Paste cases with their expected answers.
            </EmptyState>
          ) : (
            <EmptyState title={`No ${split} items`} action={<Button onClick={() => set({ split: "all" })}>Show all</Button>} />
          )
        }
      />
      <ItemDrawer dataset={dataset.id} id={item} onOpen={(id) => set({ item: id })} onClose={() => set({ item: "" })} known={pages.rows.find((row) => row.id === item)} />
    </div>
  );
}
