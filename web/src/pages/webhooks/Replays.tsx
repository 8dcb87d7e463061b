import { RotateCcw } from "lucide-react";
import { useEffect, useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, EmptyState, PagedTable, RelativeTime, toast, toastError } from "@/kit";
import { Progress } from "@/kit/Progress";
import { moment, plural } from "@/lib/format";
import type { Endpoint } from "./draft";

type Range = Schema<"RangeAnswer">;
const LOOK_AGAIN_MS = 1_000;

/** Replays of ranges, and how far they are. */
export function Replays({ endpoint, onBegin }: { endpoint: Endpoint; onBegin: () => void }) {
  const may = useMay();
  const [moving, setMoving] = useState(false);
  const pages = usePages("/v1/webhooks/replays", { query: { endpoint_id: endpoint.id } }, { refetchInterval: moving ? LOOK_AGAIN_MS : false });
  useEffect(() => setMoving(pages.rows.some(goesOn)), [pages.rows]);
  return (
    <PagedTable
      label="Replays"
      columns={COLUMNS}
      pages={pages}
      rowKey={(row) => row.id}
      empty={
        <EmptyState
          icon={<RotateCcw size={18} />}
          title="Nothing was replayed yet"
          action={
            <Button onClick={onBegin} disabled={!may.edit || endpoint.status === "disabled"} why={may.edit ? "Enable the endpoint first." : needs("editor")}>
              Replay a range
            </Button>
          }
        >
          A replay sends a stretch of time again, slowly, behind what happens now. Each message keeps its webhook-id.
        </EmptyState>
      }
    />
  );
}

function goesOn(range: Range): boolean {
  return range.status === "running" || range.pending > 0;
}

const COLUMNS: Column<Range>[] = [
  {
    key: "range",
    head: "Range",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="numeric block">{row.kind === "catch_up" ? "What was missed while it was off" : `${moment(row.from)} to ${moment(row.to)}`}</span>
        <span className="block text-12 text-muted">
          {row.kind === "catch_up" ? `until ${moment(row.to)}` : row.statuses.map((one) => (one === "exhausted" ? "dead letters" : one)).join(", ")}
          {row.event_types.length > 0 ? ` · ${row.event_types.join(", ")}` : ""}
        </span>
      </span>
    ),
  },
  { key: "progress", head: "Sent again", width: "w-48", cell: (row) => <HowFar range={row} /> },
  { key: "status", head: "Status", width: "w-28", hideBelow: "sm", cell: (row) => <Status range={row} /> },
  { key: "asked", head: "Asked", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <RelativeTime at={row.requested_at} className="text-muted" /> },
  { key: "acts", head: <span className="sr-only">Acts</span>, align: "end", width: "w-20", cell: (row) => (row.status === "running" ? <Cancel range={row} /> : null) },
];

function HowFar({ range }: { range: Range }) {
  const ended = range.restarted - range.pending;
  const words = range.matched === 0 ? "none matched" : `${ended} of ${plural(range.matched, "delivery", "deliveries")} ended`;
  return range.matched === 0 ? <span className="text-12 text-muted">{words}</span> : <Progress label="Sent again" done={ended} total={range.matched} words={words} />;
}

function Status({ range }: { range: Range }) {
  if (range.status === "running") return <Badge tone="accent">{range.cancel_requested ? "stopping" : "running"}</Badge>;
  if (range.status === "done") return <Badge tone={range.pending > 0 ? "accent" : "ok"}>{range.pending > 0 ? "sending" : "done"}</Badge>;
  return <Badge tone={range.status === "cancelled" ? "neutral" : "warn"}>{range.status === "cancelled" ? "cancelled" : "endpoint off"}</Badge>;
}

function Cancel({ range }: { range: Range }) {
  const may = useMay();
  const cancel = useChange("post", "/v1/webhooks/replays/{replay_id}/cancel", { invalidates: ["/v1/webhooks/replays"] });
  // As a promise: this button goes when the replay is read again as stopped.
  const stop = () => void cancel.mutateAsync({ path: { replay_id: range.id } }).then(() => toast("The replay stops; what was sent again stays so"), toastError);
  return (
    <Button size="s" busy={cancel.isPending} disabled={!may.edit || range.cancel_requested} why={may.edit ? "It is stopping." : needs("editor")} onClick={stop}>
      Cancel
    </Button>
  );
}
