import { LogIn } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useChange, useOpened, usePages, useRead } from "@/api/hooks";
import { useAuthors } from "@/api/authors";
import { needs, useMay } from "@/api/session";
import { Button, CodeBlock, ConfirmDialog, Drawer, EmptyState, Facts, JsonView, Loaded, PagedTable, RelativeTime, Section, type Column, toast } from "@/kit";
import { count, moment } from "@/lib/format";
import { over, text, useUrlState } from "@/lib/url-state";
import { EditInbound } from "./EditInbound";
import { RotateInbound } from "./RotateInbound";
import { TryMessage } from "./TryMessage";
import { type Inbound as Endpoint, REASONS } from "./inbound";

const LOOK_MS = 5_000;
const shape = { inbound: over(text()) };

const CREATE = `curl $URL/v1/inbound-endpoints -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"name": "survey", "mapping": {"execution_id": "data.ticket.execution", "score": "(data.rating - 1) / 4"}}'`;

const SCHEMES: Record<Endpoint["scheme"], string> = { standard_webhooks: "Standard Webhooks", hmac_sha256: "HMAC-SHA-256" };

/** Addresses of ours to which other systems send what people thought of answers. */
export function Inbound({ action }: { action: ReactNode }) {
  const [{ inbound }, set] = useUrlState(shape);
  const may = useMay();
  const pages = usePages("/v1/inbound-endpoints", undefined, { enabled: may.admin });
  const opened = useOpened(inbound, pages.rows, "/v1/inbound-endpoints/{inbound_id}", { path: { inbound_id: inbound } }, { enabled: may.admin && !pages.isPending });
  if (!may.admin) {
    return (
      <EmptyState icon={<LogIn size={18} />} title="Admins look after the inbound endpoints">
        A survey tool, help desk or chat widget can send what people thought of answers. Ask an admin of this workspace to connect yours.
      </EmptyState>
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <p className="max-w-[72ch] text-13 text-muted">A survey tool, help desk or chat widget posts its webhooks here; each becomes feedback on the run that it names. The signature says who sends: no API key is given away.</p>
      <PagedTable
        label="Inbound endpoints"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={(row) => set({ inbound: row.id }, { push: true })}
        selected={inbound || null}
        empty={
          <EmptyState icon={<LogIn size={18} />} title="No inbound endpoints yet" action={action} code={CREATE}>
            Say how the other system signs, and where in its messages the reaction stands.
          </EmptyState>
        }
      />
      <Drawer open={Boolean(opened)} onOpenChange={(open) => (open ? undefined : set({ inbound: "" }))} title={opened?.name ?? ""} description="Inbound endpoint" actions={opened ? <Acts of={opened} onGone={() => set({ inbound: "" })} /> : null}>
        {opened ? <Details of={opened} /> : null}
      </Drawer>
    </div>
  );
}

const COLUMNS: Column<Endpoint>[] = [
  { key: "name", head: "Name", cell: (row) => <span className="font-medium wrap-anywhere">{row.name}</span> },
  { key: "scheme", head: "Signed by", hideBelow: "sm", cell: (row) => SCHEMES[row.scheme] },
  { key: "fields", head: "Takes", hideBelow: "md", cell: (row) => <span className="text-muted">{Object.keys(row.mapping).join(", ")}</span> },
  { key: "since", head: "Since", align: "end", width: "w-32", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
];

function Details({ of }: { of: Endpoint }) {
  const nameOf = useAuthors();
  return (
    <div className="flex flex-col gap-5">
      <CodeBlock wrap label="Where the other system posts" code={`${window.location.origin}${of.path}`} />
      <Facts
        facts={[
          ["Signed by", SCHEMES[of.scheme]],
          of.header ? ["Header", <code key="h">{of.header}</code>] : null,
          of.prefix ? ["Prefix", <code key="p">{of.prefix}</code>] : null,
          of.scheme === "hmac_sha256" ? ["Encoding", of.encoding] : null,
          ["Made by", nameOf(of.created_by)],
          ["Since", <RelativeTime key="s" at={of.created_at} />],
          of.updated_at ? ["Changed", <RelativeTime key="u" at={of.updated_at} />] : null,
          of.previous_secret_until && Date.parse(of.previous_secret_until) > Date.now() ? ["The old secret is good", <span key="o">until {moment(of.previous_secret_until)}</span>] : null,
        ]}
      />
      <JsonView label="Mapping" value={of.mapping} />
      <TryMessage key={of.id} inboundId={of.id} revision={of.updated_at} />
      <Refusals id={of.id} />
      <p className="text-12 text-muted">Its secret was shown once. Where it is lost, rotate it.</p>
    </div>
  );
}

/** The last messages that were refused, without what they said: the sender hears less than this. */
function Refusals({ id }: { id: string }) {
  const found = useRead("/v1/inbound-endpoints/{inbound_id}/refusals", { path: { inbound_id: id } }, { refetchInterval: LOOK_MS });
  return (
    <Section title="Refused lately">
      <Loaded of={found}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="text-13 text-muted">Nothing was refused.</p>
          ) : (
            <ol aria-label="Refused lately" className="max-h-80 divide-y divide-line overflow-y-auto rounded-m border border-line">
              {data.map((one, index) => (
                <li key={`${one.refused_at} ${index}`} className="flex flex-col gap-0.5 px-3 py-2 text-13">
                  <span className="flex flex-wrap items-center gap-x-2 text-12 text-muted">
                    <RelativeTime at={one.refused_at} />
                    {REASONS[one.reason] ?? one.reason}
                    {one.times > 1 ? <span className="numeric">{count(one.times)} times in that minute</span> : null}
                  </span>
                  <span className="wrap-anywhere">{one.message}</span>
                </li>
              ))}
            </ol>
          )
        }
      </Loaded>
    </Section>
  );
}

function Acts({ of, onGone }: { of: Endpoint; onGone: () => void }) {
  const may = useMay();
  const [act, setAct] = useState<"change" | "rotate" | null>(null);
  const off = { disabled: !may.admin, why: needs("admin") };
  return (
    <>
      <Button size="s" onClick={() => setAct("change")} {...off}>
        Change…
      </Button>
      <Button size="s" onClick={() => setAct("rotate")} {...off}>
        Rotate the secret…
      </Button>
      <Remove of={of} onGone={onGone} />
      {act === "change" ? <EditInbound of={of} onClose={() => setAct(null)} /> : null}
      {act === "rotate" ? <RotateInbound of={of} onClose={() => setAct(null)} /> : null}
    </>
  );
}

function Remove({ of, onGone }: { of: Endpoint; onGone: () => void }) {
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const remove = useChange("delete", "/v1/inbound-endpoints/{inbound_id}", { invalidates: ["/v1/inbound-endpoints"], removes: "/v1/inbound-endpoints/{inbound_id}" });
  const done = () => {
    setAsking(false);
    onGone();
    toast(`${of.name} takes nothing any more`);
  };
  return (
    <>
      <Button size="s" onClick={() => setAsking(true)} disabled={!may.admin} why={needs("admin")}>
        Delete…
      </Button>
      <ConfirmDialog open={asking} onOpenChange={setAsking} title={`Delete ${of.name}?`} submit="Delete" busy={remove.isPending} error={remove.error} onSubmit={() => remove.mutate({ path: { inbound_id: of.id } }, { onSuccess: done })}>
        Within a second nothing is taken for it any more: whoever goes on sending hears 401. Feedback that it brought stays.
      </ConfirmDialog>
    </>
  );
}
