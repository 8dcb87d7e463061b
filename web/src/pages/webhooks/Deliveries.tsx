import { Send } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { usePages, useRead } from "@/api/hooks";
import { Badge, Breaking, Button, type Column, Combobox, EmptyState, FilterBar, PagedTable, RelativeTime, Select, SearchInput } from "@/kit";
import { count, shortId } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { maybeOneOf, over, text, useUrlState } from "@/lib/url-state";
import { DeliveryDrawer } from "./DeliveryDrawer";
import type { Endpoint } from "./draft";
import { type Delivery, STATUSES, nameOf, reasonOf, standingOf, waitsFor } from "./words";

const HOUR_MS = 3_600_000;
const TIMES = [
  { value: "1h", label: "Last hour", ms: HOUR_MS },
  { value: "24h", label: "Last day", ms: 24 * HOUR_MS },
  { value: "7d", label: "Last 7 days", ms: 168 * HOUR_MS },
] as const;
const LOOK_AGAIN_MS = 3_000;
const CALM_MS = 5_000;
/** How often "the last hour" moves on. */
const STEP_MS = 5 * 60_000;

const shape = { endpoint: text(), status: maybeOneOf(["pending", "delivered", "exhausted", "cancelled"]), type: text(), find: text(), since: maybeOneOf(["1h", "24h", "7d"]), delivery: over(text()) };

/** The delivery log: of one endpoint, or of all. */
export function Deliveries({ of }: { of?: Endpoint }) {
  const [{ endpoint, status, type, find, since, delivery }, set] = useUrlState(shape);
  const [moving, setMoving] = useState(false);
  const now = useNow(STEP_MS);
  const from = fromOf(since, now);
  const isEvent = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(find.trim());
  const query = { endpoint_id: of?.id ?? (endpoint || undefined), status, event_type: (type || undefined) as never, from };
  const byEvent = usePages("/v1/webhooks/deliveries", { query: { ...query, event_id: find.trim() } }, { enabled: isEvent, refetchInterval: moving ? LOOK_AGAIN_MS : CALM_MS });
  // What is looked for may be an event or the object that events are about: both are ids.
  const none = isEvent && !byEvent.isPending && byEvent.rows.length === 0;
  const byObject = usePages("/v1/webhooks/deliveries", { query: { ...query, object_id: find.trim() } }, { enabled: !isEvent || none, refetchInterval: moving ? LOOK_AGAIN_MS : CALM_MS });
  const pages = isEvent && !none ? byEvent : byObject;
  useEffect(() => setMoving(pages.rows.some((one) => one.status === "pending")), [pages.rows]);

  const kinds = useRead("/v1/webhooks/events", undefined, { staleTime: Number.POSITIVE_INFINITY });
  const all = useRead("/v1/webhooks/endpoints", { query: { limit: 100 } }, { enabled: !of });
  const endpoints = useMemo(() => new Map((of ? [of] : (all.data?.data ?? [])).map((one) => [one.id, one])), [of, all.data]);
  const columns = useMemo(() => columnsWith(endpoints, of === undefined), [of, endpoints]);
  const isFiltered = Boolean(status || type || find || since || (endpoint && !of));
  return (
    <div className="flex flex-col gap-4">
      <FilterBar
        holding={[endpoint && !of, type, status, since].filter(Boolean).length}
        search={<SearchInput label="Find by event or object" placeholder="Id of an event or object" value={find} onChange={(next) => set({ find: next })} className="w-full sm:w-60" />}
        filters={
          <>
            {of ? null : <Combobox label="Endpoint" value={endpoint || null} clear="All endpoints" choices={[...endpoints].map(([value, one]) => ({ value, label: nameOf(one) }))} onChange={(next) => set({ endpoint: next ?? "" })} />}
            <Combobox label="Event" value={type || null} clear="All events" choices={(kinds.data?.data ?? []).map((one) => ({ value: one.type, label: one.type }))} onChange={(next) => set({ type: next ?? "" })} />
            <Select compact aria-label="Status" empty="Any status" value={status} onChange={(next) => set({ status: next || null })} options={STATUSES} />
            <Select compact aria-label="Time" empty="Any time" value={since} onChange={(next) => set({ since: next || null })} options={TIMES} />
          </>
        }
      />
      <PagedTable
        label="Deliveries"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={(row) => set({ delivery: row.id }, { push: true })}
        selected={delivery || null}
        empty={
          isFiltered ? (
            <EmptyState title={status === "exhausted" ? "No dead letters" : "No delivery matches"} action={<Button onClick={() => set({ status: null, type: "", find: "", since: null, endpoint: "" })}>Show all</Button>} />
          ) : (
            <EmptyState icon={<Send size={18} />} title="Nothing was sent yet" code={`curl "$URL/v1/webhooks/deliveries?status=exhausted" -H "Authorization: Bearer $KEY"`}>
              Each event that goes to {of ? "this endpoint" : "an endpoint"} stands here, with its attempts. A test is sent at once.
            </EmptyState>
          )
        }
      />
      <DeliveryDrawer id={delivery} onClose={() => set({ delivery: "" })} />
    </div>
  );
}

/** Rounded to the minute, so that what is asked for does not change with each look. */
export function fromOf(since: string | null, now = Date.now()): string | undefined {
  const ms = TIMES.find((one) => one.value === since)?.ms;
  return ms === undefined ? undefined : new Date(Math.floor((now - ms) / 60_000) * 60_000).toISOString();
}

function columnsWith(endpoints: ReadonlyMap<string, Endpoint>, areMany: boolean): Column<Delivery>[] {
  return [
    {
      key: "event",
      head: "Event",
      cell: (row) => (
        <span className="block min-w-0">
          <Breaking text={row.event_type} className="font-mono text-13 font-medium" />
          {row.object_id ? (
            <span title={row.object_id} className="block font-mono text-12 text-muted">
              {shortId(row.object_id)}
            </span>
          ) : null}
        </span>
      ),
    },
    ...(areMany ? [{ key: "endpoint", head: "Endpoint", hideBelow: "md", cell: (row) => <span className="wrap-anywhere">{whose(endpoints.get(row.endpoint_id))}</span> } satisfies Column<Delivery>] : []),
    { key: "status", head: "Status", width: "sm:w-56", cell: (row) => <ListedStanding delivery={row} /> },
    { key: "attempts", head: "Attempts", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => count(row.attempts) },
    { key: "next", head: "Next try", align: "end", width: "w-28", hideBelow: "md", cell: (row) => (row.next_attempt_at ? <RelativeTime at={row.next_attempt_at} /> : <span className="text-muted">–</span>) },
    { key: "made", head: "Made", align: "end", width: "sm:w-28", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
  ];
}

const whose = (endpoint: Endpoint | undefined) => (endpoint ? nameOf(endpoint) : "deleted");

/** With the next try, where the window is too narrow for its column. */
function ListedStanding({ delivery }: { delivery: Delivery }) {
  return (
    <>
      <Standing delivery={delivery} />
      {delivery.next_attempt_at ? (
        <span className="block text-12 text-muted md:hidden">
          next try <RelativeTime at={delivery.next_attempt_at} />
        </span>
      ) : null}
    </>
  );
}

export function Standing({ delivery }: { delivery: Delivery }) {
  const { word, tone } = standingOf(delivery);
  const waiting = waitsFor(delivery);
  const why = waiting ?? (delivery.reason ? reasonOf(delivery.reason) : null);
  return (
    <span className="block min-w-0">
      <Badge tone={tone}>{word}</Badge>
      {why ? <span className="block text-12 text-pretty text-muted">{why}</span> : null}
    </span>
  );
}
