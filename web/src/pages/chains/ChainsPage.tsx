import { Archive, Plus, Workflow } from "lucide-react";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, EmptyState, NavTabs, Page, PagedTable, RelativeTime, SearchInput, Toolbar } from "@/kit";
import type { Schema } from "@/api/client";
import { flag, over, text, useUrlState } from "@/lib/url-state";
import { NewChain } from "./NewChain";

type Item = Schema<"ChainItem">;
const shape = { q: text(), new: over(flag()), archived: flag() };
const TABS = [
  { to: "/prompts", label: "Prompts", exact: true },
  { to: "/chains", label: "Chains" },
  { to: "/approvals", label: "Approvals" },
] as const;

const CREATE = `curl $URL/v1/chains -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"slug": "support-reply", "parameters": {"ticket": {"type": "string"}},
       "steps": [{"id": "triage", "prompt": "ticket-triage", "variables": {"text": "variables.ticket"}}]}'`;

const COLUMNS: Column<Item>[] = [
  {
    key: "name",
    head: "Chain",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="block font-mono text-13 font-medium wrap-anywhere">{row.slug}</span>
        {row.description || row.name !== row.slug ? <span className="block truncate text-12 text-muted">{row.description || row.name}</span> : null}
      </span>
    ),
  },
  { key: "live", head: "Live", width: "w-40", cell: (row) => (row.labels["production"] === undefined ? <Badge tone="warn">not in production</Badge> : <Badge tone="ok">{`production v${row.labels["production"]}`}</Badge>) },
  { key: "latest", head: "Latest", width: "w-24", align: "end", hideBelow: "sm", cell: (row) => `v${row.latest_version}` },
  { key: "at", head: "Changed", width: "w-32", hideBelow: "md", cell: (row) => <RelativeTime at={row.updated_at} /> },
];

/** Prompts that run one after another, or at once. */
export default function ChainsPage() {
  const [{ q, new: creating, archived }, set] = useUrlState(shape);
  const may = useMay();
  const pages = usePages("/v1/chains", { query: { q: q || undefined, archived: archived || undefined } });
  const button = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.editPrompts} why={needs("editor")}>
      New chain
    </Button>
  );
  return (
    <Page title="Chains" subtitle="Several prompts as one call: what one answers becomes a variable of the next." actions={button}>
      <NavTabs label="Prompts" tabs={TABS} />
      <Toolbar>
        <SearchInput label="Search chains" placeholder="Words of name, tags, steps or prompts" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
        <Button aria-pressed={archived} icon={<Archive size={14} aria-hidden />} onClick={() => set({ archived: !archived })} className={archived ? "border-accent! bg-accent-soft!" : undefined}>
          Archived
        </Button>
      </Toolbar>
      <PagedTable
        label="Chains"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/chains/${row.slug}` })}
        empty={
          q ? <EmptyState title="No chain matches" action={<Button onClick={() => set({ q: "", archived: false })}>Show all</Button>}>{`Nothing ${archived ? "archived " : ""}has the words “${q}”.`}</EmptyState> :
          archived ? <EmptyState title="Nothing is archived" action={<Button onClick={() => set({ archived: false })}>Show all</Button>} /> :
          <EmptyState icon={<Workflow size={18} />} title="No chains yet" action={button} code={CREATE}>
            A chain has steps, each a prompt; conditions choose the way, and a fallback stands in for what fails.
          </EmptyState>
        }
      />
      {creating && may.editPrompts ? <NewChain onClose={() => set({ new: false })} /> : null}
    </Page>
  );
}
