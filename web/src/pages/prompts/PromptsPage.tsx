import { FileText, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import type { Schema } from "@/api/client";
import { usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, EmptyState, Money, NumberCell, Page, PagedTable, Percent, RelativeTime, SearchInput, Select, Toolbar } from "@/kit";
import { text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { NewPrompt } from "./NewPrompt";
import { type PromptFigures, figuresByPrompt } from "./figures";

type Prompt = Schema<"PromptItem">;

// Outside of the component: the shape of the address never changes.
const shape = { q: text(), label: text(), tag: text() };

export default function PromptsPage() {
  const [{ q, label, tag }, set] = useUrlState(shape);
  const [creating, setCreating] = useState(false);
  const may = useMay();
  const pages = usePages("/v1/prompts", { query: { q, label, tag } });
  const figures = usePromptFigures();

  const create = useMemo(() => [{ id: "new-prompt", label: "New prompt", keys: "n", run: () => setCreating(true) }], []);
  useCommands(create);
  useHotkey("n", () => setCreating(true), may.editPrompts);

  const columns = useMemo(() => columnsWith(figures), [figures]);
  const filtered = Boolean(q || label || tag);
  const newButton = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setCreating(true)} disabled={!may.editPrompts} why={needs("editor")}>
      New prompt
    </Button>
  );

  return (
    <Page title="Prompts" subtitle="Each with its versions, and labels that say which one is live." actions={newButton}>
      <Toolbar>
        <SearchInput label="Search prompts" placeholder="Search name or description" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
        <Select
          compact
          aria-label="Label"
          empty="Any label"
          value={label}
          onChange={(next) => set({ label: next })}
          options={["production", "staging"].map((one) => ({ value: one, label: one }))}
        />
        {tag ? (
          <Button size="s" onClick={() => set({ tag: "" })}>
            Tag {tag} ×
          </Button>
        ) : null}
      </Toolbar>
      <PagedTable
        label="Prompts"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/prompts/${row.slug}` })}
        empty={
          filtered ? (
            <EmptyState title="No prompt matches" action={<Button onClick={() => set({ q: "", label: "", tag: "" })}>Show all</Button>}>
              Nothing has these words, this label and this tag.
            </EmptyState>
          ) : (
            <EmptyState icon={<FileText size={18} />} title="No prompts yet" action={newButton} code={CREATE}>
              A prompt has a name that your application calls, and versions that you can change without deploying it.
            </EmptyState>
          )
        }
      />
      <NewPrompt open={creating} onOpenChange={setCreating} />
    </Page>
  );
}

const CREATE = `curl $URL/v1/prompts -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"slug": "support-triage", "template": "Which queue does this ticket belong to?\\n\\n{{ticket}}", "model": "simulated/chat"}'`;

const DAY_MS = 86_400_000;

/** Executions, cost and satisfaction of all prompts at once: one answer each, not one for each row. */
function usePromptFigures(): ReadonlyMap<string, PromptFigures> {
  // By whole hours, so that the key of the answer stays the same for a while.
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const costs = useRead("/v1/analytics/costs", { query: { group_by: "prompt", from: new Date(hour - DAY_MS).toISOString() } }, { staleTime: 30_000 });
  const series = useRead("/v1/analytics/timeseries", { query: { group_by: "prompt", grain: "day", traffic: "live", from: new Date(hour - 7 * DAY_MS).toISOString() } }, { staleTime: 30_000 });
  return useMemo(() => figuresByPrompt(costs.data?.data ?? [], series.data?.data ?? []), [costs.data, series.data]);
}

function columnsWith(figures: ReadonlyMap<string, PromptFigures>): Column<Prompt>[] {
  return [
    {
      key: "name",
      head: "Prompt",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="block font-mono text-13 font-medium wrap-anywhere">{row.slug}</span>
          <span className="block truncate text-12 text-muted max-sm:hidden">{row.description || (row.name === row.slug ? row.use_case : row.name)}</span>
        </span>
      ),
    },
    { key: "live", head: "Live", width: "w-44", cell: (row) => <Labels prompt={row} /> },
    { key: "runs", head: "Runs 24 h", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <NumberCell value={figures.get(row.slug)?.executions ?? 0} /> },
    {
      key: "satisfaction",
      head: "Satisfaction 7 d",
      align: "end",
      width: "w-36",
      hideBelow: "md",
      cell: (row) => {
        const found = figures.get(row.slug);
        return <Percent share={found?.satisfaction} samples={found?.samples} />;
      },
    },
    { key: "cost", head: "Cost 24 h", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <Money nusd={figures.get(row.slug)?.costNusd ?? 0} /> },
    { key: "changed", head: "Changed", align: "end", width: "w-28", hideBelow: "lg", cell: (row) => <RelativeTime at={row.updated_at} className="text-muted" /> },
  ];
}

function Labels({ prompt }: { prompt: Prompt }) {
  const live = prompt.labels.production;
  return (
    <span className="flex flex-wrap gap-1">
      {live === undefined ? null : <Badge tone="ok">production v{live}</Badge>}
      {live === prompt.latest_version ? null : <Badge>latest v{prompt.latest_version}</Badge>}
    </span>
  );
}
