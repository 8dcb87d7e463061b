import { RotateCcw } from "lucide-react";
import type { Schema } from "@/api/client";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, CopyButton, Drawer, Duration, Facts, JsonView, Loaded, Notice, Prose, RelativeTime, Section, SimulatedBadge, TextLink, toast, toastError } from "@/kit";
import { moment } from "@/lib/format";
import { Standing } from "./Deliveries";
import { nameOf, reasonOf } from "./words";

type Detail = Schema<"DeliveryDetailAnswer">;
type Attempt = Schema<"AttemptAnswer">;
const LOOK_AGAIN_MS = 1_500;

/** One delivery: what was sent, what came back, and what happens next. */
export function DeliveryDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const found = useRead("/v1/webhooks/deliveries/{delivery_id}", { path: { delivery_id: id } }, { enabled: id !== "", refetchInterval: LOOK_AGAIN_MS });
  const delivery = found.data?.id === id ? found.data : undefined;
  return (
    <Drawer
      open={id !== ""}
      onOpenChange={(open) => !open && onClose()}
      title={<span className="font-mono">{delivery?.event_type ?? "Delivery"}</span>}
      description={delivery ? <>Made <RelativeTime at={delivery.created_at} /></> : null}
      actions={
        delivery ? (
          <>
            <Replay delivery={delivery} />
            <Dismiss delivery={delivery} />
          </>
        ) : null
      }
    >
      <Loaded of={{ ...found, data: delivery }}>{(one) => <Content delivery={one} />}</Loaded>
    </Drawer>
  );
}

function Replay({ delivery }: { delivery: Detail }) {
  const may = useMay();
  const replay = useChange("post", "/v1/webhooks/deliveries/{delivery_id}/replay", { invalidates: ["/v1/webhooks"] });
  const send = () => replay.mutate({ path: { delivery_id: delivery.id } }, { onSuccess: () => toast("It is sent again, with the same webhook-id"), onError: toastError });
  const waits = delivery.status === "pending" && delivery.attempts === 0;
  return (
    <Button icon={<RotateCcw size={14} aria-hidden />} onClick={send} busy={replay.isPending} disabled={!may.edit || waits} why={may.edit ? "It was not sent yet." : needs("editor")}>
      Replay
    </Button>
  );
}

/** Of a dead letter alone. It can still be sent again, so nothing is asked first. */
function Dismiss({ delivery }: { delivery: Detail }) {
  const may = useMay();
  const dismiss = useChange("post", "/v1/webhooks/deliveries/{delivery_id}/dismiss", { invalidates: ["/v1/webhooks"] });
  if (delivery.status !== "exhausted") return null;
  const give = () => dismiss.mutate({ path: { delivery_id: delivery.id } }, { onSuccess: () => toast("It is no dead letter any more"), onError: toastError });
  return (
    <Button onClick={give} busy={dismiss.isPending} disabled={!may.edit} why={needs("editor")}>
      Dismiss
    </Button>
  );
}

function Content({ delivery }: { delivery: Detail }) {
  const endpoint = useRead("/v1/webhooks/endpoints/{endpoint_id}", { path: { endpoint_id: delivery.endpoint_id } });
  const last = delivery.attempt_log.at(-1);
  const sent = last?.request_headers;
  const isSimulated = (delivery.body as { simulated?: boolean }).simulated === true;
  return (
    <div className="flex flex-col gap-6">
      <Facts
        facts={[
          ["Status", <Standing key="status" delivery={delivery} />],
          delivery.next_attempt_at !== null && ["Next try", <RelativeTime key="next" at={delivery.next_attempt_at} />],
          delivery.settled_at !== null && ["Ended", moment(delivery.settled_at, { seconds: true })],
          ["Endpoint", endpoint.data ? <TextLink key="endpoint" to={`/webhooks/${delivery.endpoint_id}`}>{nameOf(endpoint.data)}</TextLink> : "deleted"],
          ["webhook-id", <Id key="id" id={delivery.id} />],
          ["Event", <Id key="event" id={delivery.event_id} />],
          delivery.object_id !== null && ["Object", <Id key="object" id={delivery.object_id} />],
        ]}
      />
      <Section title="Attempts">
        {delivery.attempt_log.length === 0 ? (
          <p className="text-13 text-muted">{delivery.status === "cancelled" ? "None was made." : "None yet."}</p>
        ) : (
          <ol aria-label="Attempts" className="flex flex-col gap-3">
            {delivery.attempt_log.toReversed().map((one) => (
              <Tried key={`${one.number} ${one.started_at}`} attempt={one} />
            ))}
          </ol>
        )}
      </Section>
      <Section title="Request" actions={isSimulated ? <SimulatedBadge /> : null}>
        <p className="font-mono text-12 wrap-anywhere">POST {last?.url ?? endpoint.data?.url ?? ""}</p>
        {sent ? (
          <Headers headers={sent} />
        ) : (
        <Facts
          facts={[
            ["content-type", <code key="type" className="text-12">application/json</code>],
            ["webhook-signature", <span key="signed" className="text-12 text-muted">made anew for each attempt</span>],
            ...Object.entries(endpoint.data?.headers ?? {}).map(([name, value]) => [name, value === null ? <span key={name} className="text-12 text-muted">not shown</span> : <code key={name} className="text-12">{value}</code>] as const),
          ]}
        />
        )}
        <JsonView label="Body" value={delivery.body} />
      </Section>
    </div>
  );
}

function Tried({ attempt }: { attempt: Attempt }) {
  const may = useMay();
  const good = attempt.error_class === null;
  return (
    <li className="rounded-m border border-line">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 text-13">
        <span className="font-medium">{attempt.number}.</span>
        <Badge tone={good ? "ok" : "bad"}>{attempt.status_code ?? "no answer"}</Badge>
        {good || attempt.error_class === "http_status" ? null : <span>{reasonOf(attempt.error_class ?? "")}</span>}
        <span className="ml-auto inline-flex gap-3 text-12 text-muted">
          <Duration ms={attempt.duration_ms} />
          <span className="numeric">{moment(attempt.started_at, { seconds: true })}</span>
        </span>
      </div>
      {attempt.response_headers ? (
        <details className="border-t border-line px-3 py-2 text-13">
          <summary className="cursor-pointer text-muted">Headers of the answer</summary>
          <Headers headers={attempt.response_headers} />
        </details>
      ) : null}
      {attempt.response_snippet ? (
        <div className="max-h-48 overflow-auto border-t border-line bg-sunken px-3 py-2">
          <Prose text={attempt.response_snippet} mono />
        </div>
      ) : may.edit || attempt.status_code === null ? null : (
        <div className="border-t border-line px-3 py-2">
          <Notice>Only editors and admins see what receivers answer.</Notice>
        </div>
      )}
    </li>
  );
}

/** As the log keeps them: the value of a secret is not among them. */
function Headers({ headers }: { headers: Record<string, string | null> }) {
  return <Facts facts={Object.entries(headers).map(([name, value]) => [name, value === null ? <span key={name} className="text-12 text-muted">not shown</span> : <code key={name} className="text-12 wrap-anywhere">{value}</code>] as const)} />;
}

function Id({ id }: { id: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="text-12 break-all">{id}</code>
      <CopyButton text={id} label="Copy the id" className="-my-1" />
    </span>
  );
}
