import { useQueryClient } from "@tanstack/react-query";
import { ArrowUp, DatabaseZap, ExternalLink, FileUp, ScrollText, X } from "lucide-react";
import { Suspense, useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { invalidate } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, ButtonLink, type Column, Combobox, DownloadMenu, Drawer, Duration, EmptyState, FilterBar, Input, Money, NavTabs, NumberCell, Page, PagedTable, RelativeTime, SearchInput, Select, SimulatedBadge, SkeletonText, StatusBadge, useMoreFilters } from "@/kit";
import { madeAt } from "@/kit/execution/made-at";
import type { ExecutionRow } from "@/kit/execution/types";
import { count, moment, plural } from "@/lib/format";
import { later } from "@/lib/later";
import { flag, over, text, useUrlState } from "@/lib/url-state";
import { Views } from "@/pages/views/Views";
import { ImportRuns } from "./ImportRuns";
import { LessUsed } from "./LessUsed";
import { FILTERS, LANES, LESS_USED, NO_FILTERS, SHOWN_FILTERS, STATUSES, fileQueryOf, newInWords, useRuns } from "./log";
import { RUNS_TABS } from "./tabs";
import { useNewRuns } from "./useNewRuns";

// What one run shows comes when one is opened; at once where the address names one.
const LoadedRun = later(() => import("./Run").then((module) => ({ default: module.LoadedRun })));
const RunActs = later(() => import("./Run").then((module) => ({ default: module.RunActs })), { quiet: true });
if (new URLSearchParams(location.search).has("run")) void LoadedRun.preload();
const FromExecutions = later(() => import("@/pages/datasets/FromExecutions"), { quiet: true });
const shape = { ...FILTERS, run: over(text()), to: text(), import: flag() };

export default function RunsPage() {
  const [{ run, to, import: isImporting, ...filters }, set] = useUrlState(shape);
  const queries = useQueryClient();
  const may = useMay();
  const pages = useRuns(filters);
  const newRuns = useNewRuns(filters, pages.rows[0]?.id, !pages.isPending && !pages.isStale && !pages.error);
  const [latest, setLatest] = useState(run);
  if (run && run !== latest) setLatest(run);
  const [adding, setAdding] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(NONE);
  // Of what is listed now: nobody acts on what one no longer sees.
  const taken = pages.rows.filter((row) => chosen.has(row.id));
  const isFiltered = Object.values(filters).some(Boolean);
  const clear = () => set(NO_FILTERS);
  const more = useMoreFilters(LESS_USED.filter((one) => filters[one]).length, <LessUsed filters={filters} onChange={set} />);
  const showNew = () => {
    void invalidate(queries, ["/v1/executions"]);
    document.querySelector("main")?.scrollTo({ top: 0 });
    window.scrollTo({ top: 0 });
  };
  return (
    <Page
      title="Runs"
      subtitle="Every call of a model: what went in, what came out, what it cost."
      actions={
        <>
          <Views place="runs" shape={FILTERS} />
          <Button icon={<FileUp size={14} aria-hidden />} onClick={() => set({ import: true })} disabled={!may.edit} why={needs("editor")}>
            Bring in runs
          </Button>
        </>
      }
    >
      <NavTabs label="Runs" tabs={RUNS_TABS} />
      <FilterBar
        holding={SHOWN_FILTERS.filter((one) => filters[one]).length}
        more={more}
        filters={
          <>
            <PromptFilter prompt={filters.prompt} onChange={(prompt) => set({ prompt, version: null })} />
            {filters.prompt ? <VersionFilter key={filters.prompt} version={filters.version} onChange={(version) => set({ version })} /> : null}
            <Select compact aria-label="Status" empty="Any status" value={filters.status} onChange={(status: string) => set({ status: (status || null) as never })} options={STATUSES.map((one) => ({ value: one as string, label: one.replaceAll("_", " ") }))} />
            <Select compact aria-label="Kind" empty="Any kind" value={filters.lane} onChange={(lane: string) => set({ lane: (lane || null) as never })} options={LANES.map((one) => ({ value: one as string, label: KINDS[one] }))} />
            <SearchInput label="End user" placeholder="End user's id" value={filters.user} onChange={(user) => set({ user })} className="w-full sm:w-52" />
            <SearchInput label="Session" placeholder="Session's id" value={filters.session} onChange={(session) => set({ session })} className="w-full sm:w-52" />
          </>
        }
      >
        <Button icon={<DatabaseZap size={14} aria-hidden />} onClick={() => setAdding(true)} disabled={!may.edit || pages.rows.length === 0} why={may.edit ? "Nothing is listed." : needs("editor")} className={to ? "border-accent! bg-accent-soft!" : undefined}>
          {taken.length > 0 ? `Add ${count(taken.length)} to a dataset…` : "Add to a dataset…"}
        </Button>
        <DownloadMenu label="Download" path="/v1/executions/export" query={fileQueryOf(filters)} name="runs" hint="A run a line, as the API lists it" disabled={pages.rows.length === 0 && !pages.hasMore} why="Nothing is listed." />
        {filters.job ? <OnlyOf what="of one job" onClear={() => set({ job: "" })} /> : null}
        {filters.experiment ? <OnlyOf what="of one experiment" onClear={() => set({ experiment: "", arm: "" })} /> : null}
        {filters.experiment && filters.arm ? <OnlyOf what={`of ${filters.arm}`} onClear={() => set({ arm: "" })} /> : null}
        <span className="flex min-h-8 items-center gap-2 sm:ml-auto" role="status">
          {taken.length > 0 ? (
            <>
              <span className="text-13 text-muted">{count(taken.length)} chosen</span>
              <Button size="s" onClick={() => setChosen(NONE)}>
                Choose none
              </Button>
            </>
          ) : null}
          {newRuns > 0 ? (
            <Button size="s" icon={<ArrowUp size={12} aria-hidden />} onClick={showNew} className="border-accent! bg-accent-soft! text-accent!">
              {newInWords(newRuns)}
            </Button>
          ) : null}
          {pages.rows.some((row) => row.simulated) ? <SimulatedBadge /> : null}
        </span>
      </FilterBar>
      <PagedTable
        label="Runs"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={(row) => set({ run: row.id }, { push: true })}
        selected={run || null}
        choice={{ chosen, onChange: setChosen, name: (row) => `the run of ${row.prompt ?? "messages"}, ${moment(madeAt(row))}` }}
        empty={
          isFiltered ? (
            <EmptyState title="No run matches" action={<Button onClick={clear}>Show all</Button>}>
              Ids, apps and error codes are compared as a whole.
            </EmptyState>
          ) : (
            <EmptyState icon={<ScrollText size={18} />} title="Nothing has run yet" action={<ButtonLink to="/playground" variant="primary">Open the playground</ButtonLink>} code={RUN}>
              What your applications and your playground ask of models is listed here.
            </EmptyState>
          )
        }
      />
      <Drawer open={run !== ""} onOpenChange={(open) => (open ? undefined : set({ run: "" }))} title="Run" description={<code className="text-12 wrap-anywhere">{latest}</code>} actions={<><Suspense fallback={null}><RunActs id={latest} /></Suspense><ButtonLink size="s" to={`/runs/${latest}`} icon={<ExternalLink size={12} aria-hidden />}>Whole page</ButtonLink></>}>
        {latest ? <Suspense fallback={<SkeletonText lines={8} />}><LoadedRun id={latest} /></Suspense> : null}
      </Drawer>
      {isImporting && may.edit ? <ImportRuns onClose={() => set({ import: false })} /> : null}
      {adding ? (
        <Suspense fallback={null}>
          <FromExecutions rows={taken.length > 0 ? taken : pages.rows} areChosen={taken.length > 0} hasMore={pages.hasMore} dataset={to || null} onClose={() => (setAdding(false), set({ to: "" }))} />
        </Suspense>
      ) : null}
    </Page>
  );
}

const NONE: ReadonlySet<string> = new Set();
const KINDS: Record<(typeof LANES)[number], string> = { interactive: "Calls", background: "Background", batch: "Tests and jobs", imported: "Imported" };

const RUN = `curl $URL/v1/executions -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"prompt": "support-triage", "variables": {"ticket": "I was charged twice"}, "user_id": "ann"}'`;

function PromptFilter({ prompt, onChange }: { prompt: string; onChange: (prompt: string) => void }) {
  return <Combobox label="Prompt" value={prompt || null} clear="Any prompt" {...usePromptChoices(prompt)} onChange={(next) => onChange(next ?? "")} />;
}

function VersionFilter({ version, onChange }: { version: number | null; onChange: (version: number | null) => void }) {
  const [typed, setTyped] = useState(version === null ? "" : String(version));
  const take = (next: string) => {
    const digits = next.replace(/\D/g, "").slice(0, 9);
    setTyped(digits);
    onChange(Number(digits) || null);
  };
  return <Input aria-label="Version" inputMode="numeric" placeholder="Any version" value={typed} onChange={(event) => take(event.target.value)} className="numeric w-28! border-line-strong/50! text-13!" />;
}

/** A filter that a link set; pressing it takes it away. */
function OnlyOf({ what, onClear }: { what: string; onClear: () => void }) {
  return (
    <Button onClick={onClear} icon={<X size={14} aria-hidden />} aria-label={`Only ${what}: take this filter away`}>
      {what}
    </Button>
  );
}

const COLUMNS: Column<ExecutionRow>[] = [
  { key: "at", head: "When", width: "sm:w-28", cell: (row) => <When row={row} /> },
  { key: "status", head: "Status", width: "w-40", hideBelow: "sm", cell: (row) => <How row={row} /> },
  { key: "prompt", head: "Prompt", cell: (row) => <Called row={row} /> },
  { key: "model", head: "Model", width: "w-44", hideBelow: "lg", cell: (row) => <span className="block max-w-56 truncate text-muted">{row.model}</span> },
  { key: "user", head: "End user", width: "w-36", hideBelow: "xl", cell: (row) => <span className="block max-w-40 truncate text-muted" title={row.user_id ?? undefined}>{row.user_id ?? "–"}</span> },
  { key: "tokens", head: "Tokens", align: "end", width: "w-24", hideBelow: "md", cell: (row) => <NumberCell value={row.usage.input_tokens + row.usage.output_tokens} /> },
  { key: "time", head: "Time", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Duration ms={row.latency_ms} /> },
  { key: "cost", head: "Cost", align: "end", width: "sm:w-28", cell: (row) => <Money nusd={row.cost_nusd} /> },
];

/** How it ended, and why it failed: an operator sees in the list what a hundred failures have in common. */
function How({ row }: { row: ExecutionRow }) {
  const why = row.error?.code.replaceAll("_", " ");
  return (
    <span className="block min-w-0">
      <StatusBadge status={row.status} />
      {why && why !== row.status.replaceAll("_", " ") ? <span className="block text-12 text-pretty text-muted">{why}</span> : null}
    </span>
  );
}

function When({ row }: { row: ExecutionRow }) {
  return (
    <span className="flex flex-col items-start gap-1">
      <RelativeTime at={madeAt(row)} />
      <span className="sm:hidden">
        <How row={row} />
      </span>
    </span>
  );
}

function Called({ row }: { row: ExecutionRow }) {
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
      {row.prompt ? <span className="min-w-28 font-mono text-13 wrap-anywhere">{row.prompt}</span> : <span className="text-muted">messages</span>}
      {row.version === null ? null : <Badge>v{row.version}</Badge>}
      {row.label ? <Badge>{row.label}</Badge> : null}
      {row.lane === "interactive" ? null : <Badge tone="accent">{row.lane}</Badge>}
      {row.comments ? <Badge>{plural(row.comments, "comment")}</Badge> : null}
    </span>
  );
}
