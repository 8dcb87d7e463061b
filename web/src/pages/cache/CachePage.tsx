import { DatabaseZap, Trash2 } from "lucide-react";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import type { Schema } from "@/api/client";
import { useChange, usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, Combobox, ConfirmDialog, EmptyState, Figures, Loaded, Menu, Money, NavTabs, NumberCell, Page, PagedTable, RelativeTime, Section, SimulatedBadge, Table, Toolbar, toast } from "@/kit";
import { bytes, count, money, plural } from "@/lib/format";
import { text, useUrlState } from "@/lib/url-state";
import { PROVIDER_TABS } from "../providers/tabs";
import { CacheSettings } from "./CacheSettings";
import { whoGets } from "./mode";

type Kept = Schema<"CacheAnswer">;
type OfPrompt = Kept["prompts"][number];
type Entry = Schema<"CacheEntry">;
const shape = { prompt: text() };
const AGAIN_MS = 15_000;

const CODE = `curl $URL/v1/executions -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"prompt": "faq", "variables": {"question": "When do you open?"}, "cache": true}'`;

/** Answers that are given again: what they saved, what is kept, and being rid of it. */
export default function CachePage() {
  const [{ prompt }, set] = useUrlState(shape);
  const may = useMay();
  const found = useRead("/v1/cache", {}, { refetchInterval: AGAIN_MS });
  const pages = usePages("/v1/cache/entries", { query: { prompt } });
  const prompts = usePromptChoices(prompt);
  const [clearing, setClearing] = useState<{ prompt: string | null } | null>(null);
  const [isSetting, setSetting] = useState(false);
  const off = { disabled: !may.edit, why: needs("editor") };
  return (
    <Page
      title="Cache of answers"
      subtitle="The same request gets the answer that was given before: no model is asked, and the call is free."
      actions={
        <Button icon={<Trash2 size={14} aria-hidden />} onClick={() => setClearing({ prompt: null })} disabled={!may.edit || found.data?.entries === 0} why={may.edit ? "Nothing is kept." : needs("editor")}>
          Clear all
        </Button>
      }
    >
      <NavTabs label="Providers" tabs={PROVIDER_TABS} />
      <Loaded of={found}>
        {(cache) => (
          <div className="flex min-w-0 flex-col gap-8">
            <div className="flex flex-col gap-2">
              <Figures
                figures={[
                  { label: "Saved", value: money(cache.saved_nusd), note: "by answers that are kept now", badge: cache.simulated ? <SimulatedBadge /> : undefined },
                  { label: "Given again", value: count(cache.hits), note: "times" },
                  { label: "Answers kept", value: count(cache.entries), note: bytes(cache.size_bytes) },
                  { label: "Oldest", value: cache.oldest_at ? <RelativeTime at={cache.oldest_at} /> : "–", note: "of those that are kept" },
                ]}
              />
              <p className="text-13 text-muted">
                {whoGets(cache)}
              </p>
              <div>
                <Button size="s" onClick={() => setSetting(true)} disabled={!may.admin} why={needs("admin")}>
                  Change
                </Button>
              </div>
            </div>
            {cache.prompts.length > 0 ? (
              <Section title="By prompt">
                <Table label="By prompt" columns={byPrompt((one) => setClearing({ prompt: one }), may.edit)} rows={cache.prompts} rowKey={(row) => row.prompt ?? ""} />
              </Section>
            ) : null}
            <Section title="Kept answers">
              <Toolbar>
                <Combobox label="Prompt" value={prompt || null} onChange={(next) => set({ prompt: next ?? "" })} clear="Any prompt" {...prompts} />
                {prompt ? (
                  <Button onClick={() => setClearing({ prompt })} {...off} className="max-w-full">
                    <span className="truncate">Clear {prompt}</span>
                  </Button>
                ) : null}
              </Toolbar>
              <PagedTable
                label="Kept answers"
                columns={ENTRIES}
                pages={pages}
                rowKey={(row) => row.id}
                rowLink={(row) => ({ to: `/runs/${row.execution_id}` })}
                empty={
                  prompt ? (
                    <EmptyState title={`Nothing of ${prompt} is kept`} action={<Button onClick={() => set({ prompt: "" })}>Show all</Button>} />
                  ) : (
                    <EmptyState icon={<DatabaseZap size={18} />} title="No answers are kept" code={CODE}>
                      A call asks for it by cache: true, a version by its settings, and the workspace for all calls.
                    </EmptyState>
                  )
                }
              />
            </Section>
            {isSetting ? <CacheSettings cache={cache} onClose={() => setSetting(false)} /> : null}
            {clearing ? <Clear prompt={clearing.prompt} cache={cache} onClose={() => setClearing(null)} /> : null}
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Clear({ prompt, cache, onClose }: { prompt: string | null; cache: Kept; onClose: () => void }) {
  const purge = useChange("delete", "/v1/cache", { invalidates: ["/v1/cache"] });
  const entries = prompt === null ? cache.entries : cache.prompts.find((one) => one.prompt === prompt)?.entries;
  const send = () =>
    purge.mutate({ query: prompt === null ? {} : { prompt } } as never, {
      onSuccess: (told) => {
        onClose();
        toast(`${plural(told.entries, "answer")} removed; the next calls ask the model`);
      },
    });
  return (
    <ConfirmDialog open onOpenChange={(open) => (open ? undefined : onClose())} title={prompt === null ? "Clear the whole cache?" : `Clear what is kept of ${prompt}?`} submit="Clear" onSubmit={send} busy={purge.isPending} error={purge.error}>
      {entries === undefined ? "What is kept of it is" : `${plural(entries, "answer")} ${entries === 1 ? "is" : "are"}`} removed at once, everywhere. The next calls ask the model and cost what it costs. Runs stay as they are.
    </ConfirmDialog>
  );
}

function byPrompt(clear: (prompt: string) => void, may: boolean): Column<OfPrompt>[] {
  return [
    { key: "prompt", head: "Prompt", cell: (row) => (row.prompt ? <span className="font-mono text-13 wrap-anywhere">{row.prompt}</span> : <span className="text-muted">messages</span>) },
    { key: "hits", head: "Given again", align: "end", width: "w-28", cell: (row) => <NumberCell value={row.hits} /> },
    { key: "saved", head: "Saved", align: "end", width: "w-24", cell: (row) => <Money nusd={row.saved_nusd} /> },
    { key: "entries", head: "Kept", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => <NumberCell value={row.entries} /> },
    { key: "size", head: "Size", align: "end", width: "w-24", hideBelow: "md", cell: (row) => bytes(row.size_bytes) },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-12",
      cell: (row) => (row.prompt && may ? <Menu label={`What to do with what is kept of ${row.prompt}`} items={[{ label: "Clear", danger: true, onSelect: () => clear(row.prompt ?? "") }]} /> : null),
    },
  ];
}

const ENTRIES: Column<Entry>[] = [
  {
    key: "what",
    head: "Answer of",
    cell: (row) => (
      <span className="flex flex-wrap items-center gap-x-2 py-1">
        {row.prompt ? <span className="font-mono text-13 wrap-anywhere">{row.prompt}</span> : <span className="text-muted">messages</span>}
        {row.version === null ? null : <Badge>v{row.version}</Badge>}
      </span>
    ),
  },
  { key: "model", head: "Model", width: "w-44", hideBelow: "lg", cell: (row) => <span className="block max-w-56 truncate text-muted">{row.model}</span> },
  { key: "hits", head: "Given again", align: "end", width: "w-28", cell: (row) => <NumberCell value={row.hits} /> },
  { key: "saved", head: "Saved", align: "end", width: "w-24", cell: (row) => <Money nusd={row.saved_nusd} /> },
  { key: "made", head: "Made", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <RelativeTime at={row.made_at} className="text-muted" /> },
  { key: "until", head: "Kept until", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.expires_at} className="text-muted" /> },
];
