import { Archive, BellRing, FileText, FolderInput as FolderIcon, MessageCircleQuestion, Plus } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import type { Schema } from "@/api/client";
import { type ApiError, asApiError } from "@/api/errors";
import { usePages, useRead } from "@/api/hooks";
import { useAuthors } from "@/api/authors";
import { useMay } from "@/api/session";
import { Badge, Button, ButtonLink, type Column, Combobox, Duration, EmptyState, FilterBar, Money, Notice, NavTabs, NumberCell, Page, PagedTable, Percent, RelativeTime, SearchInput, Select, SimulatedBadge, type Sort, useMoreFilters } from "@/kit";
import { NONE, count, spaced } from "@/lib/format";
import { flag, over, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { NewPrompt } from "./NewPrompt";
import { MoveFolder, useFolders } from "./Folders";
import { TrialBadge, TrialLinks } from "./Trials";
import { trialsOfListed } from "./trials";
import { whyNot } from "./why";
import { AlertIcon } from "./AlertIcon";
import { type PromptFigures, alertedPrompts, failedOf, usePromptFigures, wordOf } from "./figures";
import { DESCENDING, EMPTY, FILTERS, type Filters, type PromptChoices, type SortBy, inWords, orderOf, sortCodec, useFilterChoices } from "./filters";

type Prompt = Schema<"ListedPrompt">;
type Alert = Schema<"AlertAnswer">;

const MOST_ALERTS = 200;

const KINDS = [
  { to: "/prompts", label: "Prompts", exact: true },
  { to: "/chains", label: "Chains" },
  { to: "/approvals", label: "Approvals" },
] as const;

// Outside of the component: the shape of the address never changes.
const shape = { ...FILTERS, archived: flag(), sort: sortCodec, falling: flag(), new: over(flag()) };

export default function PromptsPage() {
  const [{ archived, sort, falling, new: creating, ...filters }, set] = useUrlState(shape);
  const { q, label, tag, folder } = filters;
  const order = orderOf(sort, q);
  const setCreating = useCallback((on: boolean) => set({ new: on }), [set]);
  const may = useMay();
  const { alerts, ...asking } = useAlerted();
  // While it is not known which prompts have an alert, nothing is said of them: neither that there are none, nor that all have one.
  const unknown = falling && (asking.isPending || asking.error !== null);
  const only = falling && !unknown ? [...alerts.keys()].slice(0, MOST_ALERTS) : undefined;
  const none = only?.length === 0;
  const pages = usePages("/v1/prompts", { query: { ...filters, archived: archived || undefined, sort: order.asked ?? undefined, slug: none || unknown ? ["-"] : only } }, { enabled: !none && !unknown });
  const rows = useMemo(() => onlyOnce(none || unknown ? [] : pages.rows), [pages.rows, none, unknown]);
  const figures = usePromptFigures(useMemo(() => rows.map((row) => row.slug), [rows]));

  const create = useMemo(() => [{ id: "new-prompt", label: "New prompt", keys: "n", run: () => setCreating(true) }], [setCreating]);
  useCommands(create);
  useHotkey("n", () => setCreating(true), may.editPrompts);

  const columns = columnsWith(figures.of, alerts);
  const said = inWords(filters);
  const isFiltered = Boolean(said.length > 0 || falling || archived);
  const choices = useFilterChoices(filters, archived);
  const folders = useFolders();
  const [moving, setMoving] = useState(false);
  const simulated = rows.some((row) => figures.of.get(row.slug)?.day?.simulated || figures.of.get(row.slug)?.week?.simulated);
  const more = useMoreFilters(LESS_USED.filter(({ name }) => filters[name]).length, <LessUsed filters={filters} choices={choices} onChange={set} />);
  const newButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)} disabled={!may.editPrompts} why={whyNot(may)}>
      New prompt
    </Button>
  );

  const fromGoal = (
    <ButtonLink to="/new" icon={<MessageCircleQuestion size={14} aria-hidden />}>
      Start from a goal
    </ButtonLink>
  );

  return (
    <Page title="Prompts" subtitle={<>Each with its versions, and labels that say which one is live. {simulated ? <SimulatedBadge /> : null}</>} actions={<>{fromGoal}{newButton}</>}>
      <NavTabs label="Prompts" tabs={KINDS} />
      <FilterBar
        holding={[label, tag, folder, falling, archived, ...LESS_USED.map(({ name }) => filters[name])].filter(Boolean).length}
        more={more}
        search={<SearchInput label="Search prompts" placeholder="Words of name, tags or text" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />}
        filters={
          <>
            <Select compact aria-label="Label" empty="Any label" value={label} onChange={(next) => set({ label: next })} options={choices.label} />
            <Combobox label="Tag" value={tag || null} clear="Any tag" choices={choices.tag} empty={choices.empty} onChange={(next) => set({ tag: next ?? "" })} />
            <Combobox label="Folder" value={folder || null} clear="Any folder" choices={choicesWith(folders, folder)} empty="No prompt lies in a folder" onChange={(next) => set({ folder: next ?? "" })} />
            <Button aria-pressed={falling} icon={<BellRing size={14} aria-hidden />} onClick={() => set({ falling: !falling })} className={falling ? "border-accent! bg-accent-soft!" : undefined}>
              With an alert{alerts.size > 0 ? <span className="numeric text-muted">{alerts.size}</span> : null}
            </Button>
            <Button aria-pressed={archived} icon={<Archive size={14} aria-hidden />} onClick={() => set({ archived: !archived })} className={archived ? "border-accent! bg-accent-soft!" : undefined}>
              Archived
            </Button>
          </>
        }
      >
        {folder && !archived && may.editPrompts ? (
          <Button icon={<FolderIcon size={14} aria-hidden />} onClick={() => setMoving(true)}>
            Move the folder…
          </Button>
        ) : null}
        <span className="flex items-center sm:ml-auto">
          <Select compact aria-label="Order" value={order.shown} onChange={(next) => set({ sort: next })} options={order.orders} />
        </span>
      </FilterBar>
      {figures.error ? <Notice tone="warn">The figures could not be read: {asApiError(figures.error).message}</Notice> : null}
      <PagedTable
        label="Prompts"
        columns={columns}
        pages={{ ...pages, ...(unknown ? { error: asking.error, retry: asking.retry } : {}), rows, isPending: unknown ? asking.error === null : pages.isPending && !none, isStale: pages.isStale || figures.isPending, hasMore: pages.hasMore && !none && !unknown }}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/prompts/${row.slug}` })}
        sort={{ by: order.shown, descending: DESCENDING.has(order.shown) } satisfies Sort}
        onSort={({ by }) => set({ sort: by === order.shown ? null : (by as SortBy) })}
        empty={
          isFiltered ? (
            <EmptyState title={falling && none ? "No prompt has an open alert" : archived && said.length === 0 && !falling ? "Nothing is archived" : "No prompt matches"} action={<Button onClick={() => set({ ...EMPTY, falling: false, archived: false })}>Show all</Button>}>
              {falling && none ? "Nothing is below its target or worse than before." : archived && said.length === 0 && !falling ? "A prompt is put away from its own page, and can be restored." : `Nothing ${archived ? "archived " : ""}has ${[...said, falling && "an open alert"].filter(Boolean).join(" and ")}.`}
            </EmptyState>
          ) : (
            <EmptyState icon={<FileText size={18} />} title="No prompts yet" action={<>{newButton}{fromGoal}</>} code={CREATE}>
              A prompt has a name that your application calls, and versions that you can change without deploying it.
            </EmptyState>
          )
        }
      />
      {moving && folder ? <MoveFolder folder={folder} onClose={() => setMoving(false)} onMoved={(to) => set({ folder: to })} /> : null}
      <NewPrompt key={String(creating)} open={creating && may.editPrompts} onOpenChange={setCreating} />
    </Page>
  );
}

/** Prompts with an open alert, as far as known. What somebody has acknowledged is still open. */
function useAlerted(): { alerts: ReadonlyMap<string, Alert>; isPending: boolean; error: ApiError | null; retry: () => void } {
  const open = useRead("/v1/alerts", { query: { status: "open", limit: MOST_ALERTS } });
  const known = useRead("/v1/alerts", { query: { status: "acknowledged", limit: MOST_ALERTS } });
  const alerts = useMemo(() => alertedPrompts([...(open.data?.data ?? []), ...(known.data?.data ?? [])]), [open.data, known.data]);
  const isThere = open.data !== undefined && known.data !== undefined;
  const error = isThere ? null : (open.error ?? known.error);
  return { alerts, isPending: !isThere && !error, error, retry: () => void Promise.all([open.refetch(), known.refetch()]) };
}

/** Figures change between two pages of a list that is ordered by them: a prompt may come twice. */
function onlyOnce(rows: readonly Prompt[]): Prompt[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

const LESS_USED = [
  { name: "author", label: "Author", clear: "Any author" },
  { name: "model", label: "Model", clear: "Any model" },
  { name: "category", label: "Category", clear: "Any category" },
  { name: "use_case", label: "Use case", clear: "Any use case" },
  { name: "app_context", label: "App context", clear: "Any app context" },
] as const;

function LessUsed({ filters, choices, onChange }: { filters: Filters; choices: PromptChoices; onChange: (changed: Partial<Filters>) => void }) {
  const nameOf = useAuthors();
  const of = { ...choices, author: choices.author.map((one) => ({ ...one, label: nameOf(one.value), keywords: [one.value] })) };
  return LESS_USED.map(({ name, label, clear }) => <Combobox key={name} label={label} value={filters[name] || null} clear={clear} choices={of[name]} empty={choices.empty} onChange={(next) => onChange({ [name]: next ?? "" })} />);
}

/** Also one that the address names and that is not there any more. */
function choicesWith(folders: readonly { value: string; label: string }[], chosen: string) {
  return chosen && !folders.some((one) => one.value === chosen) ? [{ value: chosen, label: chosen }, ...folders] : folders;
}

const CREATE = `curl $URL/v1/prompts -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"slug": "support-triage", "template": "Which queue does this ticket belong to?\\n\\n{{ticket}}", "model": "simulated/chat"}'`;

/** Runs of the day, and how many of them failed. */
function Live({ day }: { day: PromptFigures["day"] }) {
  const failed = failedOf(day);
  return (
    <span className="block">
      <NumberCell value={day?.executions} />
      {failed > 0 ? <span className="block text-12 text-bad">{count(failed)} failed</span> : null}
    </span>
  );
}

function columnsWith(figures: ReadonlyMap<string, PromptFigures>, alerts: ReadonlyMap<string, Alert>): Column<Prompt>[] {
  return [
    { key: "name", head: "Prompt", sortable: true, cell: (row) => <Name prompt={row} alert={alerts.get(row.slug)} /> },
    { key: "live", head: "Live", width: "w-60", hideBelow: "sm", cell: (row) => <Labels prompt={row} /> },
    { key: "executions", head: "Live runs 24 h", align: "end", width: "w-32", sortable: true, cell: (row) => <Live day={figures.get(row.slug)?.day} /> },
    {
      key: "satisfaction",
      head: "Satisfaction 7 d",
      align: "end",
      width: "w-36",
      hideBelow: "md",
      sortable: true,
      cell: (row) => {
        const found = figures.get(row.slug)?.week?.satisfaction;
        return found ? <Percent share={found.value} low={found.low} high={found.high} samples={found.samples} show="below" className="items-end" /> : <None />;
      },
    },
    { key: "p95", head: "p95 24 h", align: "end", width: "w-24", hideBelow: "lg", cell: (row) => (figures.get(row.slug)?.day ? <Duration ms={figures.get(row.slug)?.day?.latency.p95_ms} /> : <None />) },
    { key: "cost", head: "Cost 24 h", align: "end", width: "w-28", hideBelow: "md", sortable: true, cell: (row) => (figures.get(row.slug)?.day ? <Money nusd={figures.get(row.slug)?.day?.cost_nusd} /> : <None />) },
    { key: "updated", head: "Changed", align: "end", width: "w-28", hideBelow: "lg", sortable: true, cell: (row) => <RelativeTime at={row.updated_at} className="text-muted" /> },
  ];
}

function None() {
  return <span className="text-muted">{NONE}</span>;
}

function Name({ prompt, alert }: { prompt: Prompt; alert?: Alert }) {
  const about = prompt.description || (prompt.name === prompt.slug ? prompt.use_case : prompt.name);
  return (
    <span className="block min-w-0">
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="font-mono text-13 font-medium wrap-anywhere">{prompt.slug}</span>
        {alert ? (
          <span title={spaced(alert.summary)}>
            <Badge tone={alert.severity === "critical" ? "bad" : "warn"} icon={<AlertIcon alert={alert} />}>
              {wordOf(alert)}
            </Badge>
          </span>
        ) : null}
        {/* Where there is no room for its column, and none for a link within the one to the prompt. */}
        <span className="contents sm:hidden">
          {trialsOfListed(prompt.experiments).map((one) => (
            <TrialBadge key={one.id} trial={one} />
          ))}
        </span>
        {prompt.tags.map((one) => (
          <Badge key={one}>{one}</Badge>
        ))}
      </span>
      {about ? <span className="block max-w-[60ch] truncate text-12 text-muted max-sm:hidden">{about}</span> : null}
    </span>
  );
}

function Labels({ prompt }: { prompt: Prompt }) {
  const others = Object.entries(prompt.labels).filter(([label]) => label !== "latest" && label !== "production");
  const live = prompt.labels.production;
  return (
    <span className="flex flex-wrap gap-1">
      {live === undefined ? null : <Badge tone="ok">production v{live}</Badge>}
      {others.map(([label, version]) => (
        <Badge key={label}>
          {label} v{version}
        </Badge>
      ))}
      {live === undefined && others.length === 0 ? <span className="text-muted">not live</span> : null}
      {Object.values(prompt.labels).filter((version) => version === prompt.latest_version).length > 1 ? null : <Badge>latest v{prompt.latest_version}</Badge>}
      <TrialLinks trials={trialsOfListed(prompt.experiments)} />
    </span>
  );
}
