import { Plus } from "lucide-react";
import { useState } from "react";
import { type Model, useModels } from "@/api/models";
import { needs, useMay } from "@/api/session";
import { Badge, Breaking, Button, type Column, ErrorState, Money, SearchInput, Section, SimulatedBadge, Table } from "@/kit";
import { compact } from "@/lib/format";
import { NewModel } from "./NewModel";
import { matching } from "./matching";

/** What can be called, and at what price. */
export function Models() {
  const { models, error } = useModels();
  const may = useMay();
  const [typed, setTyped] = useState("");
  const [adding, setAdding] = useState(false);
  if (error && models.length === 0) return <ErrorState error={error} />;
  const shown = matching(models, typed);
  return (
    <Section
      title="Models"
      description="Prices are for a million tokens. One without a price cannot be used: what it costs must be known before it is asked."
      actions={
        <>
          {models.length > 8 ? <SearchInput label="Search models" value={typed} onChange={setTyped} className="w-full sm:w-60" /> : null}
          <Button icon={<Plus size={14} aria-hidden />} onClick={() => setAdding(true)} disabled={!may.edit} why={needs("editor")}>
            Add a model
          </Button>
        </>
      }
    >
      <Table label="Models" columns={COLUMNS} rows={shown} rowKey={(row) => row.id} />
      {shown.length === 0 && models.length > 0 ? <p className="text-13 text-muted">No model has these letters in its name.</p> : null}
      {adding ? <NewModel onOpenChange={setAdding} /> : null}
    </Section>
  );
}

const COLUMNS: Column<Model>[] = [
  {
    key: "model",
    head: "Model",
    cell: (row) => (
      <span className="flex flex-wrap items-center gap-2">
        <Breaking text={row.id} className="font-mono text-13" />
        {row.simulated ? <SimulatedBadge /> : null}
      </span>
    ),
  },
  { key: "provider", head: "Provider", hideBelow: "sm", cell: (row) => row.provider },
  { key: "can", head: "Can", hideBelow: "md", cell: (row) => <span className="flex flex-wrap gap-1">{(row.capabilities ?? []).map((one) => <Badge key={one}>{one}</Badge>)}</span> },
  { key: "context", head: "Context", align: "end", hideBelow: "md", width: "w-24", cell: (row) => compact(row.context_tokens) },
  { key: "input", head: "Input", align: "end", width: "w-24", cell: (row) => <Money nusd={row.input_price_nusd_per_million} /> },
  { key: "output", head: "Output", align: "end", width: "w-24", cell: (row) => <Money nusd={row.output_price_nusd_per_million} /> },
];
