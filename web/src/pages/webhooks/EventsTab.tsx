import { useRead } from "@/api/hooks";
import { Badge, Breaking, CodeBlock, type Column, Drawer, EmptyState, Facts, JsonView, Loaded, SearchInput, Table, Toolbar, Button } from "@/kit";
import { over, text, useUrlState } from "@/lib/url-state";
import { type Kind, groupNameOf } from "./events";

const shape = { q: text(), event: over(text()) };

/** The catalogue: what there is to be told. */
export function EventsTab() {
  const [{ q, event }, set] = useUrlState(shape);
  const found = useRead("/v1/webhooks/events", undefined, { staleTime: Number.POSITIVE_INFINITY });
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return (
    <div className="flex flex-col gap-4">
      <Toolbar>
        <SearchInput label="Search events" placeholder="Search events" value={q} onChange={(next) => set({ q: next })} className="w-full sm:w-72" />
      </Toolbar>
      <Loaded of={found}>
        {({ data }) => {
          const rows = data.filter((one) => words.every((word) => `${one.type} ${one.description}`.toLowerCase().includes(word)));
          return rows.length === 0 ? (
            <EmptyState title="No event matches" action={<Button onClick={() => set({ q: "" })}>Show all</Button>} />
          ) : (
            <Table label="Events" columns={COLUMNS} rows={rows} rowKey={(row) => row.type} onOpen={(row) => set({ event: row.type }, { push: true })} selected={event || null} />
          );
        }}
      </Loaded>
      <Drawer open={event !== ""} onOpenChange={(open) => !open && set({ event: "" })} title={<span className="font-mono">{event}</span>} description={found.data?.data.find((one) => one.type === event)?.description}>
        {event ? <Detail type={event} /> : null}
      </Drawer>
    </div>
  );
}

const COLUMNS: Column<Kind>[] = [
  { key: "type", head: "Event", width: "sm:w-64", cell: (row) => <Breaking text={row.type} className="font-mono text-13 font-medium" /> },
  { key: "about", head: "When", cell: (row) => <span className="text-muted">{row.description}</span> },
  { key: "filters", head: "Can be filtered by", hideBelow: "md", width: "w-48", cell: (row) => <span className="text-muted">{row.filters.map((one) => (one === "prompts" ? "prompt" : "label")).join(", ") || "–"}</span> },
  { key: "how", head: "Subscribed by", hideBelow: "sm", width: "w-44", cell: (row) => <How kind={row} /> },
];

function How({ kind }: { kind: Kind }) {
  if (!kind.subscribable) return <span className="text-muted">sent when asked for</span>;
  if (kind.by_name_alone) return <Badge>its name alone</Badge>;
  return <span className="font-mono text-12 text-muted">{groupNameOf(kind.type)}.*</span>;
}

function Detail({ type }: { type: string }) {
  const found = useRead("/v1/webhooks/events/{event_type}", { path: { event_type: type } }, { staleTime: Number.POSITIVE_INFINITY });
  return (
    <Loaded of={found}>
      {(kind) => (
        <div className="flex flex-col gap-5">
          <Facts
            facts={[
              ["object_id is", kind.object],
              ["Can be filtered by", kind.filters.map((one) => (one === "prompts" ? "prompt" : "label")).join(", ") || "nothing"],
              kind.by_name_alone && ["Subscribed by", "its name alone: there are so many"],
              ["Schema's version", String(kind.version)],
            ]}
          />
          <JsonView label="Example, as it is sent" value={kind.example} />
          <CodeBlock label="JSON Schema of data" code={JSON.stringify(kind.data_schema, null, 2)} wrap />
        </div>
      )}
    </Loaded>
  );
}
