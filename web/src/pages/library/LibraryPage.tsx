import { Link } from "@tanstack/react-router";
import { LibraryBig, Plus } from "lucide-react";
import { useMemo } from "react";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, Cards, Combobox, Duration, EmptyState, ErrorState, Money, NavTabs, Page, Percent, SearchInput, Select, SimulatedBadge, Skeleton, Toolbar } from "@/kit";
import { compact, plural } from "@/lib/format";
import { flag, maybeOneOf, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { PublishPrompt } from "./PublishPrompt";
import { type Item, VISIBILITIES } from "./model";
import { TABS } from "./tabs";

const SORTS = ["relevance", "newest", "clones", "satisfaction"] as const;
const ORDERS = [
  { value: "newest", label: "Newest" },
  { value: "clones", label: "Most cloned" },
  { value: "satisfaction", label: "Best liked" },
] as const;
const shape = { q: text(), category: text(), tag: text(), visibility: maybeOneOf(["organization", "public"]), mine: flag(), sort: maybeOneOf(SORTS), publish: over(flag()) };

const PUBLISH = `curl $URL/v1/marketplace -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"prompt": "router", "visibility": "organization", "description": "Sends tickets to the right team"}'`;

export default function LibraryPage() {
  const [{ q, category, tag, visibility, mine, sort, publish }, set] = useUrlState(shape);
  const may = useMay();
  const by = sort === "relevance" && !q ? null : sort;
  const pages = usePages("/v1/marketplace", { query: { q, category, tag, visibility, mine: mine || undefined, sort: by } });
  useCommands(useMemo(() => (may.editPrompts ? [{ id: "publish-prompt", label: "Publish a prompt", run: () => set({ publish: true }) }] : []), [may.editPrompts, set]));
  const isFiltered = Boolean(q || category || tag || visibility || mine);
  const categories = [...new Set([category, ...pages.rows.flatMap((row) => row.categories)])].filter(Boolean).sort();
  const button = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ publish: true })} disabled={!may.editPrompts} why={needs("editor")}>
      Publish a prompt
    </Button>
  );
  return (
    <Page title="Library" subtitle="Published prompts to clone, with what their publisher's traffic says of them." actions={button}>
      <NavTabs label="Library" tabs={TABS} />
      <Toolbar>
        <SearchInput label="Search the library" placeholder='Words, "phrases", -without' value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
        <Combobox label="Category" value={category || null} clear="Any category" choices={categories.map((one) => ({ value: one, label: one }))} onChange={(next) => set({ category: next ?? "" })} />
        {tag ? <Button onClick={() => set({ tag: "" })}>Tag {tag}: show all</Button> : null}
        <Select compact aria-label="Shown to" empty="Shown to anybody" value={visibility} onChange={(next) => set({ visibility: next || null })} options={Object.entries(VISIBILITIES).map(([value, label]) => ({ value: value as keyof typeof VISIBILITIES, label }))} />
        <Button aria-pressed={mine} onClick={() => set({ mine: !mine })} className={mine ? "border-accent! bg-accent-soft!" : undefined}>
          Ours
        </Button>
        <span className="sm:ml-auto">
          <Select compact aria-label="Order" value={by ?? (q ? "relevance" : "newest")} onChange={(next) => set({ sort: next })} options={q ? [{ value: "relevance", label: "Best match" }, ...ORDERS] : [...ORDERS]} />
        </span>
      </Toolbar>
      {pages.isPending ? (
        <Loading />
      ) : pages.error && pages.rows.length === 0 ? (
        <ErrorState error={pages.error} onRetry={pages.retry} />
      ) : pages.rows.length > 0 ? (
        <>
          <Cards label="Entries" isStale={pages.isStale}>
            {pages.rows.map((row) => (
              <Card key={row.id} entry={row} />
            ))}
          </Cards>
          {pages.hasMore ? (
            <div className="flex justify-center">
              <Button size="s" onClick={pages.loadMore} busy={pages.isLoadingMore}>
                Load more
              </Button>
            </div>
          ) : null}
        </>
      ) : isFiltered ? (
        <EmptyState title={mine && !q && !category ? "You have published nothing" : "Nothing matches"} action={<Button onClick={() => set({ q: "", category: "", tag: "", visibility: null, mine: false })}>Show all</Button>} />
      ) : (
        <EmptyState icon={<LibraryBig size={18} />} title="The library is empty" action={button} code={PUBLISH}>
          Whatever a workspace publishes stands here: a copy of one version, for others to clone.
        </EmptyState>
      )}
      {publish && may.editPrompts ? <PublishPrompt onClose={() => set({ publish: false })} /> : null}
    </Page>
  );
}

function Card({ entry }: { entry: Item }) {
  const { figures } = entry;
  const liked = figures.satisfaction;
  return (
    <li className="relative flex min-w-0 flex-col gap-3 rounded-l border border-line bg-panel p-4 focus-within:border-line-strong hover:border-line-strong">
      <div className="min-w-0">
        <h2 className="text-14 font-semibold wrap-anywhere">
          <Link to={`/library/${entry.id}`} className="outline-none after:absolute after:inset-0 after:rounded-l focus-visible:after:outline-2 focus-visible:after:outline-accent">
            {entry.name}
          </Link>
        </h2>
        <p className="mt-0.5 flex flex-wrap items-center gap-x-1.5 text-12 text-muted">
          <span className="wrap-anywhere">{entry.publisher}</span>·<span className="font-mono wrap-anywhere">{entry.model}</span>
        </p>
      </div>
      <p className="line-clamp-3 min-h-10 text-13">{entry.description || entry.use_case || <span className="text-muted">Nothing is said of it.</span>}</p>
      <p className="flex flex-wrap gap-1">
        {entry.is_own ? <Badge tone="accent">ours</Badge> : null}
        {entry.visibility === "public" ? <Badge>public</Badge> : null}
        {[...new Set([...entry.categories, ...entry.tags])].map((one) => (
          <Badge key={one}>{one}</Badge>
        ))}
      </p>
      <div className="mt-auto border-t border-line pt-3">
        <dl className="flex justify-between gap-x-3 text-13">
          <Small name="Liked">{liked ? <Percent share={liked.value} low={liked.low} high={liked.high} samples={liked.samples} /> : "–"}</Small>
          <Small name="p50">
            <Duration ms={figures.p50_ms} />
          </Small>
          <Small name="A call">
            <Money nusd={figures.mean_cost_nusd} />
          </Small>
          <Small name="Clones">{compact(entry.clones)}</Small>
        </dl>
        <p className="mt-2 flex h-5 items-center gap-2 text-12 text-muted">
          {figures.executions > 0 ? `of ${plural(figures.executions, "run")} of its publisher` : "not run yet"}
          {figures.simulated ? (
            <span className="relative">
              <SimulatedBadge />
            </span>
          ) : null}
        </p>
      </div>
    </li>
  );
}

function Small({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-12 text-muted">{name}</dt>
      <dd className="numeric font-medium wrap-break-word">{children}</dd>
    </div>
  );
}

function Loading() {
  return (
    <div role="status" aria-label="Loading" className="grid gap-4 md:grid-cols-2 lg:grid-cols-3">
      {Array.from({ length: 6 }, (_, index) => (
        <Skeleton key={index} className="h-52 rounded-l!" />
      ))}
    </div>
  );
}
