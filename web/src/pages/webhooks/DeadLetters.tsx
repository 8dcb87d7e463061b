import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { change, invalidate, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, ConfirmDialog, Notice, RelativeTime, TextLink, toast } from "@/kit";
import { plural } from "@/lib/format";
import { ReplayRange } from "./ReplayRange";
import type { Endpoint } from "./draft";

type Page = { data: readonly Pick<Schema<"DeliveryAnswer">, "endpoint_id" | "created_at">[]; next_cursor: string | null };
const LOOK_AGAIN_MS = 10_000;
/** A page: beyond it nobody counts. */
const COUNTED = 100;

/** The newest dead letters, of one endpoint or of all. */
export function useDeadLetters(endpoint_id?: string) {
  return useRead("/v1/webhooks/deliveries", { query: { endpoint_id, status: "exhausted", limit: COUNTED } }, { enabled: endpoint_id !== "", refetchInterval: LOOK_AGAIN_MS });
}

/** "3 dead letters", by endpoint; where there are more than were read, each says only so much as is known. Pure. */
export function deadByEndpoint({ data, next_cursor }: Page): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const { endpoint_id: id } of data) counts.set(id, (counts.get(id) ?? 0) + 1);
  return new Map([...counts].map(([id, n]) => [id, plural(n, "dead letter") + (next_cursor === null ? "" : " or more")]));
}

/** Said above endpoints where not all dead letters were read: one that names none may have older ones. */
export function MoreDead() {
  return (
    <p className="mb-3 text-13 text-muted">
      There are more than {COUNTED} dead letters; only the newest {COUNTED} are counted below.{" "}
      <TextLink to="/webhooks" search={{ tab: "deliveries", status: "exhausted" }}>
        See all
      </TextLink>
    </p>
  );
}

/** What was given up for good, and the way to send it once more. Nothing while there is none. */
export function DeadLetters({ endpoint, found: { data, next_cursor }, onBegun }: { endpoint: Endpoint; found: Page; onBegun: () => void }) {
  const may = useMay();
  const [replaying, setReplaying] = useState(false);
  const [dismissing, setDismissing] = useState(false);
  const newest = data[0];
  const oldest = data.at(-1);
  if (!newest || !oldest) return null;
  const isOff = endpoint.status === "disabled";
  const areMore = next_cursor !== null;
  return (
    <>
      <Notice
        tone="bad"
        title={areMore ? `More than ${COUNTED} dead letters.` : `${plural(data.length, "dead letter")}.`}
        action={
          <span className="flex flex-wrap gap-2">
            <Button size="s" onClick={() => setReplaying(true)} disabled={!may.edit || isOff} why={may.edit ? "Enable the endpoint first." : needs("editor")}>
              Send them again…
            </Button>
            <Button size="s" onClick={() => setDismissing(true)} disabled={!may.edit} why={needs("editor")}>
              Dismiss them…
            </Button>
          </span>
        }
      >
        Every try failed, and no more are made; the newest was made <RelativeTime at={newest.created_at} />. Once the receiver answers again, send them again.{" "}
        <TextLink to="." search={{ tab: "deliveries", status: "exhausted" }}>
          See them
        </TextLink>
      </Notice>
      {replaying ? <ReplayRange endpoint={endpoint} only={{ since: areMore ? null : oldest.created_at, statuses: ["exhausted"] }} onOpenChange={setReplaying} onBegun={onBegun} /> : null}
      {dismissing ? <DismissAll endpoint={endpoint} onClose={() => setDismissing(false)} /> : null}
    </>
  );
}

/** Ten thousand at a time, until none is left of those that were dead at the first. */
function DismissAll({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const dismiss = async () => {
    setBusy(true);
    setError(null);
    try {
      let all = 0;
      let body = {};
      for (let part = -1; part !== 0; all += part) {
        const done = await change("post", "/v1/webhooks/endpoints/{endpoint_id}/dismiss", { path: { endpoint_id: endpoint.id }, body });
        part = done.dismissed;
        body = { settled_to: done.settled_to };
      }
      toast(`${plural(all, "dead letter")} dismissed`);
      onClose();
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
      await invalidate(queries, ["/v1/webhooks"]);
    }
  };
  return (
    <ConfirmDialog open onOpenChange={(open) => open || onClose()} title="Dismiss all dead letters of this endpoint?" submit="Dismiss them" busy={busy} error={error} onSubmit={() => void dismiss()}>
      They count no more, and no replay of a range sends them. Each stays in the log for 30 days, as cancelled, and can be sent again by itself.
    </ConfirmDialog>
  );
}
