import { Link } from "@tanstack/react-router";
import { LayoutTemplate, Plus } from "lucide-react";
import { usePages } from "@/api/hooks";
import { useMay } from "@/api/session";
import { Badge, Button, Cards, Combobox, EmptyState, ErrorState, NavTabs, Page, SearchInput, Select, Skeleton, Toolbar } from "@/kit";
import { plural } from "@/lib/format";
import { flag, maybeOneOf, over, text, useUrlState } from "@/lib/url-state";
import { whyNot } from "../prompts/why";
import { PublishPrompt } from "./PublishPrompt";
import { ORIGINS, type Template } from "./model";
import { TABS } from "./tabs";

const shape = { q: text(), category: text(), origin: maybeOneOf(["shipped", "workspace", "shared"]), new: over(flag()) };

/** Prompts to begin with: those that ship, one's own and those that others share. */
export default function TemplatesPage() {
  const [{ q, category, origin, new: making }, set] = useUrlState(shape);
  const pages = usePages("/v1/templates", { query: { q, category, origin, limit: 100 } });
  const categories = [...new Set([category, ...pages.rows.flatMap((row) => row.categories)])].filter(Boolean).sort();
  const may = useMay();
  const make = (
    <Button icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.editPrompts} why={whyNot(may)}>
      Make a template
    </Button>
  );
  return (
    <Page title="Templates" subtitle="Prompts to begin with. Using one makes a prompt of your own." actions={make}>
      <NavTabs label="Library" tabs={TABS} />
      <Toolbar>
        <SearchInput label="Search templates" placeholder="What should it do?" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
        <Combobox label="Category" value={category || null} clear="Any category" choices={categories.map((one) => ({ value: one, label: one }))} onChange={(next) => set({ category: next ?? "" })} />
        <Select compact aria-label="Where from" empty="From anywhere" value={origin} onChange={(next) => set({ origin: next || null })} options={Object.entries(ORIGINS).map(([value, label]) => ({ value: value as keyof typeof ORIGINS, label }))} />
      </Toolbar>
      {pages.isPending ? (
        <div role="status" aria-label="Loading" className="grid gap-4 md:grid-cols-2 lg:grid-cols-3">
          {Array.from({ length: 6 }, (_, index) => (
            <Skeleton key={index} className="h-36 rounded-l!" />
          ))}
        </div>
      ) : pages.error && pages.rows.length === 0 ? (
        <ErrorState error={pages.error} onRetry={pages.retry} />
      ) : pages.rows.length === 0 ? (
        <EmptyState icon={<LayoutTemplate size={18} />} title={origin === "workspace" ? "You have made no template" : "Nothing matches"} action={<Button onClick={() => set({ q: "", category: "", origin: null })}>Show all</Button>} code={origin === "workspace" ? MAKE : undefined} />
      ) : (
        <>
          <Cards label="Templates" isStale={pages.isStale}>
            {pages.rows.map((row) => (
              <Card key={row.id} template={row} />
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
      )}
      {making && may.editPrompts ? <PublishPrompt asTemplate onClose={() => set({ new: false })} /> : null}
    </Page>
  );
}

const MAKE = `curl $URL/v1/templates -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"prompt": "router", "description": "Sends tickets to the right team"}'`;

function Card({ template }: { template: Template }) {
  return (
    <li className="relative flex min-w-0 flex-col gap-3 rounded-l border border-line bg-panel p-4 focus-within:border-line-strong hover:border-line-strong">
      <h2 className="text-14 font-semibold wrap-anywhere">
        <Link to={`/library/templates/${template.id}`} className="outline-none after:absolute after:inset-0 after:rounded-l focus-visible:after:outline-2 focus-visible:after:outline-accent">
          {template.name}
        </Link>
      </h2>
      <p className="line-clamp-3 min-h-10 text-13">{template.description || template.use_case || <span className="text-muted">Nothing is said of it.</span>}</p>
      <p className="mt-auto flex flex-wrap items-center gap-1">
        {template.origin === "shipped" ? null : <Badge tone="accent">{ORIGINS[template.origin]}</Badge>}
        {[...new Set([...template.categories, ...template.tags])].map((one) => (
          <Badge key={one}>{one}</Badge>
        ))}
        {template.uses > 0 ? <span className="numeric ml-auto text-12 text-muted">used {plural(template.uses, "time")}</span> : null}
      </p>
    </li>
  );
}
