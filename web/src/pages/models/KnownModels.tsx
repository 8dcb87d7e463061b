import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, usePages, useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { useMay } from "@/api/session";
import { After, Badge, Breaking, Button, type Column, ConfirmDialog, Dialog, FormError, Money, Notice, PagedTable, SearchInput, Select, toast } from "@/kit";
import { compact, day, plural } from "@/lib/format";
import { useAdded } from "./added";

type Known = Schema<"KnownModel">;

/** Models whose limits and prices ship: added by a press, for this workspace or, by the operator, for every one. */
export function KnownModels({ onClose }: { onClose: () => void }) {
  const may = useMay();
  const [search, setSearch] = useState("");
  const [provider, setProvider] = useState("");
  const { models } = useModels();
  // Of what is known in all: whose models, how many, and of which day.
  const { data: about } = useRead("/v1/known-models", { query: { limit: 1 } }, { staleTime: Infinity });
  const pages = usePages("/v1/known-models", { query: { search, provider: provider || null } }, { staleTime: Infinity });
  const add = useChange("post", "/v1/models", { invalidates: ["/v1/models"] });
  const offer = useChange("post", "/v1/platform-models/known", { invalidates: ["/v1/models"] });
  const told = useAdded();
  const [adding, setAdding] = useState<string | null>(null);
  const [isOffering, setOffering] = useState(false);
  const there = new Set(models.map((one) => one.id));
  const providers = Object.keys(about?.providers ?? {});
  const ofProvider = plural(about?.providers[provider] ?? 0, "known model");
  const take = (one: Known) => {
    setAdding(one.model);
    add.mutate({ body: { model: one.model, provider: one.provider } as never }, { onSuccess: () => told(one.model, one.provider), onSettled: () => setAdding(null) });
  };
  const offerAll = () =>
    offer.mutate(
      { body: { provider } as never },
      {
        onSuccess: (answer) => {
          setOffering(false);
          toast(`${plural(((answer as { added?: unknown[] }).added ?? []).length, "model")} of ${provider} added for every workspace`);
        },
      },
    );
  const columns: Column<Known>[] = [
    {
      key: "model",
      head: "Model",
      cell: (row) => (
        <span className="block py-1">
          <Breaking text={row.model} className="font-mono text-13" />
          <span className="block text-12 text-muted">
            {row.provider} · {compact(row.context_tokens)} tokens{row.sunset_on ? ` · ends ${day(row.sunset_on)}` : ""}
          </span>
        </span>
      ),
    },
    { key: "input", head: "Input", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => <Money nusd={row.input_price_nusd_per_million} /> },
    { key: "output", head: "Output", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => <Money nusd={row.output_price_nusd_per_million} /> },
    {
      key: "act",
      head: <span className="sr-only">Add</span>,
      align: "end",
      width: "w-20",
      cell: (row) =>
        there.has(row.model) ? (
          <Badge tone="ok">there</Badge>
        ) : (
          <Button size="s" busy={adding === row.model} onClick={() => take(row)} aria-label={`Add ${row.model}`}>
            Add
          </Button>
        ),
    },
  ];
  return (
    <Dialog wide open onOpenChange={(open) => (open ? undefined : onClose())} title="Known models" description="Their limits and prices ship with Burnish." footer={<Button onClick={onClose}>Close</Button>}>
      <div className="flex min-h-96 min-w-0 flex-col gap-3">
        <div className="flex flex-wrap gap-2">
          <SearchInput label="Search known models" most={100} value={search} onChange={setSearch} className="w-full sm:w-60" />
          <Select compact aria-label="Provider" empty="Any provider" value={provider || null} onChange={(next: string) => setProvider(next)} options={providers.map((one) => ({ value: one, label: one }))} />
          {may.operator && provider ? (
            <Button onClick={() => setOffering(true)}>Offer all of {provider} to every workspace…</Button>
          ) : null}
        </div>
        <FormError error={add.error} />
        <PagedTable label="Known models" columns={columns} pages={pages} rowKey={(row) => row.model} empty={<p className="text-13 text-muted">None is called like that. “Add a model” describes one that we do not know.</p>} />
        {about ? (
          <After>
            <Notice>
              As of {day(about.as_of)}, by {about.source}. Providers change prices without asking: look at theirs before money depends on them.
            </Notice>
          </After>
        ) : null}
      </div>
      <ConfirmDialog
        open={isOffering}
        onOpenChange={(open) => !open && (offer.reset(), setOffering(false))}
        title={`Offer ${ofProvider} of ${provider} to every workspace?`}
        submit="Offer them"
        danger={false}
        busy={offer.isPending}
        error={offer.error}
        onSubmit={offerAll}
      >
        Every workspace of this installation can then call them, at the prices that ship. Those that are described already stay as they are.
      </ConfirmDialog>
    </Dialog>
  );
}
