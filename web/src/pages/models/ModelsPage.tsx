import { BookOpen, Boxes, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Breaking, Button, Checkbox, type Column, Drawer, EmptyState, Loaded, Money, NavTabs, Page, RelativeTime, SearchInput, Select, SimulatedBadge, SimulatedMark, Table, TextLink, Toolbar } from "@/kit";
import { compact } from "@/lib/format";
import { flag, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { PROVIDER_TABS } from "../providers/tabs";
import { KnownModels } from "./KnownModels";
import { ModelDetails } from "./ModelDetails";
import { NewModel } from "./NewModel";
import { matching } from "./matching";
import { type WholeModel, standing } from "./model";

const shape = { q: text(), provider: text(), retired: flag(), model: over(text()), new: over(flag()), known: flag() };

/** What can be called, at what price, and what is said of it. */
export default function ModelsPage() {
  const [{ q, provider, retired, model, new: isNew, known }, set] = useUrlState(shape);
  const may = useMay();
  const [latest, setLatest] = useState(model);
  if (model && model !== latest) setLatest(model);
  const found = useRead("/v1/models", retired ? { query: { retired } } : {}, { staleTime: 60_000 });
  const models = (found.data as { data?: WholeModel[] } | undefined)?.data ?? [];
  const providers = [...new Set(models.map((one) => one.provider))].sort();
  const shown = matching(models, q).filter((one) => !provider || one.provider === provider) as WholeModel[];
  useCommands(
    useMemo(
      () =>
        may.edit
          ? [
              { id: "new-model", label: "Add a model", run: () => set({ new: true }) },
              { id: "known-models", label: "Add a known model", run: () => set({ known: true }) },
            ]
          : [],
      [may.edit, set],
    ),
  );
  return (
    <Page
      title="Models"
      subtitle="What can be called, and at what price: dollars for a million tokens. One without a price cannot be used."
      actions={
        <>
          <Button icon={<BookOpen size={14} aria-hidden />} onClick={() => set({ known: true })} disabled={!may.edit} why={needs("editor")}>
            Known models
          </Button>
          <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.edit} why={needs("editor")}>
            Add a model
          </Button>
        </>
      }
    >
      <NavTabs label="Providers" tabs={PROVIDER_TABS} />
      <Toolbar>
        <SearchInput label="Search models" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-60" />
        <Select compact aria-label="Provider" empty="Any provider" value={provider || null} onChange={(next: string) => set({ provider: next })} options={providers.map((one) => ({ value: one, label: one }))} />
        <Checkbox label="Retired ones too" checked={retired} onChange={(event) => set({ retired: event.target.checked })} />
        <span className="flex min-h-8 items-center sm:ml-auto">{shown.some((one) => one.simulated) ? <SimulatedBadge /> : null}</span>
      </Toolbar>
      <Loaded of={found}>
        {() =>
          shown.length > 0 ? (
            <Table label="Models" columns={COLUMNS} rows={shown} rowKey={(row) => row.id} onOpen={(row) => set({ model: row.id }, { push: true })} selected={model || null} isStale={found.isPlaceholderData} />
          ) : q || provider ? (
            <EmptyState title="No model has these letters in its name" action={<Button onClick={() => set({ q: "", provider: "" })}>Show all</Button>} />
          ) : (
            <EmptyState icon={<Boxes size={18} />} title="No model can be called">
              Add one, or a <TextLink to="/providers">provider’s key</TextLink>.
            </EmptyState>
          )
        }
      </Loaded>
      <Drawer open={model !== ""} onOpenChange={(open) => (open ? undefined : set({ model: "" }))} title={<Breaking text={latest} className="font-mono" />} description="What is said of it, and what it cost when.">
        {latest ? <ModelDetails key={latest} id={latest} onRemoved={() => set({ model: "" })} /> : null}
      </Drawer>
      {isNew && may.edit ? <NewModel onOpenChange={(open) => (open ? undefined : set({ new: false }))} /> : null}
      {known && may.edit ? <KnownModels onClose={() => set({ known: false })} /> : null}
    </Page>
  );
}

const COLUMNS: Column<WholeModel>[] = [
  {
    key: "model",
    head: "Model",
    cell: (row) => {
      const stands = standing(row);
      return (
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1 py-1">
          <Breaking text={row.id} className="font-mono text-13" />
          {stands ? <Badge tone={stands.tone}>{stands.word}</Badge> : null}
          {row.scope === "workspace" ? <Badge>yours</Badge> : null}
          {row.simulated ? <SimulatedMark /> : null}
        </span>
      );
    },
  },
  { key: "provider", head: "Provider", width: "w-32", hideBelow: "sm", cell: (row) => row.provider },
  {
    key: "can",
    head: "Can",
    hideBelow: "lg",
    cell: (row) => (
      <span className="flex flex-wrap gap-1">
        {(row.capabilities ?? []).map((one) => (
          <Badge key={one}>{one}</Badge>
        ))}
      </span>
    ),
  },
  { key: "context", head: "Context", align: "end", hideBelow: "md", width: "w-24", cell: (row) => compact(row.context_tokens) },
  { key: "tested", head: "Last tested", hideBelow: "md", width: "w-28", cell: (row) => (row.last_tested_at ? <RelativeTime at={row.last_tested_at} /> : <span className="text-muted">never</span>) },
  { key: "input", head: "Input", align: "end", width: "w-24", cell: (row) => <Money nusd={row.input_price_nusd_per_million} /> },
  { key: "output", head: "Output", align: "end", width: "w-24", cell: (row) => <Money nusd={row.output_price_nusd_per_million} /> },
];
