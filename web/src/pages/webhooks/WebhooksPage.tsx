import { Plus, Webhook } from "lucide-react";
import { useMemo } from "react";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, EmptyState, Page, PagedTable, Percent, RelativeTime, Tabs } from "@/kit";
import { plural } from "@/lib/format";
import { flag, oneOf, over, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { MoreDead, deadByEndpoint, useDeadLetters } from "./DeadLetters";
import { Deliveries } from "./Deliveries";
import { EventsTab } from "./EventsTab";
import { Inbound } from "./Inbound";
import { NewEndpoint } from "./NewEndpoint";
import { NewInbound } from "./NewInbound";
import type { Endpoint } from "./draft";
import { lastFailed, nameOf, shareOf, stateOfEndpoint } from "./words";

const shape = { tab: oneOf(["endpoints", "deliveries", "events", "inbound"], "endpoints"), new: over(flag()) };
const LOOK_AGAIN_MS = 10_000;

const CREATE = `curl $URL/v1/webhooks/endpoints -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"url": "https://hooks.example.com/burnish", "events": ["alert.*", "suggestion.created"]}'`;

export default function WebhooksPage() {
  const [{ tab, new: creating }, set] = useUrlState(shape);
  const may = useMay();
  const pages = usePages("/v1/webhooks/endpoints", undefined, { refetchInterval: LOOK_AGAIN_MS });
  const dead = useDeadLetters().data;
  const columns = useMemo(() => columnsWith(dead ? deadByEndpoint(dead) : new Map()), [dead]);
  useCommands(useMemo(() => (may.admin ? [{ id: "new-endpoint", label: "New webhook endpoint", keys: "n", run: () => set({ new: true }) }] : []), [may.admin, set]));
  useHotkey("n", () => set({ new: true }), may.admin);
  const isInbound = tab === "inbound";
  const button = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.admin} why={needs("admin")}>
      {isInbound ? "New inbound endpoint" : "New endpoint"}
    </Button>
  );
  const list = (
    <>
      {dead?.next_cursor ? <MoreDead /> : null}
      <PagedTable
        label="Endpoints"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        rowLink={(row) => ({ to: `/webhooks/${row.id}` })}
        empty={
          <EmptyState icon={<Webhook size={18} />} title="No endpoints yet" action={button} code={CREATE}>
            An endpoint is an address of yours that hears of alerts, suggestions and whatever else you choose, signed, until it has arrived.
          </EmptyState>
        }
      />
    </>
  );
  return (
    <Page title="Webhooks" subtitle="Your systems hear what happens by signed HTTP requests, and others send feedback the same way." actions={button}>
      <Tabs
        label="Webhooks"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        className="-mt-2"
        tabs={[
          { id: "endpoints", label: "Endpoints", content: list },
          { id: "deliveries", label: "Deliveries", content: <Deliveries /> },
          { id: "events", label: "Events", content: <EventsTab /> },
          { id: "inbound", label: "Inbound", content: <Inbound action={button} /> },
        ]}
      />
      {creating && may.admin && isInbound ? <NewInbound onClose={() => set({ new: false })} /> : null}
      {creating && may.admin && !isInbound ? <NewEndpoint onOpenChange={() => set({ new: false })} /> : null}
    </Page>
  );
}

const columnsWith = (dead: ReadonlyMap<string, string>): Column<Endpoint>[] => [
  {
    key: "endpoint",
    head: "Endpoint",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="block font-medium wrap-anywhere">{nameOf(row)}</span>
        <code className="block max-w-[48ch] text-12 text-muted max-sm:wrap-anywhere sm:truncate">{row.url}</code>
      </span>
    ),
  },
  { key: "events", head: "Events", hideBelow: "md", cell: (row) => <Events endpoint={row} /> },
  { key: "status", head: "Status", width: "sm:w-32", cell: (row) => <State endpoint={row} dead={dead.get(row.id)} /> },
  {
    key: "arrived",
    head: "Arrived",
    align: "end",
    width: "sm:w-32",
    cell: (row) => (
      <span className="block">
        <Percent share={shareOf(row)} />
        <span className="block text-12 text-muted">{plural(row.delivered_count + row.failed_count, "attempt")}</span>
      </span>
    ),
  },
  { key: "last", head: "Last delivered", align: "end", hideBelow: "sm", width: "w-32", cell: (row) => (row.last_delivered_at ? <RelativeTime at={row.last_delivered_at} className="text-muted" /> : <span className="text-muted">never</span>) },
];

const SHOWN = 3;

function Events({ endpoint }: { endpoint: Endpoint }) {
  const narrowed = endpoint.condition !== "" || Object.keys(endpoint.filters).length > 0;
  const rest = endpoint.events.length - SHOWN;
  return (
    <span className="flex flex-wrap gap-1">
      {endpoint.events.slice(0, SHOWN).map((one) => (
        <Badge key={one} mono>
          {one === "*" ? "everything" : one}
        </Badge>
      ))}
      {rest > 0 ? <Badge>{rest} more</Badge> : null}
      {narrowed ? <Badge tone="accent">filtered</Badge> : null}
    </span>
  );
}

function State({ endpoint, dead }: { endpoint: Endpoint; dead: string | undefined }) {
  const { word, tone } = stateOfEndpoint(endpoint, Date.now());
  const failed = endpoint.status === "active" ? lastFailed(endpoint) : null;
  return (
    <span className="flex flex-col items-start gap-0.5">
      <Badge tone={tone}>{word}</Badge>
      {failed ? <span className="text-12 text-pretty text-muted">{failed.toLowerCase()}</span> : null}
      {dead ? <span className="text-12 text-bad">{dead}</span> : null}
    </span>
  );
}
