import { BellOff } from "lucide-react";
import type { Schema } from "@/api/client";
import { change, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, type Column, EmptyState, Loaded, RelativeTime, SkeletonTable, Table, toast, toastError, useUndo } from "@/kit";
import { flag, over, useUrlState } from "@/lib/url-state";
import { useNow } from "@/lib/use-now";
import { Head } from "./Head";
import { MuteDialog } from "./MuteDialog";
import { KIND_WORDS } from "./words";

type Mute = Schema<"MuteAnswer">;
const shape = { new: over(flag()) };
const DAY_MS = 24 * 60 * 60 * 1_000;
const INVALIDATES = { invalidates: ["/v1/alert-mutes", "/v1/alerts"] };

export default function MutesPage() {
  const [{ new: adding }, set] = useUrlState(shape);
  const may = useMay();
  const now = useNow(60_000);
  const found = useRead("/v1/alert-mutes");
  const end = useChange("delete", "/v1/alert-mutes", INVALIDATES);
  const undo = useUndo(INVALIDATES.invalidates);
  const add = (
    <Button variant="primary" icon={<BellOff size={14} aria-hidden />} onClick={() => set({ new: true })} disabled={!may.edit} why={needs("editor")}>
      Mute alerts
    </Button>
  );
  const finish = ({ kind, prompt, until, reason }: Mute) =>
    end.mutate({ query: { kind, prompt } }, { onSuccess: () => toast("Such alerts are told again", undo(() => change("put", "/v1/alert-mutes", { body: { kind, prompt, until, reason } }), "Such alerts are muted again")), onError: toastError });
  const columns: Column<Mute>[] = [
    {
      key: "what",
      head: "What",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="font-medium">{row.kind ? KIND_WORDS[row.kind] : "Every kind"}</span>
          {row.prompt ? <span className="ml-2 font-mono text-12 wrap-anywhere">{row.prompt}</span> : null}
          {row.reason ? <span className="block text-12 text-muted wrap-anywhere">{row.reason}</span> : null}
        </span>
      ),
    },
    { key: "since", head: "Since", align: "end", width: "w-32", hideBelow: "sm", cell: (row) => <RelativeTime at={row.muted_at} className="text-muted" /> },
    { key: "until", head: "Ends", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.until} /> },
    {
      key: "end",
      head: <span className="sr-only">Act</span>,
      align: "end",
      width: "w-24",
      cell: (row) => (
        <Button size="s" busy={end.isPending && end.variables.query?.kind === row.kind && end.variables.query?.prompt === row.prompt} onClick={() => finish(row)} disabled={!may.edit} why={needs("editor")}>
          End it
        </Button>
      ),
    },
  ];
  return (
    <Head title="Mutes" subtitle="For a load test or a known trouble: alerts are kept, and nobody is told." actions={add}>
      <Loaded of={found} skeleton={<SkeletonTable columns={4} />}>
        {({ data }) =>
          data.length === 0 ? (
            <EmptyState icon={<BellOff size={18} />} title="Nothing is muted" action={add} code={muteCall(now)}>
              Every alert is told to your channels.
            </EmptyState>
          ) : (
            <Table label="Mutes" columns={columns} rows={data} rowKey={(row) => `${row.kind ?? ""} ${row.prompt ?? ""}`} />
          )
        }
      </Loaded>
      <MuteDialog open={adding} onOpenChange={(open) => set({ new: open })} />
    </Head>
  );
}

/** Until tomorrow at this time: one that is over mutes nothing, and is refused. */
const muteCall = (now: number) => `curl -X PUT $URL/v1/alert-mutes -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"kind": "usage", "until": "${new Date(now + DAY_MS).toISOString().slice(0, 16)}:00Z", "reason": "load test"}'`;
