import { RotateCcw } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, Drawer, EmptyState, Facts, Field, FormDialog, Input, Loaded, Notice, Page, RelativeTime, SkeletonTable, StatusBadge, Table, errorFor, toast } from "@/kit";
import { count, decimal, moment, plural } from "@/lib/format";
import { over, text, useUrlState } from "@/lib/url-state";
import { useNow } from "@/lib/use-now";
import { dayOf, daysOf, spanOf } from "./recount";
import { DAY_MS } from "./time";

type Recount = Schema<"RecountAnswer">;
const shape = { recount: over(text()) };
const LOOK_MS = 2_000;

/** Whether the figures of analytics are what the raw rows say: counted again, and what differed. */
export default function RecountsPage() {
  const may = useMay();
  const [{ recount }, set] = useUrlState(shape);
  const [asking, setAsking] = useState(false);
  const [waiting, setWaiting] = useState(true);
  const found = useRead("/v1/analytics/recount", {}, { refetchInterval: waiting ? LOOK_MS : false });
  const rows = found.data?.data ?? [];
  const isWaiting = rows.some((one) => one.status === "pending");
  if (found.data && waiting !== isWaiting) setWaiting(isWaiting);
  const opened = rows.find((one) => one.id === recount);
  const button = (
    <Button variant="primary" icon={<RotateCcw size={14} aria-hidden />} onClick={() => setAsking(true)} disabled={!may.admin} why={needs("admin")}>
      Count again
    </Button>
  );
  return (
    <Page title="Recounts" back={{ to: "/analytics", label: "Analytics" }} subtitle="Figures are kept as runs come in. Counting them again from the runs themselves says whether any differs; it changes none." actions={button}>
      <Loaded of={found} skeleton={<SkeletonTable columns={4} />}>
        {() =>
          rows.length === 0 ? (
            <EmptyState icon={<RotateCcw size={18} />} title="Nothing was counted again yet" action={button} code={'curl -X POST $URL/v1/analytics/recount -H "Authorization: Bearer $KEY" -H \'Content-Type: application/json\' -d \'{}\''}>
              Each night the newest days are; an admin may ask for others.
            </EmptyState>
          ) : (
            <Table label="Recounts" columns={COLUMNS} rows={rows} rowKey={(row) => row.id} onOpen={(row) => set({ recount: row.id }, { push: true })} selected={recount || null} />
          )
        }
      </Loaded>
      <Drawer open={Boolean(opened)} onOpenChange={(open) => (open ? undefined : set({ recount: "" }))} title="Recount" description={opened ? `${daysOf(opened)}, in UTC.` : undefined}>
        {opened ? <Details of={opened} /> : null}
      </Drawer>
      {asking ? <Ask onClose={() => setAsking(false)} /> : null}
    </Page>
  );
}

const COLUMNS: Column<Recount>[] = [
  { key: "span", head: "Days, UTC", cell: (row) => daysOf(row) },
  { key: "result", head: "Result", cell: (row) => <Result of={row} /> },
  { key: "by", head: "Asked by", hideBelow: "md", cell: (row) => (row.requested_by === "nightly" ? "every night" : "an admin") },
  { key: "at", head: "When", align: "end", width: "w-32", cell: (row) => <RelativeTime at={row.requested_at} className="text-muted" /> },
];

function Result({ of }: { of: Recount }) {
  if (of.status !== "completed") return <StatusBadge status={of.status} />;
  return of.difference_count === 0 ? <Badge tone="ok">all the same</Badge> : <Badge tone="bad">{plural(of.difference_count, "difference")}</Badge>;
}

function Details({ of }: { of: Recount }) {
  return (
    <div className="flex flex-col gap-5">
      <Facts
        facts={[
          ["Result", <Result key="r" of={of} />],
          ["Asked", moment(of.requested_at)],
          of.finished_at ? ["Done", moment(of.finished_at)] : null,
          of.counted_from ? ["Counted from", `${moment(of.counted_from)}: what is older is forgotten`] : null,
          ["Not counted yet", plural(of.uncounted, "run")],
        ]}
      />
      {of.status === "failed" ? <Notice tone="bad">It broke three times. Ask for fewer days.</Notice> : null}
      {of.differences.length > 0 ? (
        <Table
          label="Differences"
          rows={of.differences}
          rowKey={(row) => `${row.figure} ${row.grain ?? ""} ${row.bucket ?? ""}`}
          columns={[
            { key: "figure", head: "Figure", cell: (row) => <span className="block"><span className="block">{row.figure.replaceAll("_", " ")}</span><span className="block text-12 text-muted">{row.bucket ? moment(row.bucket) : ""}{row.grain ? `, by ${row.grain}` : ""}</span></span> },
            { key: "rollup", head: "Kept", align: "end", cell: (row) => decimal(row.rollup) },
            { key: "recounted", head: "Counted", align: "end", cell: (row) => decimal(row.recounted) },
          ]}
        />
      ) : null}
      {of.difference_count > of.differences.length ? <p className="text-12 text-muted">and {count(of.difference_count - of.differences.length)} more.</p> : null}
    </div>
  );
}

function Ask({ onClose }: { onClose: () => void }) {
  const now = useNow(60_000);
  const [from, setFrom] = useState(() => dayOf(now - 7 * DAY_MS));
  const [to, setTo] = useState(() => dayOf(now));
  const ask = useChange("post", "/v1/analytics/recount", { invalidates: ["/v1/analytics/recount"] });
  const submit = () =>
    ask.mutate({ body: spanOf(from, to, now) } as never, {
      onSuccess: () => {
        onClose();
        toast("It begins within seconds");
      },
    });
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title="Count again" description="From the runs themselves. No figure changes: what differs is told here, and stands in the audit log." submit="Count" busy={ask.isPending} error={ask.error} disabled={!from || !to || from > to} onSubmit={submit}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="From, UTC" error={errorFor(ask.error, "from")}>
          <Input type="date" autoFocus value={from} max={to} onChange={(event) => setFrom(event.target.value)} />
        </Field>
        <Field label="To, UTC" hint="With this day; today: until now." error={errorFor(ask.error, "to")}>
          <Input type="date" value={to} max={dayOf(now)} onChange={(event) => setTo(event.target.value)} />
        </Field>
      </div>
    </FormDialog>
  );
}
