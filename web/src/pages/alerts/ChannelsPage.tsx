import { Megaphone, Plus } from "lucide-react";
import { useState } from "react";
import { useChange, useOpened, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, ConfirmDialog, EmptyState, Menu, PagedTable, RelativeTime, Switch, toast, toastError } from "@/kit";
import { plural } from "@/lib/format";
import { over, text, useUrlState } from "@/lib/url-state";
import { EditChannel } from "./EditChannel";
import { Head } from "./Head";
import { CHANNEL_WORDS, type Channel, type Filters, filtersInWords } from "./channel";

/** `edit`: "" nothing, "new", or the id of a channel. */
const shape = { edit: over(text()) };
const INVALIDATES = { invalidates: ["/v1/alert-channels"] };
const WAITING_MS = 1_500;

export default function ChannelsPage() {
  const [{ edit }, set] = useUrlState(shape);
  const may = useMay();
  const [deleting, setDeleting] = useState<Channel | null>(null);
  const [tried, setTried] = useState<ReadonlySet<string>>(new Set());
  const pages = usePages("/v1/alert-channels", {}, { enabled: may.admin, refetchInterval: tried.size > 0 ? WAITING_MS : false });
  const remove = useChange("delete", "/v1/alert-channels/{channel_id}", INVALIDATES);
  const change = useChange("patch", "/v1/alert-channels/{channel_id}", INVALIDATES);
  const test = useChange("post", "/v1/alert-channels/{channel_id}/test", INVALIDATES);
  const one = edit === "new" ? "" : edit;
  const known = useOpened(one, pages.rows, "/v1/alert-channels/{channel_id}", { path: { channel_id: one } }, { enabled: may.admin && !pages.isPending });
  const opened = edit === "new" ? null : known;

  const add = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ edit: "new" })} disabled={!may.admin} why={needs("admin")}>
      New channel
    </Button>
  );
  const attempt = (row: Channel) =>
    test.mutate(
      { path: { channel_id: row.id } },
      {
        onSuccess: () => {
          setTried((was) => new Set(was).add(row.id));
          toast(`A test is on its way to ${row.name}`);
          setTimeout(() => setTried((was) => new Set([...was].filter((id) => id !== row.id))), 20_000);
        },
        onError: toastError,
      },
    );
  const columns: Column<Channel>[] = [
    {
      key: "name",
      head: "Channel",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="font-medium wrap-anywhere">{row.name}</span>
          <span className="block text-12 text-muted wrap-anywhere">
            {CHANNEL_WORDS[row.kind]}
            {row.kind === "email" ? ` to ${plural(row.recipients?.length ?? 0, "person", "people")}` : row.address ? ` · ${row.address}` : null}
          </span>
        </span>
      ),
    },
    { key: "filters", head: "Told of", width: "w-56", hideBelow: "lg", cell: (row) => <span className="text-12 text-muted">{filtersInWords(row.filters as Filters)}</span> },
    { key: "last", head: "Last notice", width: "w-48", hideBelow: "sm", cell: (row) => <LastNotice channel={row} isTried={tried.has(row.id)} /> },
    { key: "on", head: "On", width: "w-16", cell: (row) => <span className="flex"><Switch hideLabel label={`${row.name} is told`} checked={row.enabled} onChange={(enabled) => change.mutate({ path: { channel_id: row.id }, body: { enabled } }, { onError: toastError })} /></span> },
    {
      key: "act",
      head: <span className="sr-only">Act</span>,
      align: "end",
      width: "w-28",
      cell: (row) => (
        <span className="inline-flex items-center gap-1">
          <Button size="s" onClick={() => attempt(row)} busy={test.isPending && test.variables?.path.channel_id === row.id}>
            Test
          </Button>
          <Menu
            label={`What to do with ${row.name}`}
            items={[
              { label: "Change", onSelect: () => set({ edit: row.id }) },
              { label: "Delete", danger: true, onSelect: () => setDeleting(row) },
            ]}
          />
        </span>
      ),
    },
  ];
  return (
    <Head title="Channels" subtitle="Where people are told of alerts, rollouts, experiments that were decided, digests and webhooks that were switched off." actions={add}>
      {may.admin ? (
        <PagedTable
          label="Channels"
          columns={columns}
          pages={pages}
          rowKey={(row) => row.id}
          empty={
            <EmptyState icon={<Megaphone size={18} />} title="Nobody is told yet" action={add} code={ADD}>
              Alerts wait here until somebody looks. A channel tells people by e-mail, Slack, Teams or PagerDuty.
            </EmptyState>
          }
        />
      ) : (
        <EmptyState icon={<Megaphone size={18} />} title="Channels are for admins" action={add}>
          They hold addresses and keys of other services.
        </EmptyState>
      )}
      {opened === undefined ? null : <EditChannel key={edit} channel={opened} onClose={() => set({ edit: "" })} />}
      <ConfirmDialog
        open={deleting !== null}
        onOpenChange={(open) => !open && (remove.reset(), setDeleting(null))}
        title={`Delete ${deleting?.name ?? ""}?`}
        submit="Delete"
        busy={remove.isPending}
        error={remove.error}
        onSubmit={() =>
          deleting &&
          remove.mutate(
            { path: { channel_id: deleting.id } },
            {
              onSuccess: () => {
                toast(`${deleting.name} is deleted`);
                setDeleting(null);
              },
            },
          )
        }
      >
        Nothing more is sent there{deleting?.waiting ? `, also not ${plural(deleting.waiting, "notice")} that ${deleting.waiting === 1 ? "waits" : "wait"}` : ""}. Its address is forgotten.
      </ConfirmDialog>
    </Head>
  );
}

function LastNotice({ channel, isTried }: { channel: Channel; isTried: boolean }) {
  const { last_notice: last, waiting } = channel;
  return (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5" role={isTried ? "status" : undefined}>
      {last ? (
        <>
          <Badge tone={last.status === "sent" && !last.error ? "ok" : last.status === "sent" || last.status === "retrying" ? "warn" : "bad"}>{last.status}</Badge>
          <RelativeTime at={last.at} className="text-12 text-muted" />
          {last.error ? <span className="block w-full truncate text-12 text-muted" title={last.detail ?? last.error ?? undefined}>{last.detail ?? last.error}</span> : null}
        </>
      ) : waiting === 0 ? (
        <span className="text-muted">none yet</span>
      ) : null}
      {waiting > 0 ? <Badge tone="warn">{`${waiting} waiting`}</Badge> : null}
    </span>
  );
}

const ADD = `curl $URL/v1/alert-channels -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"kind": "email", "name": "Owners", "recipients": ["ann@example.com"]}'`;
